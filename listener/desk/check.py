"""A full scan on request: asked for in a row, done by whichever listener leads, waited for here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..connections import ConnectionSource
from ..errors import CouldNotLook
from .issues import IssueSummary, summarize_open
from .scans import Scan, read_scan, request_scan

LONGEST_WAIT = timedelta(minutes=2)
_FIRST_PAUSE = timedelta(milliseconds=20)
_LONGEST_PAUSE = timedelta(milliseconds=500)
_LEADER = "select leader from pgmend.status"


@dataclass(frozen=True, slots=True)
class Checked:
    """A scan that was asked for and done, and how many issues are open now."""

    scan: Scan
    summary: IssueSummary


async def check(connections: ConnectionSource, longest_wait: timedelta) -> Checked:
    """Ask for a scan and wait for its end. Raises CouldNotLook where nobody leads, the scan could not look or the wait
    is too long; no connection is held while waiting."""
    async with connections.connection() as connection:
        if await _leader(connection) is None:
            raise CouldNotLook("No listener leads, so nobody would do the scan: run `pgmend start`, or `pgmend check`.")
        scan_id = await request_scan(connection)
    try:
        async with asyncio.timeout(longest_wait.total_seconds()):
            scan = await _finished(connections, scan_id)
    except TimeoutError:
        raise CouldNotLook(await _why_late(connections, scan_id, longest_wait)) from None
    async with connections.connection() as connection:
        return Checked(scan, await summarize_open(connection))


async def _finished(connections: ConnectionSource, scan_id: UUID) -> Scan:
    pause = _FIRST_PAUSE
    while True:
        async with connections.connection() as connection:
            scan = await read_scan(connection, scan_id)
        if scan is None:
            raise CouldNotLook(f"Scan {scan_id} is gone from pgmend.scan; ask again.")
        if scan.finished_at is not None:
            if scan.outcome == "could_not_run":
                raise CouldNotLook(f"The scan could not look: {_reason(scan)}")
            return scan
        await asyncio.sleep(pause.total_seconds())
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _why_late(connections: ConnectionSource, scan_id: UUID, waited: timedelta) -> str:
    seconds = f"{waited.total_seconds():g} s"
    async with connections.connection() as connection:
        leader = await _leader(connection)
    if leader is None:
        return f"The listener is gone; scan {scan_id} waits for the next one. Run `pgmend start`."
    return f"Scan {scan_id} was not done within {seconds}; {leader} goes on with it, and pgmend.scan will show its end."


async def _leader(connection: AsyncConnection[TupleRow]) -> str | None:
    row = await (await connection.execute(_LEADER)).fetchone()
    return row[0] if row else None


def _reason(scan: Scan) -> str:
    return str((scan.detail or {}).get("reason") or "pgmend.scan does not say why.")
