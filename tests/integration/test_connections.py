"""Connections that are lent: how many there are, what each borrower finds, and what becomes of lost ones."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pgmend.listener.connection import connect
from pgmend.listener.connections import Connections
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.fixes.execution.session import fixer_session
from pgmend.listener.fixes.limits import Limits
from psycopg import AsyncConnection, sql
from psycopg_pool import PoolClosed
from psycopg_pool.base import AttemptWithBackoff

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.server import Server

OURS = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'pgmend %%'"
# What differs from what is written in the configuration: by us, or by whoever had the connection before.
CHOSEN = """
select name, setting from pg_catalog.pg_settings
where source in ('client', 'session') and name <> 'application_name' order by name
"""


@pytest.fixture
def silent() -> Iterator[str]:
    """The DSN of something that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"host=127.0.0.1 port={listening.getsockname()[1]} dbname=shop user=app password=hunter2"


async def chosen(connection: AsyncConnection[Any]) -> list[Any]:
    return await (await connection.execute(CHOSEN)).fetchall()


async def name_of(connection: AsyncConnection[Any]) -> Any:
    row = await (await connection.execute("select current_setting('application_name')")).fetchone()
    return row and row[0]


async def test_each_borrower_finds_what_a_connection_of_its_own_would_have(database: Database) -> None:
    async with await connect(database.dsn, "own") as own:
        expected = await chosen(own)
    async with Connections(database.dsn, size=1) as connections:
        async with connections.connection() as first:
            assert await chosen(first) == expected
            await first.execute(
                "set search_path = public; set statement_timeout = 0; set lock_timeout = '1h'; set row_security = off;"
                "set timezone = 'Asia/Tokyo'; set application_name = 'anybody'; set work_mem = '1GB';"
                "set session_replication_role = replica; set default_transaction_read_only = on;"
                "set client_encoding = latin1; set tcp_keepalives_idle = 1"
            )
        async with connections.connection("second") as second:
            assert second is first
            assert await chosen(second) == expected
            assert await name_of(second) == "pgmend second"
        async with connections.connection() as third:
            assert await name_of(third) == "pgmend desk"


async def test_nothing_is_connected_before_somebody_asks(database: Database) -> None:
    async with Connections(database.dsn) as connections:
        await connections.open()
        assert database.value(OURS) == 0
        async with connections.connection():
            assert database.value(OURS) == 1


async def test_a_closed_connection_leaves_no_server_process(database: Database) -> None:
    watcher = await database.connect()
    for _ in range(20):
        connection = await connect(database.dsn, "short")
        await connection.execute("select pg_catalog.count(*) from pg_catalog.pg_attribute")
        await connection.close()
        assert await (await watcher.execute(OURS)).fetchall() == [(0,)]
        await connection.close()


async def test_a_session_of_the_fixer_is_not_lent_again_and_takes_a_place_meanwhile(database: Database) -> None:
    async with Connections(database.dsn, size=1) as connections:
        async with fixer_session(connections, Limits()) as session:
            waiting = asyncio.create_task(_backend(connections))
            assert database.value(OURS) == 1
            assert not waiting.done()
        assert await waiting != session.backend_pid
        assert session.connection.closed


async def _backend(connections: Connections) -> int:
    async with connections.connection() as connection:
        return connection.info.backend_pid


async def test_a_fixer_that_fails_leaves_its_place(database: Database) -> None:
    async with Connections(database.dsn, size=1) as connections:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with fixer_session(connections, Limits()) as session:
                    await session.connection.execute("begin")
                    raise ZeroDivisionError
        assert await _backend(connections)


async def test_who_stops_waiting_takes_no_connection_along(database: Database) -> None:
    async with Connections(database.dsn, size=2) as connections:
        for pauses in range(40):
            asked = [asyncio.create_task(_backend(connections)) for _ in range(4)]
            for _ in range(pauses):
                await asyncio.sleep(0)
            for each in asked:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        async with connections.connection() as one, connections.connection() as other:
            assert one is not other


@pytest.mark.parametrize("library_waits", [0.01, 3600])
async def test_while_nobody_is_let_in_each_who_asks_is_told_and_nobody_else(
    server: Server,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    library_waits: float,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(AttemptWithBackoff, "INITIAL_DELAY", library_waits)
    doors = sql.SQL("alter database {} with allow_connections {}").format
    async with Connections(database.dsn) as connections:
        async with connections.connection(), connections.connection():
            pass
        server.admin.execute(doors(sql.Identifier(database.name), sql.SQL("false")))
        server.admin.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [database.name]
        )
        for _ in range(3):
            told = await asyncio.gather(*(_backend(connections) for _ in range(3)), return_exceptions=True)
            assert [type(each) for each in told] == [CouldNotLook] * 3
            assert all("Cannot connect to" in str(each) for each in told)
        attempts = await _attempts_seen_while_nobody_asks(connections)
        server.admin.execute(doors(sql.Identifier(database.name), sql.SQL("true")))
        assert attempts == 0
        assert all(await asyncio.gather(*(_backend(connections) for _ in range(3))))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def _attempts_seen_while_nobody_asks(connections: Connections) -> int:
    seen, until = 0, time.monotonic() + 0.2
    while time.monotonic() < until:
        await asyncio.sleep(0)
        seen += connections.connecting
    return seen


async def test_all_that_were_lost_are_made_again(database: Database) -> None:
    async with Connections(database.dsn, size=3) as connections:
        async with connections.connection() as a, connections.connection() as b, connections.connection() as c:
            before = {each.info.backend_pid for each in (a, b, c)}
        database.fetch(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid = any(%s)", [list(before)]
        )
        async with connections.connection() as a, connections.connection() as b, connections.connection() as c:
            assert before.isdisjoint({each.info.backend_pid for each in (a, b, c)})
        assert database.value(OURS) == 3


async def test_an_end_does_not_wait_for_a_server_that_says_nothing(silent: str) -> None:
    connections = Connections(silent, size=1)
    asked = [asyncio.create_task(_backend(connections)) for _ in range(2)]
    await eventually(lambda: connections.connecting)
    async with asyncio.timeout(5):
        await connections.close()
        told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in told] == [CouldNotLook] * 2
    with pytest.raises(CouldNotLook, match="about to end") as refused:
        await _backend(connections)
    assert isinstance(refused.value.__cause__, PoolClosed)


async def test_a_server_that_says_nothing_is_named_without_the_password(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pgmend.listener import connections as module  # noqa: PLC0415 - only here

    monkeypatch.setattr(module, "PATIENCE", module.PATIENCE / 50)
    async with Connections(silent, size=1) as connections:
        with pytest.raises(CouldNotLook, match=r"shop on 127\.0\.0\.1:\d+ as app: no answer within 0\.2 s") as told:
            await _backend(connections)
    assert "hunter2" not in str(told.value)


async def test_a_session_that_the_server_refuses_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from pgmend.listener import connection as module  # noqa: PLC0415 - only here

    monkeypatch.setitem(module.SESSION, "DateStyle", "Klingon")
    async with Connections(database.dsn, "klingon", size=1) as connections:
        for _ in range(2):
            with pytest.raises(CouldNotLook, match=r"the session was refused: .*Klingon") as refused:
                await _backend(connections)
            assert isinstance(refused.value.__cause__, psycopg.Error)
