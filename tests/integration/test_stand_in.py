"""A listener for one command: another that comes first does its work, and nobody waits for ever where none can lead."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from pgmend.listener.connection import connect
from pgmend.listener.connections import Connections
from pgmend.listener.daemon import Daemon
from pgmend.listener.desk import Desk, Status
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.settings import Settings
from pgmend.listener.stand_in import leading, look

from tests.support.database import Database


class Unsuspecting(Desk):
    """Was asked who leads a moment before somebody did."""

    asked = False

    async def status(self) -> Status:
        status = await super().status()
        if self.asked:
            return status
        self.asked = True
        return replace(status, leader=None)


async def test_another_that_leads_first_is_as_good(installed: Database) -> None:
    async with await connect(installed.dsn, "other") as other, Connections(installed.dsn) as connections:
        assert await take_lease(other, "elsewhere pid 1") is not None
        installed.execute("update pgmend.lease set heartbeat_at = now() + interval '1 hour'")
        desk = Unsuspecting(connections, Settings())
        async with asyncio.timeout(30), leading(installed.dsn, Settings(), desk):
            assert (await desk.status()).leader == "elsewhere pid 1"


async def test_another_that_leads_first_looks_at_everything(installed: Database) -> None:
    async with Connections(installed.dsn) as connections:
        daemon = Daemon(installed.dsn, Settings(), connections)
        running = asyncio.create_task(daemon.run())
        await daemon.leading.wait()
        installed.execute("update pgmend.lease set holder = 'elsewhere pid 1'")
        installed.execute("create table users (id int primary key); create table bag (user_id text)")
        async with asyncio.timeout(30):
            await look(installed.dsn, Settings(), Unsuspecting(connections, Settings()))
        assert installed.value("select count(*) from pgmend.scan where kind = 'requested' and outcome = 'complete'")
        daemon.stop()
        await running


async def test_where_nobody_can_lead_that_is_said(installed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgmend.listener.stand_in.PATIENCE", timedelta())
    async with await connect(installed.dsn, "other") as other, Connections(installed.dsn) as connections:
        assert await take_lease(other, "gone") is not None
        await other.execute("update pgmend.lease set heartbeat_at = '-infinity'")
        async with other.transaction():
            await other.execute("select from pgmend.lease for update")
            with pytest.raises(CouldNotLook, match="no listener could lead"):
                await look(installed.dsn, Settings(), Desk(connections, Settings()))
