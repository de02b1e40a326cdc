"""Code of others that would run in our session and with our rights (law 14): then the fix is for its owner to make.

ALTER TYPE checks CHECK constraints anew, and to plan any query on the table PostgreSQL computes what is constant in the
expressions of its indexes and statistics. A superuser's code has more rights than we can lend it; our own has as many.
"""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_STRANGE = """
with expression (classid, objid, said) as (
  select 'pg_catalog.pg_constraint'::regclass, t.oid, pg_catalog.format('constraint %%s', t.conname)
  from pg_catalog.pg_constraint t
  where t.conrelid = %(table)s::oid and t.contype = 'c' and (%(whole)s or %(column)s = any(t.conkey))
  union all
  select 'pg_catalog.pg_class'::regclass, i.indexrelid, pg_catalog.format('index %%s', c.relname)
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indrelid = %(table)s::oid and (i.indexprs is not null or i.indpred is not null)
  union all
  select 'pg_catalog.pg_statistic_ext'::regclass, s.oid, pg_catalog.format('statistics %%s', s.stxname)
  from pg_catalog.pg_statistic_ext s where s.stxrelid = %(table)s::oid
  union all
  select 'pg_catalog.pg_attrdef'::regclass, g.oid, pg_catalog.format('generated column %%s', a.attname)
  from pg_catalog.pg_attrdef g join pg_catalog.pg_attribute a on a.attrelid = g.adrelid and a.attnum = g.adnum
  where g.adrelid = %(table)s::oid and a.attgenerated <> '' and %(whole)s
)
select e.said, pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0), r.rolname::text
from expression e join pg_catalog.pg_depend d on d.classid = e.classid and d.objid = e.objid
  left join pg_catalog.pg_operator o on d.refclassid = 'pg_catalog.pg_operator'::regclass and o.oid = d.refobjid
  left join pg_catalog.pg_type y on d.refclassid = 'pg_catalog.pg_type'::regclass and y.oid = d.refobjid
  left join pg_catalog.pg_proc p
    on p.oid = case when d.refclassid = 'pg_catalog.pg_proc'::regclass then d.refobjid else o.oprcode::oid end
  join pg_catalog.pg_roles r on r.oid = coalesce(p.proowner, case when y.typtype in ('d', 'b') then y.typowner end)
where not r.rolsuper and r.rolname <> current_user
order by 1, 2
"""


def strange_rows(subject: Subject) -> str:
    """A query for what is told of whole rows: the expression, what it runs, and whose that is; numbers are all it has
    of the table."""
    values = {"%(table)s": str(subject.table.oid), "%(column)s": str(subject.column.number), "%(whole)s": "true"}
    text = _STRANGE.strip().removesuffix("order by 1, 2")
    for name, value in values.items():
        text = text.replace(name, value)
    return text.replace("%%", "%")


async def strange_code(
    connection: AsyncConnection[TupleRow], subject: Subject, *, whole_rows: bool = False
) -> list[Dependent]:
    """Constraints, indexes and statistics that call what neither a superuser nor we have made.

    Of the constraints those on the column; or all, where `whole_rows` are written by an UPDATE.
    """
    parameters = {"table": subject.table.oid, "column": subject.column.number, "whole": whole_rows}
    rows = await (await connection.execute(_STRANGE, parameters)).fetchall()
    where = f"{subject.table.schema}.{subject.table.name}"
    return [
        refused(f"{said} on {where}", f"runs {what} of role {owner}, which would run with the rights of {subject.role}")
        for said, what, owner in rows
    ]
