"""`pgmend.seen_table`: each table as pgmend saw it last, so that what happened while nobody listened still shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.fingerprint import decode, encode, fingerprint
from ..catalog.snapshot import Oid, Table

_UPSERT = """
insert into pgmend.seen_table (table_oid, schema_name, table_name, fingerprint, definition, seen_at)
values (%s, %s, %s, %s, %s::jsonb, clock_timestamp())
on conflict (table_oid) do update set schema_name = excluded.schema_name, table_name = excluded.table_name,
  fingerprint = excluded.fingerprint, definition = excluded.definition, seen_at = excluded.seen_at
"""
_COPY = "copy pgmend.seen_table (table_oid, schema_name, table_name, fingerprint, definition) from stdin"
SeenRow = tuple[Oid, str, str, str, str]


async def read_fingerprints(connection: AsyncConnection[TupleRow]) -> Mapping[Oid, str]:
    """What each table's fingerprint was when it was last seen; empty before the first scan."""
    cursor = await connection.execute("select table_oid::bigint, fingerprint from pgmend.seen_table")
    return dict(await cursor.fetchall())


async def read_seen(connection: AsyncConnection[TupleRow], oids: Collection[Oid]) -> Mapping[Oid, Table]:
    """Those tables as they were when they were last seen."""
    cursor = await connection.execute(
        "select table_oid::bigint, definition::text from pgmend.seen_table where table_oid = any(%s::oid[])",
        (list(oids),),
    )
    return {oid: decode(definition) for oid, definition in await cursor.fetchall()}


def rows_of(tables: Iterable[Table]) -> list[SeenRow]:
    """What is stored of those tables: most of the work of storing them."""
    return [(each.oid, each.schema, each.name, fingerprint(each), encode(each)) for each in tables]


async def write_seen(connection: AsyncConnection[TupleRow], rows: Sequence[SeenRow]) -> None:
    """Remember these tables as they are now, within the caller's transaction."""
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(_UPSERT, rows)


async def copy_seen(connection: AsyncConnection[TupleRow], rows: Sequence[SeenRow]) -> None:
    """The same for a great many, within the caller's transaction and in no pipeline."""
    if not rows:
        return
    async with connection.cursor() as cursor:
        await cursor.execute(
            "delete from pgmend.seen_table where table_oid = any(%s::oid[])", ([row[0] for row in rows],)
        )
        async with cursor.copy(_COPY) as copy:
            for row in rows:
                await copy.write_row(row)


async def forget_seen(connection: AsyncConnection[TupleRow], oids: Collection[Oid]) -> None:
    """These tables are gone."""
    if oids:
        await connection.execute("delete from pgmend.seen_table where table_oid = any(%s::oid[])", (list(oids),))
