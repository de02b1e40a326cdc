"""The connection that only listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from pgmend.listener.hearing.bell import Bell
from pgmend.listener.hearing.notifier import Notifier

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
