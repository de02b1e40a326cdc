"""Who hears no bell looks: at the outbox where LISTEN is deaf, at the pulse of the catalogs without event triggers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pgmend.listener import daemon as daemon_module
from pgmend.listener.connection import Connection
from pgmend.listener.connections import Connections
from pgmend.listener.daemon import Daemon
from pgmend.listener.hearing import notifier
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.outcome import Outcome
from pgmend.listener.settings import Settings

from tests.support.database import Database
from tests.support.eventually import eventually

from .test_notifier import connecting_with, is_listen

LISTENS = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'pgmend listen' and state = 'idle'
  and query like '%pg_notify%'
"""
FOUND = "select count(*) from pgmend.issue where issue_type = 'MISSING_PRIMARY_KEY' and table_name = 'late'"


async def test_a_change_right_after_the_first_look_is_noticed(
    installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.execute("drop event trigger pgmend_record_ddl; drop event trigger pgmend_record_drop")
    begin = Analyst.begin

    async def begin_and_change(self: Analyst) -> Outcome:
        outcome = await begin(self)
        installed.execute("create table late (a integer)")
        return outcome

    monkeypatch.setattr(Analyst, "begin", begin_and_change)
    async with Connections.within(installed.dsn, Settings(), "test") as connections:
        daemon = Daemon(installed.dsn, Settings(), connections)
        running = asyncio.create_task(daemon.run())
        try:
            await eventually(lambda: bool(installed.value(FOUND)))
        finally:
            daemon.stop()
            await running


async def test_behind_a_pooler_where_listen_is_deaf_the_outbox_is_polled(
    installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In transaction mode the session that listened goes to somebody else, who begins with DISCARD ALL."""

    async def given_away(connection: Connection, statement: Any) -> None:
        if is_listen(statement):
            await connection.execute("unlisten *")

    monkeypatch.setattr(notifier, "connect", connecting_with(given_away, after=True))
    monkeypatch.setattr(daemon_module, "POLL_HEARING", timedelta(hours=1))
    installed.execute("create table early (id integer primary key, a integer)")
    async with Connections.within(installed.dsn, Settings(), "test") as connections:
        daemon = Daemon(installed.dsn, Settings(), connections)
        running = asyncio.create_task(daemon.run())
        try:
            await daemon.leading.wait()
            # What the notifier rings when it has begun to listen is over.
            await eventually(lambda: installed.value(LISTENS) > 0)
            installed.execute("alter table early drop constraint early_pkey")
            await eventually(lambda: bool(installed.value(FOUND.replace("late", "early"))))
            assert not daemon._notifier.healthy
            told = installed.fetch("select event_id is not null from pgmend.issue where table_name = 'early'")
            assert told == [(True,)], "the outbox told it, and no pulse"
        finally:
            daemon.stop()
            await running
