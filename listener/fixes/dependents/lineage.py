"""Tables whose columns are not theirs alone: partitions, inheritance, a composite type, another server."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_CHILDREN = """
select pg_catalog.format('%%s.%%s', n.nspname, c.relname)
from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where i.inhparent = %s::oid
order by 1
limit 1
"""


async def lineage(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """The reason why the column can't change alone, at most one."""
    table = subject.table
    child = await (await connection.execute(_CHILDREN, (table.oid,))).fetchone()
    reasons = {
        "is partitioned: its partitions would be rewritten all at once": table.kind == "p",
        "is a foreign table": table.kind == "f",
        "is a temporary table of another session": table.persistence == "t",
        "is a partition: its column follows the partitioned table's": table.is_partition,
        "has the column from a table that it inherits from": subject.column.inherited,
        f"has a child that inherits the column ({child[0] if child else ''})": child is not None,
        "is made of a composite type": bool(table.typed),
    }
    described = f"table {table.schema}.{table.name}"
    return [refused(described, reason) for reason, holds in reasons.items() if holds][:1]
