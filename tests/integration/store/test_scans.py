"""Scans are recorded once each, or answer those who asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pgmend.listener.store.scans import scan_requested, write_scan

from tests.support.database import Database

KINDS = "select kind, outcome, tables from pgmend.scan order by recorded_at"


async def test_a_scan_nobody_asked_for_is_recorded_in_a_pipeline_too(installed: Database) -> None:
    connection = await installed.connect()
    now = datetime.now(UTC)
    async with connection.pipeline():
        await write_scan(connection, kind="full", started_at=now, duration_ms=4, tables=81, opened=2, resolved=0)
    assert installed.fetch(KINDS) == [("full", "complete", 81)]


async def test_a_scan_answers_the_requests_made_before_it_began_and_no_later_one(installed: Database) -> None:
    connection = await installed.connect()
    installed.fetch("select pgmend.request_scan()")
    between = installed.value("select clock_timestamp()")
    installed.fetch("select pgmend.request_scan()")
    figures = {"duration_ms": 4, "tables": 81, "opened": 2, "resolved": 0}
    async with connection.pipeline():
        await write_scan(connection, kind="safety", started_at=between, **figures)
    assert installed.fetch("select kind, tables from pgmend.scan order by requested_at") == [
        ("requested", 81),
        ("requested", None),
    ]
    assert await scan_requested(connection)
    later = between + timedelta(hours=1)
    await write_scan(connection, kind="safety", started_at=later, **figures)
    assert not await scan_requested(connection)
    assert installed.value("select count(*) from pgmend.scan") == 2
