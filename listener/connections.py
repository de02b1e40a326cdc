"""The server connections of this process that are lent: few, shared, and the same for whoever borrows one.

LISTEN, the lease and the analyst keep one each and are not lent: LISTEN reads at once or pins the notification queue,
a heartbeat that waited for its turn would lose the lease, and an event is judged within milliseconds of its commit. All
else borrows for a few queries and gives back; only the session of a fix is held for as long as the fix takes. Who looks
whom a fix keeps waiting asks over the lease's: it is there however busy the others are (docs/decisions/0034).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from .connection import Connection, called, options, refused, renew_session, unreachable
from .dsn import describe
from .errors import CouldNotLook
from .settings import Settings

PATIENCE = timedelta(seconds=10)
"""How long somebody waits for a connection that others hold."""
KEPT = 3
"""LISTEN, lease, analyst: what a process that leads holds besides."""


class ConnectionSource(Protocol):
    """Lends autocommit connections."""

    def connection(self, purpose: str | None = None) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        """A connection for the length of an `async with`, called `pgmend PURPOSE`."""
        ...


class SharedConnection:
    """One connection that somebody keeps, for short questions between that one's own: nobody waits for others' here.

    Whoever is lent it leaves it as it was, and does not give up in the midst of a question.
    """

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self, purpose: str | None = None) -> AsyncGenerator[AsyncConnection[TupleRow]]:
        """It, under its own name."""
        yield self._connection


class Connections:
    """At most `size` connections, made when somebody waits for one and again after they were lost.

    The constructor does no I/O; whoever borrows first opens it. Nothing is made in the background: while the server is
    down each who asks is told so at once, and nobody else. What was left in a transaction or closed is not lent again.
    """

    def __init__(self, dsn: str, purpose: str = "desk", size: int = 2) -> None:
        self._dsn = dsn
        self._purpose = purpose
        self._size = size
        self._closed = False
        self._waiting: set[asyncio.Future[_Pooled]] = set()
        self._connecting: set[asyncio.Task[_Pooled]] = set()
        self._returning: set[asyncio.Task[None]] = set()
        self._pool = AsyncConnectionPool(
            dsn,
            connection_class=_Pooled,
            kwargs={**options(purpose), "door": self._make},
            min_size=0,
            max_size=size,
            open=False,
            name=called(purpose),
            reconnect_timeout=0,
            reconnect_failed=self._look_again,
            num_workers=1,
        )

    @classmethod
    def within(cls, dsn: str, settings: Settings, purpose: str) -> Connections:
        """What `max_connections` leaves to a process that may lead; one more is kept where it watches code."""
        kept = KEPT + (settings.code is not None)
        return cls(dsn, purpose, settings.max_connections - kept)

    @property
    def connecting(self) -> int:
        """How many are being made."""
        return len(self._connecting)

    async def open(self) -> None:
        """Be ready to lend; to be called as often as one likes, until `close`."""
        if not self._closed:
            await self._pool.open()

    @asynccontextmanager
    async def connection(self, purpose: str | None = None) -> AsyncGenerator[AsyncConnection[TupleRow]]:
        """A working connection; raises CouldNotLook where none can be made, or all are held for too long."""
        connection = await self._lend(purpose or self._purpose)
        try:
            yield connection
        finally:
            await self._give_back(connection)

    async def close(self) -> None:
        """Lend nothing more, give up what is being made, close what comes back and what nobody holds.

        What is held is closed when it comes back.
        """
        self._closed = True
        for connecting in self._connecting:
            connecting.cancel()
        await self._pool.close()
        await asyncio.gather(*self._returning)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _lend(self, purpose: str) -> _Pooled:
        """A connection that answers: the server may have been restarted since it was last used."""
        await self.open()
        for _ in range(self._size + 1):
            connection = await self._borrow()
            try:
                await renew_session(connection, purpose)
            except psycopg.Error as error:
                lost = connection.closed
                await self._give_back(connection)
                if not lost:
                    raise refused(self._dsn, error) from error
            except BaseException:
                await self._give_back(connection)
                raise
            else:
                return connection
        raise CouldNotLook("The connection to the database was lost; try again.")

    async def _borrow(self) -> _Pooled:
        """Whatever comes first: a connection, or the news that one could not be made."""
        refusal: asyncio.Future[_Pooled] = asyncio.get_running_loop().create_future()
        refusal.add_done_callback(lambda told: told.cancelled() or told.exception())  # heard, whoever came first
        self._waiting.add(refusal)
        lent = asyncio.create_task(self._pool.getconn(PATIENCE.total_seconds()), name="borrow")
        try:
            await asyncio.wait({lent, refusal}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self._take_back_what_comes(lent)
            raise
        finally:
            self._waiting.discard(refusal)
        if not lent.done():
            await self._take_back_what_comes(lent)
            return refusal.result()
        refusal.cancel()
        try:
            return lent.result()
        except PoolTimeout:
            raise CouldNotLook(self._why_so_long()) from None
        except PoolClosed as error:
            raise CouldNotLook("The connections of this process are closed: it is about to end.") from error

    def _why_so_long(self) -> str:
        waited = f"{PATIENCE.total_seconds():g} s"
        if self._connecting:
            return (
                f"Cannot connect to {describe(self._dsn)}: no answer within {waited}\nCure: see that this machine may"
                " reach that host and port; a firewall that drops packets looks like this."
            )
        return f"All {self._size} connections were busy for {waited}; try again."

    async def _take_back_what_comes(self, lent: asyncio.Task[_Pooled]) -> None:
        """End a wait; the connection that it came to all the same goes back."""
        lent.cancel()
        await asyncio.wait([lent])
        if not lent.cancelled() and lent.exception() is None:
            await self._give_back(lent.result())

    async def _give_back(self, connection: _Pooled) -> None:
        """Back to the pool, however often the borrower is cancelled meanwhile: there are few to lose."""
        returning = asyncio.create_task(self._return(connection), name="give back")
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)
        await asyncio.shield(returning)

    async def _return(self, connection: _Pooled) -> None:
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            await connection.close()
        await self._pool.putconn(connection)

    async def _make(self, connect: Callable[[], Coroutine[Any, Any, _Pooled]]) -> _Pooled:
        """A connection for somebody who waits. The pool wants one for each that was lost, too: when it is needed."""
        if self._closed or not self._waiting:
            raise psycopg.OperationalError("nobody waits for a connection")
        making = asyncio.create_task(connect(), name="connect")
        self._connecting.add(making)
        try:
            return await making
        except psycopg.OperationalError as error:
            for waiting in self._waiting:
                waiting.set_exception(unreachable(self._dsn, error))
            self._waiting.clear()
            raise
        finally:
            self._connecting.discard(making)

    async def _look_again(self, pool: AsyncConnectionPool[Any]) -> None:
        """The pool gave one up; who began to wait meanwhile is not forgotten."""
        if self._waiting:
            await pool.check()


_Door = Callable[[Callable[[], Coroutine[Any, Any, "_Pooled"]]], Coroutine[Any, Any, Any]]


class _Pooled(Connection):
    """A connection that is made only when its owner opens the door."""

    @classmethod
    async def connect(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, conninfo: str = "", *, door: _Door, **how: Any
    ) -> Self:
        return await door(partial(super().connect, conninfo, **how))


def _is_others(record: logging.LogRecord) -> bool:
    """Whether it is about another's pool: what ours would warn of is told to whoever asked, in our words."""
    about = record.args if isinstance(record.args, tuple) else ()
    return not any(isinstance(each, _Pooled) or str(each).startswith(called("")) for each in about)


logging.getLogger("psycopg.pool").addFilter(_is_others)
