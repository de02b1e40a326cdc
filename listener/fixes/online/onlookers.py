"""Triggers of people that look at whole rows: while a change is under way these have a column more.

What names each column takes no notice. `new.*` in an INSERT has one value too many, and fails who writes; to_jsonb(new)
has one key more. Of other languages than PL/pgSQL, and of what such a function calls, nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from ..dependents import Subject

_TRIGGERS = """
select t.tgname::text, p.prosrc, l.lanname::text, pg_catalog.pg_get_triggerdef(t.oid),
  coalesce(t.tgnewtable, t.tgoldtable) is not null
from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
  join pg_catalog.pg_language l on l.oid = p.prolang
where t.tgrelid = %s::oid and not t.tgisinternal and t.tgenabled <> 'D' order by t.tgname
"""
_NO_CODE = re.compile(r"--[^\n]*|/[*].*?[*]/|\breturn\s+(?:new|old)\s*;", re.DOTALL | re.IGNORECASE)
# Of the row itself, or of a row that a statement in a string is given.
_ALL_COLUMNS = re.compile(r"(?:\b(?:new|old)\b|[$][0-9]+)\s*[)]?\s*[.]\s*[*]", re.IGNORECASE)
_ALL_OF_A_TABLE = re.compile(r"\bselect\s+[*]|[.]\s*[*]", re.IGNORECASE)
_WHOLE_ROW = re.compile(r"(?<![.\w])(?:new|old)\b(?!\s*[.])", re.IGNORECASE)
# What PostgreSQL brings along takes rows as they come.
_READ = frozenset({"plpgsql", "internal", "c"})


async def onlookers(connection: AsyncConnection[TupleRow], subject: Subject) -> Sequence[str]:
    """What a person should know of them; raises PlanRefused where one would fail who writes."""
    seeing: list[str] = []
    unread: list[str] = []
    for name, source, language, definition, of_tables in await (
        await connection.execute(_TRIGGERS, (subject.table.oid,))
    ).fetchall():
        code = _NO_CODE.sub(" ", source) if language == "plpgsql" else ""
        if _ALL_COLUMNS.search(code) or (of_tables and _ALL_OF_A_TABLE.search(code)):
            raise PlanRefused(
                f"Trigger {name} on {subject.table_name} writes all columns of a row elsewhere (new.*, old.*), and"
                " would have one more while the change is under way. This is not changed online. Cure: name them."
            )
        if _WHOLE_ROW.search(code) or _ALL_COLUMNS.search(definition):
            seeing.append(name)
        elif language not in _READ:
            unread.append(name)
    return [*_said("sees rows with one column more", seeing), *_said("may see rows with one column more", unread)]


def _said(what: str, names: Sequence[str]) -> list[str]:
    return [f"Trigger {name} {what} while the change is under way." for name in names]
