"""What people tell pgmend to do or to leave: each is one function of schema `pgmend`, so `psql` can do the same."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..errors import InvalidRequest


def check_moment(until: datetime | None) -> None:
    """Raise InvalidRequest for a time without its zone, or one that no server could name in UTC."""
    if until is None:
        return
    if until.tzinfo is None:
        raise InvalidRequest(f"until {until} has no time zone; write it as 2026-03-01T06:00+01:00.")
    try:
        until.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(f"until {until} is beyond all calendars; leave it out for no end.") from None


async def pause(connection: AsyncConnection[TupleRow], reason: str, until: datetime | None) -> None:
    """Stop all fixing until `resume` or the time given; raises InvalidRequest for a time that cannot be."""
    check_moment(until)
    await connection.execute("select pgmend.pause(%s::text, %s::timestamptz)", (reason, until))


async def resume(connection: AsyncConnection[TupleRow]) -> None:
    """End a pause."""
    await connection.execute("select pgmend.resume()")


async def switch_automatic(connection: AsyncConnection[TupleRow], on: bool) -> None:
    """Let pgmend fix alone what policy covers, or only what somebody approves."""
    await connection.execute("select pgmend.auto(%s::boolean)", (on,))


async def ignore(connection: AsyncConnection[TupleRow], issue_id: str, reason: str, until: datetime | None) -> None:
    """Live with an issue until its definition changes or the time is over; raises InvalidRequest."""
    check_moment(until)
    await connection.execute("select pgmend.ignore(%s::text, %s::text, %s::timestamptz)", (issue_id, reason, until))


async def approve(connection: AsyncConnection[TupleRow], fix_id: UUID) -> None:
    """Have a proposed fix applied exactly as its plan says."""
    await connection.execute("select pgmend.approve(%s::uuid)", (fix_id,))


async def roll_back(connection: AsyncConnection[TupleRow], fix_id: UUID) -> None:
    """Have an applied fix undone."""
    await connection.execute("select pgmend.rollback(%s::uuid)", (fix_id,))
