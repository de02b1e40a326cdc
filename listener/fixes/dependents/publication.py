"""Publications that filter by the column or list it: neither can be replaced for one table alone."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

# Row filters and column lists came with 15: before it, no publication hangs on a column.
_NARROWED = """
select distinct p.pubname::text
from pg_catalog.pg_depend d join pg_catalog.pg_publication_rel r on r.oid = d.objid
  join pg_catalog.pg_publication p on p.oid = r.prpubid
where d.classid = 'pg_catalog.pg_publication_rel'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s
order by 1
"""
_PUBLISHED = """
select p.pubname::text from pg_catalog.pg_publication_tables t join pg_catalog.pg_publication p on p.pubname = t.pubname
where t.schemaname = %s and t.tablename = %s
order by 1
"""


async def publications(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """Publications that stand in the way, and a note of those that only carry the table."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    narrowed = [name for (name,) in await (await connection.execute(_NARROWED, parameters)).fetchall()]
    found = [refused(f"publication {name}", "filters or lists by the column") for name in narrowed]
    carrying = await (await connection.execute(_PUBLISHED, (subject.table.schema, subject.table.name))).fetchall()
    names = ", ".join(name for (name,) in carrying)
    if names:
        found.append(Dependent("publications", note=f"Subscribers of {names} have the column in its old type."))
    return found
