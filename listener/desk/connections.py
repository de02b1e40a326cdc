"""A few connections, shared by all who ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from types import TracebackType
from typing import Protocol

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from ..connection import connect
from ..errors import CouldNotLook

PATIENCE = timedelta(seconds=10)
"""How long somebody waits for a connection that others hold."""


class ConnectionSource(Protocol):
    """Lends autocommit connections. `psycopg_pool.AsyncConnectionPool` is one."""

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        """A connection for the length of an `async with`."""
        ...


class Connections:
    """At most `size` connections, made when first needed and again after they were lost."""

    def __init__(self, dsn: str, purpose: str = "desk", size: int = 2) -> None:
        self._dsn = dsn
        self._purpose = purpose
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[AsyncConnection[TupleRow]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection[TupleRow]]:
        """A working connection; raises CouldNotLook where none can be made, or all are held for too long."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._free.acquire()
        except TimeoutError:
            raise CouldNotLook(
                f"All {self._size} connections were busy for {PATIENCE.total_seconds():g} s; try again."
            ) from None
        try:
            connection = await self._working() or await connect(self._dsn, self._purpose)
            try:
                yield connection
            finally:
                await self._give_back(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close those that nobody holds; a held one is closed when it comes back."""
        self._size = 0
        while self._idle:
            await self._idle.pop().close()

    async def __aenter__(self) -> Connections:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _working(self) -> AsyncConnection[TupleRow] | None:
        """An idle connection that answers: the server may have been restarted since it was last used."""
        while self._idle:
            connection = self._idle.pop()
            async with AsyncExitStack() as if_it_is_dead:
                if_it_is_dead.push_async_callback(connection.close)
                with suppress(psycopg.OperationalError):
                    await connection.execute("")
                    if_it_is_dead.pop_all()
                    return connection
        return None

    async def _give_back(self, connection: AsyncConnection[TupleRow]) -> None:
        if self._size and connection.info.transaction_status is TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            await connection.close()
