"""The defaults of columns that a step sets: what they were at the end of the last such step of the fix is written down.

A plan knows the defaults of both types beforehand, and sets the ones or the others. Where somebody has set another one
since, that is neither undone nor made to come back: the step is not taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg import sql

from ...catalog.snapshot import Oid
from ..plan import Check
from ..sqlstates import MOVED
from .guard import guard

Columns = Sequence[tuple[Oid, str]]

_NOW = sql.SQL(
    """({key}, {column}, (select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attribute as a
  join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = {table}::oid and a.attname = {column} and not a.attisdropped))"""
)
_OTHERS = sql.SQL(
    """select now.name as "column",
  coalesce(now.said, 'none') as default_now, coalesce(was.said, 'none') as default_then
from (values {now}) as now (key, name, said)
  cross join lateral (
    select s.left_behind ->> now.key as said from pgmend.fix_step as s
    where s.fix_id = {fix_id}::uuid and pg_catalog.jsonb_exists(s.left_behind, now.key) and s.state = 'done'
    order by s.finished_at desc limit 1) as was
where now.said is distinct from was.said"""
)
_LEFT = sql.SQL("(select pg_catalog.jsonb_object_agg(now.key, now.said) from (values {}) as now (key, name, said))")


def nobody_elses(fix_id: UUID, columns: Columns) -> str:
    """The statement that fails where one of the columns has another default than this fix left it with."""
    query = _OTHERS.format(now=_now(columns), fix_id=sql.Literal(str(fix_id)))
    meaning = "Set since by somebody else, and not to be lost. Cure: put it back, or drop it where it is not needed."
    return guard(Check("every default is as pgmend left it", query.as_string(), meaning), MOVED)


def left_behind(columns: Columns) -> sql.Composed:
    """What `pgmend.fix_step.left_behind` is to say of them, as SQL."""
    return _LEFT.format(_now(columns))


def _now(columns: Columns) -> sql.Composed:
    """Rows of a key that names the column whatever else is called so, its name, and its default."""
    return sql.SQL(", ").join(
        _NOW.format(key=sql.Literal(f"{table} {column}"), table=sql.Literal(table), column=sql.Literal(column))
        for table, column in columns
    )
