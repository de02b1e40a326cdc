"""One look at the catalogs: queries that travel in one flight, bounded in what they wait for, and leave no trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, cast

from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor, sql
from psycopg.pq import TransactionStatus
from psycopg.rows import AsyncRowFactory, RowMaker, TupleRow, tuple_row

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
    pg_catalog.set_config('jit', 'off', true),
    pg_catalog.set_config('enable_nestloop', '{{}}', true)
"""
# The planner takes an array that it does not know for one of ten, and would look up one by one what all tables have.
_FEW, _ALL = _SETTINGS.format("on"), _SETTINGS.format("off")

_EXPORT = "select pg_catalog.pg_export_snapshot()"

Answer = AsyncRawCursor[TupleRow]


class Look:
    """Asks; the answers are there once the look is over."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def ask(
        self, query: str, *parameters: object, prepare: bool = True, rows: AsyncRowFactory[TupleRow] = tuple_row
    ) -> Answer:
        """Queue a query with `$1` parameters; binary results."""
        cursor = AsyncRawCursor(self._connection, row_factory=rows)
        return await cursor.execute(query.encode(), parameters or None, prepare=prepare, binary=True)

    async def say(self, *statements: str) -> None:
        """Queue statements that answer nothing."""
        for statement in statements:
            await self.ask(statement, prepare=False)


async def answers_of_one_moment(
    connection: AsyncConnection[Any],
    queries: Sequence[str],
    moment: str | None = None,
    rows: AsyncRowFactory[TupleRow] = tuple_row,
) -> AsyncGenerator[Answer]:
    """Ask all in one flight; each answer is given once it is there, while the server works on the next.

    The queries see the same moment: `moment`, where another session has exported that. The connection must be in no
    transaction, and is in use until the last answer was taken or the generator is closed.
    """
    loop = asyncio.get_running_loop()
    arrivals: list[asyncio.Future[Answer]] = [loop.create_future() for _ in queries]

    async def fly() -> None:
        async with looking(connection, one_moment=True, moment=moment, everything=True) as look:
            for query, arrival in zip(queries, arrivals, strict=True):
                await look.ask(query, rows=partial(_announced, arrival, rows))
                # Or the end of each answer would wait in the server until the next one has begun.
                connection.pgconn.send_flush_request()

    flight = asyncio.create_task(fly(), name="catalog flight")
    try:
        for arrival in arrivals:
            await asyncio.wait({flight, arrival}, return_when=asyncio.FIRST_COMPLETED)
            if not arrival.done():
                flight.result()  # raises what ended it
            yield await arrival
        await flight
    finally:
        if not flight.done():
            flight.cancel()
            await asyncio.wait({flight})


async def answers_abreast(
    first: AsyncConnection[Any], second: AsyncConnection[Any] | None, opening: str, queries: Sequence[str]
) -> AsyncGenerator[Answer]:
    """The answer to `opening`, which is for the whole transaction, and those to the queries, all of the same moment.

    A `second` session sees the moment that the first one exports, and answers every other query, from the first on:
    the server works on two at a time.
    """
    if second is None:
        async with aclosing(answers_of_one_moment(first, [opening, *queries])) as answers:
            async for answer in answers:
                yield answer
        return
    async with aclosing(answers_of_one_moment(first, [_EXPORT, opening, *queries[1::2]])) as here:
        ((moment,),) = await (await anext(here)).fetchall()
        async with aclosing(answers_of_one_moment(second, [opening, *queries[::2]], moment)) as there:
            await anext(there)
            yield await anext(here)
            for number in range(len(queries)):
                yield await anext(here if number % 2 else there)
            for answers in (there, here):
                async for _ in answers:
                    raise CouldNotLook("The server gave more answers than it was asked for.")


def _announced(
    arrival: asyncio.Future[Answer], rows: AsyncRowFactory[TupleRow], cursor: AsyncCursor[Any]
) -> RowMaker[TupleRow]:
    """How `rows` makes them; psycopg asks that when a result has come."""
    if not arrival.done() and cursor.pgresult is not None:
        arrival.set_result(cast("Answer", cursor))
    return rows(cursor)


@asynccontextmanager
async def looking(
    connection: AsyncConnection[Any], *, one_moment: bool = False, moment: str | None = None, everything: bool = False
) -> AsyncGenerator[Look]:
    """A transaction of its own, or a savepoint in the caller's that is rolled back; limits and search_path are local.

    `everything` says that the queries read whole catalogs, and not a few of their rows.

    In autocommit mode it is the one that a pipeline is anyway, up to its end: nothing has to be said. It is READ
    COMMITTED: what has to be of `one_moment` goes into one query, or has to be asked for, outside of a transaction;
    `moment` is the name of one that another session exported.
    """
    status = connection.info.transaction_status
    if one_moment and status == TransactionStatus.IDLE:
        begin = "begin" if connection.autocommit else "set transaction"
        opening, closing = [f"{begin} isolation level repeatable read, read only"], ["commit"]
        if moment is not None:
            opening.append(f"set transaction snapshot {sql.Literal(moment).as_string()}")
    elif one_moment:
        raise CouldNotLook(f"The connection is in a transaction ({status.name}) that chose its own isolation level.")
    elif status == TransactionStatus.IDLE:
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
            await look.ask(_ALL if everything else _FEW)
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
