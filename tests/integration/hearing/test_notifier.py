"""The connection that only listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from pgmend.listener.connection import Connection
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.hearing import notifier as notifier_module
from pgmend.listener.hearing.bell import Bell
from pgmend.listener.hearing.notifier import Notifier
from psycopg import sql

from tests.support.database import Database
from tests.support.eventually import eventually

LONG = timedelta(seconds=20)
SHORT = timedelta(milliseconds=200)
BACKEND = "select pid from pg_stat_activity where datname = current_database() and application_name = 'pgmend listen'"


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[tuple[Notifier, Bell]]:
    bell = Bell()
    notifier = Notifier(database.dsn, bell)
    task = asyncio.create_task(notifier.run())
    try:
        await eventually(lambda: notifier.healthy)
        assert await bell.wait(LONG)
        yield notifier, bell
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_committed_ddl_rings_and_rolled_back_ddl_does_not(installed: Database) -> None:
    async with listening(installed) as (_, bell), await installed.connect() as connection:
        await connection.execute("begin")
        await connection.execute("create table undone (id int)")
        await connection.execute("rollback")
        assert not await bell.wait(SHORT)
        await connection.execute("create table done (id int)")
        assert await bell.wait(LONG)


async def test_a_lost_connection_is_made_anew_and_rings_for_what_was_missed(installed: Database) -> None:
    async with listening(installed) as (notifier, bell), await installed.connect() as connection:
        old = await (await connection.execute(BACKEND)).fetchall()
        await connection.execute("select pg_terminate_backend(%s)", old[0])
        assert await bell.wait(LONG)

        async def another() -> bool:
            return (await (await connection.execute(BACKEND)).fetchall()) not in ([], old)

        await eventually(another)
        await eventually(lambda: notifier.healthy)
        await bell.wait(SHORT)
        await connection.execute("create table after_all (id int)")
        assert await bell.wait(LONG)


async def test_it_sits_in_no_transaction_and_pins_nothing(installed: Database) -> None:
    async with listening(installed), await installed.connect() as connection:
        query = f"select state, backend_xmin from ({BACKEND}) as own join pg_stat_activity using (pid)"
        assert await (await connection.execute(query.encode())).fetchall() == [("idle", None)]


async def test_what_is_committed_before_a_new_connection_listens_rings_once_it_does(
    installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go = asyncio.Event(), asyncio.Event()

    async def held(connection: Connection, statement: Any) -> None:
        if is_listen(statement):
            reached.set()
            await go.wait()

    async with listening(installed) as (_, bell), await installed.connect() as connection:
        monkeypatch.setattr(notifier_module, "connect", connecting_with(held))
        old = await (await connection.execute(BACKEND)).fetchall()
        await connection.execute("select pg_terminate_backend(%s)", old[0])
        await reached.wait()
        assert await bell.wait(LONG), "for the loss"
        await connection.execute("create table between_two_connections (id int)")
        assert not await bell.wait(SHORT), "who looked now would miss what comes before LISTEN"
        go.set()
        assert await bell.wait(LONG)


async def test_who_cannot_connect_tries_again_after_growing_jittered_pauses(
    installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    connected = notifier_module.connect

    async def failing(*arguments: Any) -> Connection:
        if len(pauses) < 12:
            raise CouldNotLook("nobody answers")
        return await connected(*arguments)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(notifier_module, "connect", failing)
    monkeypatch.setattr(notifier_module._reconnect.retry, "sleep", pause)
    async with listening(installed) as (_, bell):
        assert len(pauses) == 12
        for number, seconds in enumerate(pauses):
            assert min(10, 0.1 * 2**number) <= seconds <= min(10, 0.1 * 2**number + 1)
        assert len({seconds - 0.1 * 2**number for number, seconds in enumerate(pauses[:6])}) == 6
        installed.execute("create table after_all (id int)")
        assert await bell.wait(LONG)


Meddling = Callable[[Connection, Any], Awaitable[None]]


def is_listen(statement: Any) -> bool:
    return isinstance(statement, sql.Composed) and statement.as_string().startswith("listen ")


def connecting_with(meddle: Meddling, *, after: bool = False) -> Callable[..., Awaitable[Connection]]:
    """How the notifier connects, where somebody meddles before, or after, each statement."""
    connect = notifier_module.connect

    async def connected(*arguments: Any) -> Connection:
        connection = await connect(*arguments)
        execute = connection.execute

        async def meddled(statement: Any, *more: Any) -> Any:
            if not after:
                await meddle(connection, statement)
            cursor = await execute(statement, *more)
            if after:
                await meddle(connection, statement)
            return cursor

        connection.execute = meddled  # type: ignore[method-assign]
        return connection

    return connected
