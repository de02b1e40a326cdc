"""Looks at the database: those that were, and one that somebody asks for now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from .page import DEFAULT_LIMIT, Page, Source, read_page

_COLUMNS = """
scan_id, kind, requested_at, requested_by, started_at, finished_at, duration_ms, tables, issues_opened,
issues_resolved, outcome, detail
"""
_PAGE = f"select {_COLUMNS} from pgmend.scan order by recorded_at desc, scan_id"
_ONE = f"select {_COLUMNS} from pgmend.scan where scan_id = %s"


@dataclass(frozen=True, slots=True)
class Scan:
    """One look. `started_at` None waits for a listener; `outcome` is `complete`, or `could_not_run` with the
    `reason` in `detail`; there `unread` tells which code could not be read, too."""

    scan_id: UUID
    kind: str
    requested_at: datetime | None
    requested_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: float | None
    tables: int | None
    issues_opened: int | None
    issues_resolved: int | None
    outcome: str | None
    detail: dict[str, Any] | None


async def read_scans(connection: AsyncConnection[TupleRow], limit: int = DEFAULT_LIMIT, offset: int = 0) -> Page[Scan]:
    """The scans, latest first."""
    return await read_page(connection, Scan, Source("pgmend.scan", _PAGE), limit, offset)


async def request_scan(connection: AsyncConnection[TupleRow]) -> UUID:
    """Ask for a full scan; it waits in its row until a listener does it."""
    row = await (await connection.execute("select pgmend.request_scan()")).fetchone()
    if row is None:
        raise LookupError("pgmend.request_scan() returned no row")
    return row[0]


async def read_scan(connection: AsyncConnection[TupleRow], scan_id: UUID) -> Scan | None:
    """One scan by its id; None where it has expired."""
    async with connection.cursor(row_factory=class_row(Scan)) as cursor:
        return await (await cursor.execute(_ONE, (scan_id,))).fetchone()
