"""The default of a column that a step sets: what it was at the end of the last such step of the fix is written down.

A plan knows the defaults of both types beforehand, and sets the one or the other. Where somebody has set another one
since, that is neither undone nor made to come back: the step is not taken.
"""

from __future__ import annotations

from uuid import UUID

from psycopg import sql

from ...catalog.snapshot import Oid
from ..plan import Check
from ..sqlstates import MOVED
from .guard import guard

_NOW = sql.SQL(
    """(select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attribute as a
  join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = {table}::oid and a.attname = {column} and not a.attisdropped)"""
)
_OTHERS = sql.SQL(
    """select coalesce(now.said, 'none') as default_now, coalesce(was.said, 'none') as default_then
from (select {now} as said) as now
  cross join (
    select s.left_behind ->> 'default' as said from pgmend.fix_step as s
    where s.fix_id = {fix_id}::uuid and s.left_behind is not null and s.state = 'done'
    order by s.finished_at desc limit 1) as was
where now.said is distinct from was.said"""
)


def nobody_elses(fix_id: UUID, column: tuple[Oid, str]) -> str:
    """The statement that fails where the column has another default than this fix left it with."""
    query = _OTHERS.format(now=_now(column), fix_id=sql.Literal(str(fix_id)))
    meaning = "Set since by somebody else, and not to be lost. Cure: put it back, or drop it where it is not needed."
    return guard(Check(f"the default of {column[1]} is as pgmend left it", query.as_string(), meaning), MOVED)


def left_behind(column: tuple[Oid, str]) -> sql.Composed:
    """What `pgmend.fix_step.left_behind` is to say of it, as SQL."""
    return sql.SQL("pg_catalog.jsonb_build_object('default', {})").format(_now(column))


def _now(column: tuple[Oid, str]) -> sql.Composed:
    return _NOW.format(table=sql.Literal(column[0]), column=sql.Literal(column[1]))
