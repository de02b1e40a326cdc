"""A full scan that somebody asks for and waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.settings import Settings
from pgmend.listener.store.scans import write_scan
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.planted import lead, plant_issue

LONG = timedelta(seconds=60)


@pytest.fixture
async def narrow_desk(installed: Database) -> AsyncIterator[Desk]:
    """A desk with a single connection."""
    async with Connections(installed.dsn, size=1) as connections:
        yield Desk(connections, Settings())


async def waiting_scan(database: Database) -> UUID:
    """The scan that waits, once it does."""
    rows = await eventually(lambda: database.fetch("select scan_id from pgmend.scan where finished_at is null"))
    return rows[0][0]


async def answer(connection: AsyncConnection[Any], **outcome: Any) -> None:
    """What a listener does with every request that waits."""
    row = await (await connection.execute("select clock_timestamp()")).fetchone()
    assert row is not None
    values = {"duration_ms": 12.5, "tables": 81, "opened": 2, "resolved": 1, **outcome}
    await write_scan(connection, kind="requested", started_at=row[0], **values)


async def test_check_returns_what_the_listener_found(
    narrow_desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection)
    await plant_issue(connection)
    asked = asyncio.create_task(narrow_desk.check(LONG))
    scan_id = await waiting_scan(installed)
    assert (await narrow_desk.status()).leader == "listener-1", "waiting holds no connection"
    await answer(connection)
    checked = await asked
    assert checked.scan.scan_id == scan_id
    assert (checked.scan.tables, checked.scan.issues_opened, checked.scan.outcome) == (81, 2, "complete")
    assert (checked.summary.total, checked.summary.medium) == (1, 1)
    assert [each.scan_id for each in (await narrow_desk.scans()).items] == [scan_id]


async def test_check_without_a_leader_fails_at_once_and_leaves_no_request(desk: Desk) -> None:
    with pytest.raises(CouldNotLook, match=r"No listener leads.*pgmend start"):
        await desk.check(LONG)
    assert (await desk.scans()).total == 0


async def test_check_that_could_not_look_says_why(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection)
    asked = asyncio.create_task(desk.check(LONG))
    await waiting_scan(installed)
    await answer(connection, reason="the catalogs moved")
    with pytest.raises(CouldNotLook, match="could not look: the catalogs moved"):
        await asked


async def test_check_that_takes_too_long_names_who_goes_on_with_it(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection, "host-a:17")
    with pytest.raises(CouldNotLook, match=r"not done within 0\.1 s; host-a:17 goes on"):
        await desk.check(timedelta(seconds=0.1))
    assert await waiting_scan(installed)


async def test_check_tells_when_the_listener_went_away_meanwhile(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    lease = await lead(connection)
    asked = asyncio.create_task(desk.check(timedelta(seconds=1)))
    await waiting_scan(installed)
    await lease.release(connection)
    with pytest.raises(CouldNotLook, match="The listener is gone"):
        await asked


async def test_request_that_expired_meanwhile_is_told(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    await lead(connection)
    asked = asyncio.create_task(desk.check(LONG))
    await waiting_scan(installed)
    await connection.execute("delete from pgmend.scan")
    with pytest.raises(CouldNotLook, match=r"is gone from pgmend\.scan"):
        await asked
