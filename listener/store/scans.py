"""`pgmend.scan`: every look at the database, asked for or not, with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

# One statement: in a pipeline nobody knows yet how many rows an update met.
_WRITE = """
with answered as (
  update pgmend.scan set started_at = %(started_at)s, finished_at = clock_timestamp(), duration_ms = %(duration_ms)s,
    tables = %(tables)s, issues_opened = %(opened)s, issues_resolved = %(resolved)s, outcome = %(outcome)s,
    detail = %(detail)s
  where finished_at is null and requested_at <= %(started_at)s
  returning scan_id
)
insert into pgmend.scan (kind, started_at, finished_at, duration_ms, tables, issues_opened, issues_resolved,
  outcome, detail)
select %(kind)s, %(started_at)s, clock_timestamp(), %(duration_ms)s, %(tables)s, %(opened)s, %(resolved)s,
  %(outcome)s, %(detail)s
where not exists (select from answered)
"""


async def write_scan(
    connection: AsyncConnection[TupleRow],
    *,
    kind: str,
    started_at: datetime,
    duration_ms: float,
    tables: int,
    opened: int,
    resolved: int,
    reason: str | None = None,
    unread: Sequence[str] = (),
) -> None:
    """Record a scan, or, where people asked for one before it began, answer their requests with it.

    `reason` is what kept it from seeing everything. `unread` says what of views, functions and statements was not read.
    """
    detail: dict[str, Any] = {"reason": reason} if reason is not None else {}
    if unread:
        detail["unread"] = [*unread]
    figures = {
        "kind": kind,
        "started_at": started_at,
        "duration_ms": duration_ms,
        "tables": tables,
        "opened": opened,
        "resolved": resolved,
        "outcome": "complete" if reason is None else "could_not_run",
        "detail": Jsonb(detail),
    }
    await connection.execute(_WRITE, figures)


async def scan_requested(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether somebody asked for a scan that has not been done."""
    cursor = await connection.execute(
        "select exists (select from pgmend.scan where finished_at is null and requested_at is not null)"
    )
    row = await cursor.fetchone()
    return bool(row and row[0])
