"""Rules other than a view's own SELECT that mention the column: refused, unless they go and come with their view."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from .dependent import Dependent, Subject, refused

_RULES = """
select distinct r.rulename::text, n.nspname::text, c.relname::text
from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
  join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.rulename <> '_RETURN'
  and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s and not r.ev_class = any(%(views)s::oid[])
order by 1, 2, 3
"""


async def rules(connection: AsyncConnection[TupleRow], subject: Subject, views: Sequence[Oid]) -> list[Dependent]:
    """The rules of relations other than those views."""
    parameters = {"table": subject.table.oid, "column": subject.column.number, "views": list(views)}
    return [
        refused(f"rule {name} on {schema}.{relation}", "mentions the column")
        for name, schema, relation in await (await connection.execute(_RULES, parameters)).fetchall()
    ]
