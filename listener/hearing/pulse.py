"""Whether the catalogs moved at all: what stands in for event triggers where none may be made.

Sums over the row versions of eight catalogs: any committed change of a table, column, constraint, index, trigger,
policy, view, routine or schema gives another sum. A hint like an event is: it says that something moved, and a scan
then says what.
"""

from __future__ import annotations

from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

PULSE_INTERVAL = timedelta(seconds=2)
Pulse = tuple[object, ...]

_PULSE = """
select
  (select sum(hashint8(xmin::text::bigint * 4294967296 + oid::bigint)) from pg_class where oid >= 16384),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + attrelid::bigint)) from pg_attribute
   where attrelid >= 16384 and attnum > 0),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + oid::bigint)) from pg_constraint where oid >= 16384),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + indexrelid::bigint)) from pg_index where indexrelid >= 16384),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + oid::bigint)) from pg_trigger where oid >= 16384),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + oid::bigint)) from pg_policy),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + oid::bigint)) from pg_proc where oid >= 16384),
  (select sum(hashint8(xmin::text::bigint * 4294967296 + oid::bigint)) from pg_namespace)
"""
_INVALID = """
select indrelid::bigint, indexrelid::bigint from pg_index where not indisvalid and indexrelid >= 16384
"""
_TRIGGERS = """
select count(*) = 2 from pg_event_trigger
where evtname in ('pgmend_record_ddl', 'pgmend_record_drop') and evtenabled in ('O', 'A')
"""


async def read_pulse(connection: AsyncConnection[TupleRow]) -> Pulse:
    """A value that differs from the last one once something moved."""
    row = await (await connection.execute(_PULSE, prepare=True)).fetchone()
    return tuple(row or ())


async def invalid_indexes(connection: AsyncConnection[TupleRow]) -> frozenset[tuple[int, int]]:
    """Pairs of table and index (OIDs) for each index that is not valid now.

    A concurrent build that fails fires no event trigger: what it leaves is found only by looking.
    """
    rows = await (await connection.execute(_INVALID, prepare=True)).fetchall()
    return frozenset((table, index) for table, index in rows)


async def triggers_fire(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether our event triggers are there and enabled."""
    row = await (await connection.execute(_TRIGGERS)).fetchone()
    return bool(row and row[0])
