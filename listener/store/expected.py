"""`pgmend.expectation` and `pgmend.expected_object`: what the schema should be."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import RowMaker, TupleRow, class_row
from psycopg.types.json import Jsonb

from ..expected.portrait import Address, ObjectKind, ObjectName, Portrayed
from ..garbage import uncollected

Source = Literal["captured", "declared"]
_KINDS = {kind.value: kind for kind in ObjectKind}

_READ = """
select kind, schema_name, relation_name, object_name, definition, fields::text, owner, grants, comment, tree,
  class_id::bigint, object_id::bigint, coalesce(number, 0) as number
from pgmend.expected_object
"""
_ONE = f"{_READ} where (kind, schema_name, relation_name, object_name) = (%s, %s, %s, %s)"
_PARTS = f"""{_READ} where (schema_name, relation_name) = (%s, %s) and kind = any(%s)
order by number, object_name
"""
_OWNED_SEQUENCES = f"{_READ} where kind = 'sequence' and fields ? 'owned_by' order by schema_name, object_name"
# Whatever stands by itself and has one of the OIDs or names, with all its parts; and schemas, which all is named by.
# A function is asked for by its bare name.
_SOME = f"""
with asked as (
  select schema_name, object_name
  from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as a (schema_name, object_name)
),
hit as (
  select kind, schema_name, object_name from pgmend.expected_object
  where object_id = any(%s::oid[]) and relation_name = ''
  union
  select e.kind, e.schema_name, e.object_name from asked as a join pgmend.expected_object as e
    on e.schema_name = a.schema_name and e.relation_name = '' and e.object_name = a.object_name
  union
  select e.kind, e.schema_name, e.object_name from asked as a join pgmend.expected_object as e
    on e.kind = 'function' and e.schema_name = a.schema_name
    and pg_catalog.starts_with(e.object_name, pg_catalog.split_part(a.object_name, '(', 1) || '(')
),
concerned as (
  select e.* from pgmend.expected_object as e where e.kind in ('schema', 'extension')
  union all
  select e.* from hit as h join pgmend.expected_object as e
    on e.kind = h.kind and e.schema_name = h.schema_name and e.relation_name = '' and e.object_name = h.object_name
  where h.kind not in ('schema', 'extension')
  union all
  select e.* from (
    select distinct schema_name, object_name from hit where kind in ('table', 'view', 'materialized_view')
  ) as h join pgmend.expected_object as e on e.schema_name = h.schema_name and e.relation_name = h.object_name
)
{_READ.replace("pgmend.expected_object", "concerned")}
"""
_EXPECTATION = """
select source, locked, origin, migration_version, server_version, captured_at, captured_by,
  database_identity as database from pgmend.expectation
"""
_WRITE_EXPECTATION = """
insert into pgmend.expectation (source, locked, origin, migration_version, server_version, database_identity)
values (%s, %s, %s, %s, %s, %s)
"""
_COPY = """
copy pgmend.expected_object (kind, schema_name, relation_name, object_name, definition, fields, owner, grants, comment,
  tree, class_id, object_id, number) from stdin
"""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Where the expected schema comes from, and whether it heals (`locked`) or only reports.

    `database` is the one (`identity.database_identity`) that the addresses and trees of its objects are of.
    """

    source: Source
    locked: bool
    origin: str | None
    migration_version: str | None
    server_version: int
    captured_at: datetime | None = None
    captured_by: str | None = None
    database: str | None = None


class _Fields(dict[str, dict[str, str]]):
    """Fields by their text: those of many objects are the same, and then one value."""

    def __missing__(self, text: str) -> dict[str, str]:
        self[text] = read = json.loads(text)
        return read


def _portrayed_row(cursor: AsyncCursor[Any]) -> RowMaker[Portrayed]:
    """Makes objects of what `_READ` tells."""
    del cursor
    known = _Fields()

    def make(values: Sequence[Any]) -> Portrayed:
        kind, schema, relation, name, definition, fields, owner, grants, comment, tree, class_id, oid, number = values
        return Portrayed(
            ObjectName(_KINDS[kind], schema, relation, name),
            definition,
            known[fields],
            owner,
            None if grants is None else tuple(grants),
            comment,
            tree,
            None if oid is None else Address(class_id or 0, oid, number),
        )

    return make


async def read_expectation(connection: AsyncConnection[TupleRow]) -> Expectation | None:
    """Where the expected schema comes from; None where there is none."""
    async with connection.cursor(row_factory=class_row(Expectation)) as cursor:
        return await (await cursor.execute(_EXPECTATION)).fetchone()


async def read_expected(connection: AsyncConnection[TupleRow]) -> tuple[Portrayed, ...]:
    """Every expected object."""
    async with connection.cursor(row_factory=_portrayed_row) as cursor:
        with uncollected():
            return tuple(await (await cursor.execute(_READ)).fetchall())


async def read_expected_one(connection: AsyncConnection[TupleRow], name: ObjectName) -> Portrayed | None:
    """What that object should be; None where nothing says that it should be there."""
    async with connection.cursor(row_factory=_portrayed_row) as cursor:
        return await (await cursor.execute(_ONE, tuple(name))).fetchone()


async def read_expected_parts(
    connection: AsyncConnection[TupleRow], whole: ObjectName, *kinds: ObjectKind
) -> tuple[Portrayed, ...]:
    """What should be a part of that relation, of those kinds."""
    async with connection.cursor(row_factory=_portrayed_row) as cursor:
        await cursor.execute(_PARTS, (whole.schema, whole.name, list(kinds)))
        return tuple(await cursor.fetchall())


async def read_owned_sequences(connection: AsyncConnection[TupleRow]) -> tuple[Portrayed, ...]:
    """The sequences that should belong to a column."""
    async with connection.cursor(row_factory=_portrayed_row) as cursor:
        await cursor.execute(_OWNED_SEQUENCES)
        return tuple(await cursor.fetchall())


async def read_expected_of(
    connection: AsyncConnection[TupleRow], oids: Collection[int], names: Collection[tuple[str, str]]
) -> tuple[Portrayed, ...]:
    """The expected objects that have one of those OIDs or (schema, name), with all their parts; and every schema."""
    ordered = sorted(names)
    parameters = ([schema for schema, _ in ordered], [name for _, name in ordered], list(oids))
    async with connection.cursor(row_factory=_portrayed_row) as cursor:
        await cursor.execute(_SOME, parameters)
        return tuple(await cursor.fetchall())


async def write_expected(
    connection: AsyncConnection[TupleRow], expectation: Expectation, objects: Iterable[Portrayed]
) -> None:
    """Put these in the place of whatever was expected before, in one transaction."""
    async with connection.transaction():
        await clear_expected(connection)
        await connection.execute(
            _WRITE_EXPECTATION,
            (
                expectation.source,
                expectation.locked,
                expectation.origin,
                expectation.migration_version,
                expectation.server_version,
                expectation.database,
            ),
        )
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for each in objects:
                await copy.write_row(_values(each))


async def clear_expected(connection: AsyncConnection[TupleRow]) -> None:
    """Expect nothing any more."""
    async with connection.transaction():
        await connection.execute("delete from pgmend.expected_object")
        await connection.execute("delete from pgmend.expectation")


def _values(each: Portrayed) -> Sequence[Any]:
    address = each.address
    return (
        *each.name,
        each.definition,
        Jsonb(dict(each.fields)),
        each.owner,
        None if each.grants is None else list(each.grants),
        each.comment,
        each.tree,
        None if address is None else address.class_id,
        None if address is None else address.object_id,
        None if address is None else address.number,
    )
