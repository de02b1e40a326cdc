"""Extended statistics on the column: ALTER TYPE makes them anew, for whoever alters and with the default target."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..composed import identifier
from .definition import verified
from .dependent import Dependent, Subject, refused
from .rereading import Rereading
from .strip import Strip

# stxstattarget is NULL from 17 on and -1 before it where nobody set it.
_STATISTICS = """
select n.nspname::text, s.stxname::text, pg_catalog.pg_get_userbyid(s.stxowner), s.stxstattarget,
  pg_catalog.pg_get_statisticsobjdef_expressions(s.oid), pg_catalog.pg_has_role(s.stxowner, 'usage'),
  exists (select from pg_catalog.pg_opclass o join pg_catalog.pg_am m on m.oid = o.opcmethod
    where m.amname = 'btree' and o.opcdefault and (o.opcintype = %(new)s::oid or exists (
      select from pg_catalog.pg_cast c
      where c.castsource = %(new)s::oid and c.casttarget = o.opcintype and c.castmethod = 'b')))
from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
where s.stxrelid = %(table)s::oid and exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_statistic_ext'::regclass and d.objid = s.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s)
order by 1, 2
"""


async def statistics(
    connection: AsyncConnection[TupleRow], subject: Subject, rereading: Rereading, strip: Strip
) -> list[Dependent]:
    """The statistics objects that hold the column."""
    parameters = {
        "table": subject.table.oid,
        "column": subject.column.number,
        "new": subject.cast.target.oid,
    }
    rows = await (await connection.execute(_STATISTICS, parameters)).fetchall()
    return [await _statistics(row, subject, rereading, strip) for row in rows]


async def _statistics(row: TupleRow, subject: Subject, rereading: Rereading, strip: Strip) -> Dependent:
    schema, name, owner, target, expressions, ours, ordered = row
    described = f"statistics {schema}.{name}"
    relation = (subject.table.schema, subject.table.name)
    objection = None
    for expression in expressions or ():
        objection = objection or await rereading.objection_to_expression(expression, (relation, relation[1]))
    reasons = {
        f"could not be read any more: {objection}": objection,
        f"casts the column to {subject.cast.target.spelled}, which undo could not bring back":
            any(strip.changes(expression) for expression in expressions or ()),
        f"needs an order, and {subject.cast.target.spelled} has none": not ordered,
        f"belongs to {owner}, whom {subject.role} may not act for": not ours,
    }  # fmt: skip
    if reason := next((reason for reason, holds in reasons.items() if holds), None):
        return refused(described, reason)
    quoted = identifier(schema, name).as_string()
    mended: list[str] = []
    if target is not None and target >= 0:
        mended.append(f"alter statistics {quoted} set statistics {target}")
    if owner != subject.role:
        mended.append(f"alter statistics {quoted} owner to {identifier(owner).as_string()}")
    return Dependent(described, mended=tuple(verified(each) for each in mended))
