"""Generated columns made of the column: ALTER TYPE is refused, and dropping them would lose their place and name."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_GENERATED = """
select a.attname::text, a.attnum = %(column)s
from pg_catalog.pg_attrdef f join pg_catalog.pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
where f.adrelid = %(table)s::oid and a.attgenerated <> '' and (a.attnum = %(column)s or exists (
  select from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = f.adrelid and d.refobjsubid = %(column)s
    and ((d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid)
      or (d.classid = 'pg_catalog.pg_class'::regclass and d.objid = f.adrelid and d.objsubid = a.attnum))))
order by a.attnum
"""


async def generated_columns(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """The column itself or others, where they are computed from it."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    where = f"{subject.table.schema}.{subject.table.name}"
    return [
        refused(f"column {where}.{name}", "is generated" if itself else "is generated from the column")
        for name, itself in await (await connection.execute(_GENERATED, parameters)).fetchall()
    ]
