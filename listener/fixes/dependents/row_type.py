"""What uses the table's row as a type. A column of it holds rows in the old shape: PostgreSQL refuses to change that.

A function that takes or returns rows of the table keeps its signature and is only mentioned: it sees the new type.
"""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_USERS = """
with recursive row_type (oid) as (
  select t.oid from pg_catalog.pg_type t where t.typrelid = %(table)s::oid
  union
  select case when d.classid = 'pg_catalog.pg_type'::regclass then d.objid else c.reltype end
  from row_type r join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid = r.oid
    left join pg_catalog.pg_class c
      on d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid and c.relkind = 'c' and d.objsubid > 0
  where d.classid = 'pg_catalog.pg_type'::regclass or c.oid is not null
)
select pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), d.classid = 'pg_catalog.pg_proc'::regclass
from row_type r join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid = r.oid
  left join pg_catalog.pg_class c on d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid
where d.classid = 'pg_catalog.pg_proc'::regclass or (d.objsubid > 0 and c.relkind in ('r', 'p', 'm', 'f'))
order by 1
"""


async def row_type_users(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """Columns of the table's row type, and a note of the functions that have it in their signatures."""
    rows = await (await connection.execute(_USERS, {"table": subject.table.oid})).fetchall()
    found = [refused(name, "has the table's row as its type") for name, function in rows if not function]
    functions = ", ".join(name for name, function in rows if function)
    if functions:
        found.append(Dependent("row type", note=f"These have the table's row in their signature: {functions}."))
    return found
