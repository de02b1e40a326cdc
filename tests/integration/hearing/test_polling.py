"""Without event triggers, what changes at any moment from the first look on is noticed by the pulse of the catalogs."""

from __future__ import annotations

import asyncio

import pytest
from pgmend.listener.connections import Connections
from pgmend.listener.daemon import Daemon
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.outcome import Outcome
from pgmend.listener.settings import Settings

from tests.support.database import Database
from tests.support.eventually import eventually

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
