"""A short look at what other sessions do: the server ends it where it takes too long, whoever's connection it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, class_row

from .session import milliseconds

T = TypeVar("T")
LIMIT = timedelta(milliseconds=250)

_BOUND = sql.SQL("select pg_catalog.set_config('statement_timeout', {}, true)")


async def glance(connection: AsyncConnection[TupleRow], query: sql.Composable, row: type[T]) -> list[T]:
    """What the query finds; `connection` is in no transaction, and keeps its own limits."""
    async with connection.cursor(row_factory=class_row(row)) as cursor:
        # One message is one transaction, and the server's clock begins anew with each statement of it.
        await cursor.execute(sql.SQL("; ").join([_BOUND.format(milliseconds(LIMIT)), query]))
        cursor.nextset()
        return await cursor.fetchall()
