"""A migration as Django's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .deed import Deed, Migration

_MIGRATION = '''"""pgmend: {title}"""

from contextlib import nullcontext

from django.db import migrations, transaction

THERE = {there}
BACK = {back}


def _there(apps, schema_editor):
    _run(schema_editor.connection, THERE)


def _back(apps, schema_editor):
    _run(schema_editor.connection, BACK)


def _run(connection, deeds):
    """Run what there is something to do of; what stands alone fits in no transaction."""
    for unless_done, statements, alone in deeds:
        with nullcontext() if alone else transaction.atomic(using=connection.alias):
            with connection.cursor() as cursor:
                # Names and definitions are written for this search path, under which the server shows them.
                cursor.execute("select pg_catalog.current_setting('search_path')")
                before = cursor.fetchone()[0]
                cursor.execute("select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)")
                cursor.execute("select " + unless_done)
                if cursor.fetchone()[0]:
                    for statement in statements:
                        cursor.execute(statement)
                cursor.execute("select pg_catalog.set_config('search_path', %s, false)", [before])


class Migration(migrations.Migration):
    atomic = False
    dependencies = {dependencies!r}
    operations = [migrations.RunPython(_there, {way_back})]
'''
_NUMBERED = re.compile(r"(\d{4})_\w+\.py")


def django_migration(migration: Migration, app: str, follows: str | None) -> str:
    """The migration's text; `follows` is the migration of the app that it depends on."""
    return _MIGRATION.format(
        title=migration.summary.replace("\\", "\\\\").replace('"""', "'''").rstrip('"'),
        there=_listed(migration.there),
        back=_listed(migration.back),
        dependencies=[(app, follows)] if follows else [],
        way_back="_back" if migration.back else "None",
    )


def last_of(folder: Path) -> str | None:
    """The name of the migration with the highest number in the folder."""
    numbered = sorted(file.stem for file in folder.glob("*.py") if _NUMBERED.fullmatch(file.name))
    return numbered[-1] if numbered else None


def name_after(follows: str | None, migration: Migration) -> str:
    """What the file is called: the next number and the fix."""
    number = int(follows[:4]) + 1 if follows else 1
    return f"{number:04}_pgmend_{migration.fix_id[:8]}"


def _listed(deeds: Sequence[Deed]) -> str:
    written = [
        f"    (\n        {deed.unless_done!r},\n        {list(deed.statements)!r},\n        {deed.alone},\n    ),"
        for deed in deeds
    ]
    return "\n".join(["[", *written, "]"]) if written else "[]"
