"""Functions that stand on the column. One with a body of parsed SQL (BEGIN ATOMIC) can't be taken down by anybody.

A body that is plain text depends on nothing: PostgreSQL reads it when it is called. Such functions are not in the way,
but may fail afterwards; a person is told their names.
"""

from __future__ import annotations

import re

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_ATOMIC = """
select distinct d.objid::pg_catalog.regprocedure::text
from pg_catalog.pg_depend d
where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s
order by 1
"""
# Both words, as the tokenizer of a language would see them; no more than a hint.
_MENTIONING = """
select p.oid::pg_catalog.regprocedure::text
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where l.lanname in ('sql', 'plpgsql') and p.prosqlbody is null and n.nspname not in ('pg_catalog', 'information_schema')
  and p.prosrc ~* %s and p.prosrc ~* %s
order by 1
limit 11
"""
_MOST_NAMED = 10


async def functions(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """Functions whose parsed body names the column, and a note of those whose text does."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    found = [
        refused(f"function {name}", "has a body that names the column (BEGIN ATOMIC)")
        for (name,) in await (await connection.execute(_ATOMIC, parameters)).fetchall()
    ]
    words = [_word(subject.table.name), _word(subject.column.name)]
    names = [name for (name,) in await (await connection.execute(_MENTIONING, words)).fetchall()]
    if names:
        listed = ", ".join(names[:_MOST_NAMED]) + (" and more" if len(names) > _MOST_NAMED else "")
        note = f"Functions whose text names the table and the column are not checked: {listed}."
        found.append(Dependent("functions", note=note))
    return found


def _word(name: str) -> str:
    escaped = re.sub(r"([^\w\s])", r"\\\1", name)
    return rf"(^|\W){escaped}($|\W)"
