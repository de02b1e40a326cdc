"""Expressions on a table that call what PostgreSQL did not bring along: what they cost for each row nobody knows.

ALTER TYPE checks CHECK constraints on the column anew, and writes every index of the table anew where it rewrites;
ANALYZE computes expressions of statistics. What belongs to extension citext costs as much as the same for text.
"""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..dependents import Subject

_OF_PEOPLE = """
with expression (classid, objid, said) as (
  select 'pg_catalog.pg_constraint'::regclass, t.oid, pg_catalog.format('constraint %%s', t.conname)
  from pg_catalog.pg_constraint t
  where t.conrelid = %(table)s::oid and t.contype = 'c' and %(column)s = any(t.conkey)
  union all
  select 'pg_catalog.pg_class'::regclass, i.indexrelid, pg_catalog.format('index %%s', c.relname)
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indrelid = %(table)s::oid
  union all
  select 'pg_catalog.pg_statistic_ext'::regclass, s.oid, pg_catalog.format('statistics %%s', s.stxname)
  from pg_catalog.pg_statistic_ext s where s.stxrelid = %(table)s::oid
)
select distinct pg_catalog.format('%%s needs %%s', e.said, pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0))
from expression e join pg_catalog.pg_depend d on d.classid = e.classid and d.objid = e.objid
  left join pg_catalog.pg_type y on d.refclassid = 'pg_catalog.pg_type'::regclass and y.oid = d.refobjid
where d.refobjid >= 16384
  and (y.typtype = 'd' or (y.typtype = 'b' and y.typcategory <> 'A') or d.refclassid in (
    'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_opclass'::regclass))
  and not exists (
    select from pg_catalog.pg_depend m join pg_catalog.pg_extension x on x.oid = m.refobjid
    where m.classid = d.refclassid and m.objid = d.refobjid and m.deptype = 'e'
      and m.refclassid = 'pg_catalog.pg_extension'::regclass and x.extname = 'citext')
order by 1
"""


async def needs_of_unknown_cost(connection: AsyncConnection[TupleRow], subject: Subject) -> tuple[str, ...]:
    """Each constraint, index and statistics object with the function, operator or type of people that it needs."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    return tuple(said for (said,) in await (await connection.execute(_OF_PEOPLE, parameters)).fetchall())
