"""How pgmend is, in one look: `pgmend.status` and what this process's settings add to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ..errors import CouldNotLook
from ..settings import AutoFix
from ..store.instance import why_a_copy

# Python has no date for 'infinity' or the year 10000, and both mean: until somebody resumes.
_READ = """
select status, fixing, detection, last_check, next_check, total_fixes, active_critical_issues, backlog, leader, queue,
  open_issues, awaiting_approval, auto_fix, pause_reason,
  case when paused_until < '9999-12-31' then paused_until end as paused_until, unread_events, schema_version,
  code, code_files, code_statements, code_read_at, code_trouble
from pgmend.status
"""


@dataclass(frozen=True, slots=True)
class Status:
    """One row of `pgmend.status`. `stopped` means that no listener leads; requests then wait in their rows."""

    status: Literal["running", "degraded", "stopped"]
    fixing: Literal["automatic", "manual", "paused", "observing"]
    detection: Literal["events", "polling"]
    last_check: datetime | None
    next_check: datetime | None
    total_fixes: int
    active_critical_issues: int
    backlog: int
    leader: str | None
    queue: int
    open_issues: int
    awaiting_approval: int
    auto_fix: str
    pause_reason: str | None
    paused_until: datetime | None
    unread_events: int
    schema_version: int
    code: str | None
    code_files: int | None
    code_statements: int | None
    code_read_at: datetime | None
    code_trouble: str | None
    why_observing: str | None = None


async def read_status(connection: AsyncConnection[TupleRow], allowed: AutoFix) -> Status:
    """The status now; `allowed` is what this process's settings and flags allow: the strictest wins."""
    async with connection.cursor(row_factory=class_row(Status)) as cursor:
        status = await (await cursor.execute(_READ)).fetchone()
    if status is None:
        raise CouldNotLook("pgmend.policy or pgmend.instance has no row; run `pgmend install` again.")
    strictest = AutoFix.strictest(AutoFix(status.auto_fix), allowed)
    manual = status.fixing == "automatic" and strictest is AutoFix.NONE
    why = await _why_observing(connection) if status.fixing == "observing" else None
    fixing = "manual" if manual else status.fixing
    return replace(status, auto_fix=strictest.value, fixing=fixing, why_observing=why)


async def _why_observing(connection: AsyncConnection[TupleRow]) -> str:
    return await why_a_copy(connection) or "it was started with --observe"
