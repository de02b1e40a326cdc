"""`pgmend.change`: every difference that was seen between two snapshots, with the event that made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from ..catalog.change import Change, ChangeKind
from ..catalog.snapshot import Oid

REMEMBERED = timedelta(days=30)
_INSERT = """
insert into pgmend.change (event_id, fix_id, table_oid, schema_name, table_name, kind, object_name, object_oid,
  column_number, before, after, seen_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, clock_timestamp()))
"""
_READ = """
select change_id::text, event_id::text, fix_id::text, table_oid::bigint, schema_name, table_name, kind, object_name,
  object_oid::bigint, column_number, before, after, seen_at
from pgmend.change where seen_at > clock_timestamp() - %s order by seen_at desc, change_id
"""


async def write_changes(connection: AsyncConnection[TupleRow], changes: Iterable[Change]) -> None:
    """Append, within the caller's transaction."""
    rows = [
        (
            change.event_id,
            change.fix_id,
            change.table_oid,
            change.schema,
            change.table,
            change.kind.value,
            change.object_name,
            change.object_oid,
            change.number,
            Jsonb(change.before),
            Jsonb(change.after),
            change.seen_at,
        )
        for change in changes
    ]
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(_INSERT, rows)


async def read_changes(
    connection: AsyncConnection[TupleRow], within: timedelta = REMEMBERED
) -> Mapping[Oid, tuple[Change, ...]]:
    """What changed lately, newest first, by table."""
    cursor = await connection.execute(_READ, (within,))
    by_table: defaultdict[Oid, list[Change]] = defaultdict(list)
    async for row in cursor:
        by_table[row[3]].append(
            Change(
                kind=ChangeKind(row[6]),
                table_oid=row[3],
                schema=row[4],
                table=row[5],
                object_name=row[7],
                object_oid=row[8],
                number=row[9],
                before=row[10],
                after=row[11],
                event_id=row[1],
                fix_id=row[2],
                change_id=row[0],
                seen_at=row[12],
            )
        )
    return {oid: tuple(changes) for oid, changes in by_table.items()}
