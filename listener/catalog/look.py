"""One look at the catalogs: queries that travel in one flight, bounded in what they wait for, and leave no trace."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, tuple_row

from ..errors import CouldNotLook

LOCK_TIMEOUT_MS = 50
STATEMENT_TIMEOUT_MS = 30_000
_SETTINGS = f"""
select
    pg_catalog.set_config('search_path', 'pg_catalog', true),
    pg_catalog.set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true),
    pg_catalog.set_config('statement_timeout', '{STATEMENT_TIMEOUT_MS}', true),
    pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true),
    pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
    pg_catalog.set_config('jit', 'off', true)
"""

Answer = AsyncRawCursor[TupleRow]


class Look:
    """Asks; the answers are there once the look is over."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def ask(self, query: str, *parameters: object, prepare: bool = True) -> Answer:
        """Queue a query with `$1` parameters; binary results."""
        cursor = AsyncRawCursor(self._connection, row_factory=tuple_row)
        return await cursor.execute(query.encode(), parameters or None, prepare=prepare, binary=True)

    async def say(self, *statements: str) -> None:
        """Queue statements that answer nothing."""
        for statement in statements:
            await self.ask(statement, prepare=False)


@asynccontextmanager
async def looking(connection: AsyncConnection[Any]) -> AsyncGenerator[Look]:
    """A transaction of its own, or a savepoint in the caller's that is rolled back; limits and search_path are local.

    In autocommit mode it is the one that a pipeline is anyway, up to its end: nothing has to be said. It is READ
    COMMITTED: what has to be of one moment goes into one query.
    """
    status = connection.info.transaction_status
    if status == TransactionStatus.IDLE:
        opening, closing = [], [] if connection.autocommit else ["commit"]  # psycopg itself says `begin`
    elif status == TransactionStatus.INTRANS:
        opening = ["savepoint pgmend_look"]
        closing = ["rollback to savepoint pgmend_look", "release savepoint pgmend_look"]
    else:
        raise CouldNotLook(f"The connection is of no use: its transaction is {status.name}.")
    look = Look(connection)
    try:
        async with connection.pipeline():
            await look.say(*opening)
            await look.ask(_SETTINGS)
            yield look
            await look.say(*closing)
    finally:
        await _restore(connection, status, closing)


async def _restore(connection: AsyncConnection[Any], before: TransactionStatus, closing: Sequence[str]) -> None:
    """After a failure, bring the connection back to where it was."""
    now = connection.info.transaction_status
    if now in (before, TransactionStatus.UNKNOWN):
        return
    if before == TransactionStatus.IDLE:
        await connection.rollback()
    else:
        await Look(connection).say(*closing)
