"""A part of a longer list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, LiteralString, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 1_000_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`total` is how many there are in all; these begin at `offset` (0 for the first)."""

    items: tuple[T, ...]
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Source:
    """A query that ends before its LIMIT, and the relation whose rows it lists one by one."""

    relation: LiteralString
    query: LiteralString


async def read_page(
    connection: AsyncConnection[TupleRow], row: type[T], source: Source, limit: int, offset: int
) -> Page[T]:
    """A page of what the source holds, as values of `row`."""
    counted = await (await connection.execute(f"select count(*) from {source.relation}")).fetchone()
    async with connection.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(f"{source.query} limit %s offset %s", (limit, offset))
        return Page(tuple(await cursor.fetchall()), counted[0] if counted else 0, limit, offset)
