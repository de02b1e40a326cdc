"""A database that is gone, not installed, not ours to read, or too busy."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

import psycopg
import pytest
from pgmend.listener import connections as connections_module
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.settings import Settings
from pgmend.sql.install import install
from psycopg import sql
from psycopg.pq import TransactionStatus

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.role import Roles
from tests.support.server import Server

_BLOCKED = "select pid from pg_stat_activity where application_name = 'pgmend desk' and wait_event_type = 'Lock'"


async def test_database_without_pgmend_says_what_cures_it(database: Database) -> None:
    async with Connections(database.dsn) as connections:
        desk = Desk(connections, Settings())
        for ask in (desk.status, desk.issues, desk.ddl, desk.scans, desk.resume, desk.check):
            with pytest.raises(CouldNotLook, match="run `pgmend install`"):
                await ask()


async def test_role_without_rights_is_told_which(installed: Database, role: Roles) -> None:
    stranger = role()
    async with Connections(installed.dsn_as(stranger.name, stranger.password)) as connections:
        with pytest.raises(CouldNotLook, match="A right is missing: permission denied for schema pgmend"):
            await Desk(connections, Settings()).status()


async def test_wrong_address_is_named_without_the_password() -> None:
    async with Connections("host=127.0.0.1 port=1 dbname=shop user=app password=hunter2") as connections:
        with pytest.raises(CouldNotLook, match=r"shop on 127\.0\.0\.1:1 as app") as refused:
            await Desk(connections, Settings()).status()
    assert "hunter2" not in str(refused.value)


async def test_desk_survives_a_restart_of_the_server(private_server: Server) -> None:
    from tests.support.installation import installed_database  # noqa: PLC0415 - only here

    with installed_database(private_server) as database:
        async with Connections(database.dsn) as connections:
            desk = Desk(connections, Settings())
            await desk.status()
            private_server.restart(crash=True)
            assert (await desk.status()).schema_version >= 1


async def test_connection_lost_in_the_middle_is_told_and_not_kept(installed: Database) -> None:
    async with Connections(installed.dsn, size=1) as connections:
        desk = Desk(connections, Settings())
        with psycopg.connect(installed.dsn) as blocker:
            blocker.execute("lock table pgmend.policy")
            asked = asyncio.create_task(desk.resume())
            (pid,) = await eventually(lambda: installed.fetch(_BLOCKED))
            installed.execute("select pg_terminate_backend(%s)", pid)
            with pytest.raises(CouldNotLook, match="was lost"):
                await asked
        assert (await desk.status()).fixing == "automatic"


async def test_lock_on_our_tables_is_waited_for_a_second_and_no_longer(installed: Database) -> None:
    async with Connections(installed.dsn) as connections:
        with psycopg.connect(installed.dsn) as blocker:
            blocker.execute("lock table pgmend.policy")
            with pytest.raises(CouldNotLook, match="too busy"):
                await Desk(connections, Settings()).pause("why not")


async def test_who_gets_no_connection_in_time_is_told(installed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "PATIENCE", timedelta(milliseconds=50))
    async with Connections(installed.dsn, size=1) as connections:
        async with connections.connection():
            with pytest.raises(CouldNotLook, match=r"All 1 connections were busy for 0\.05 s"):
                await Desk(connections, Settings()).status()
        assert (await Desk(connections, Settings()).status()).queue == 0


async def test_cancelled_question_leaves_the_connection_usable(installed: Database) -> None:
    async with Connections(installed.dsn, size=1) as connections:
        desk = Desk(connections, Settings())
        with psycopg.connect(installed.dsn) as blocker:
            blocker.execute("lock table pgmend.policy")
            asked = asyncio.create_task(desk.resume())
            await eventually(lambda: installed.fetch(_BLOCKED))
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
        assert (await desk.status()).fixing == "automatic"


async def test_connection_left_in_a_transaction_is_not_lent_again(installed: Database) -> None:
    async with Connections(installed.dsn, size=1) as connections:
        async with connections.connection() as first:
            await first.execute("begin")
        async with connections.connection() as second:
            assert second is not first
            assert second.info.transaction_status is TransactionStatus.IDLE
        assert first.closed


async def test_closed_connections_are_gone_from_the_server(installed: Database) -> None:
    count = "select count(*) from pg_stat_activity where application_name = 'pgmend desk'"
    connections = Connections(installed.dsn)
    desk = Desk(connections, Settings())
    await asyncio.gather(*(desk.status() for _ in range(6)))
    assert installed.value(count) == 2
    async with connections.connection():
        await connections.close()
    await eventually(lambda: installed.value(count) == 0)


async def test_database_without_an_encoding_is_read_all_the_same(server: Server) -> None:
    name = f"pgmend_test_ascii_{secrets.token_hex(6)}"
    server.admin.execute(
        sql.SQL("create database {} encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'").format(
            sql.Identifier(name)
        )
    )
    try:
        with psycopg.connect(server.dsn_of(name), autocommit=True, client_encoding="utf8") as connection:
            install(connection)
        async with Connections(server.dsn_of(name)) as connections:
            assert (await Desk(connections, Settings()).pause("für später")).pause_reason == "für später"
    finally:
        server.admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
