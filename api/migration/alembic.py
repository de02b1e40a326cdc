"""A migration as an Alembic revision."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from ...listener.errors import InvalidRequest
from .deed import Deed, Migration

_REVISION = '''"""pgmend: {title}

Revision ID: {revision}
Revises: {revises}
"""

from alembic import op

revision = {revision!r}
down_revision = {revises!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
{there}


def downgrade() -> None:
{back}


def _run(unless_done, statements, *, alone):
    """Run them where there is something to do; what stands alone fits in no transaction."""
    context = op.get_context()
    if context.as_sql:
        for statement in statements:
            op.execute(statement.replace(":", r"\\:"))
        return
    connection = op.get_bind().execution_options(no_parameters=True)
    # Names and definitions are written for this search path, under which the server shows them.
    before = connection.exec_driver_sql("select pg_catalog.current_setting('search_path')").scalar()
    _search(connection, "pg_catalog, pg_temp")
    if connection.exec_driver_sql("select " + unless_done).scalar():
        if alone:
            with context.autocommit_block():
                alone_on = op.get_bind().execution_options(no_parameters=True)
                _search(alone_on, "pg_catalog, pg_temp")
                for statement in statements:
                    alone_on.exec_driver_sql(statement)
        else:
            for statement in statements:
                connection.exec_driver_sql(statement)
    _search(op.get_bind().execution_options(no_parameters=True), before)


def _search(connection, path):
    written = path.replace("'", "\'\'")
    connection.exec_driver_sql("select pg_catalog.set_config('search_path', '" + written + "', false)")
'''


def alembic_revision(migration: Migration, revises: str | None) -> str:
    """The revision's text; its id is that of the fix."""
    return _REVISION.format(
        title=migration.summary.replace("\\", "\\\\").replace('"""', "'''").rstrip('"'),
        revision=revision_id(migration),
        revises=revises,
        there=_calls(migration.there),
        back=_calls(migration.back) if migration.back else f"    raise RuntimeError({migration.why_no_way_back!r})",
    )


def revision_id(migration: Migration) -> str:
    """Twelve hex digits, as Alembic's own."""
    return UUID(migration.fix_id).hex[:12]


def head_of(folder: Path) -> str | None:
    """The revision that nothing in the folder revises yet; raises InvalidRequest where there are several."""
    known: dict[str, Sequence[str]] = {}
    for file in sorted(folder.glob("*.py")):
        revision, revises = _names(file)
        if revision is not None:
            known[revision] = revises
    revised = {each for several in known.values() for each in several}
    heads = sorted(known.keys() - revised)
    if len(heads) > 1:
        raise InvalidRequest(f"{folder} has several heads ({', '.join(heads)}): name one with --revises.")
    return heads[0] if heads else None


def _names(file: Path) -> tuple[str | None, Sequence[str]]:
    """The revision's id and those that it revises, read and not run."""
    revision: str | None = None
    revises: Sequence[str] = ()
    try:
        module = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidRequest(f"{file} cannot be read as a revision: {error}.") from error
    for node in module.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if not isinstance(target, ast.Name) or value is None or target.id not in ("revision", "down_revision"):
            continue
        said = ast.literal_eval(value)
        if target.id == "revision":
            revision = said
        else:
            revises = (said,) if isinstance(said, str) else tuple(said or ())
    return revision, revises


def _calls(deeds: Sequence[Deed]) -> str:
    calls = [
        f"    # {deed.title!r}\n    _run(\n        {deed.unless_done!r},\n        {list(deed.statements)!r},\n"
        f"        alone={deed.alone},\n    )"
        for deed in deeds
    ]
    return "\n".join(calls)
