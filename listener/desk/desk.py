"""What people ask of pgmend, whichever face they ask it through."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..connections import ConnectionSource
from ..errors import InvalidRequest
from ..fixes.execution.courtesy import Courtesy
from ..fixes.limits import limits_of
from ..settings import Settings
from ..statements.statement import StatementSource
from .backups import Backup, read_backups
from .check import LONGEST_WAIT, Checked, check
from .ddl import ShownEvent, read_ddl
from .fixes import FixDetail, FixFilter, ShownFix, read_detail, read_fix, read_fixes
from .identifier import parse_fix_id, parse_issue_id
from .issues import IssueFilter, IssuePage, ShownIssue, read_issue, read_issues
from .page import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, Page
from .plans import Planner, Preview, moved_by_others
from .policy import ignore, pause, resume, roll_back, switch_automatic
from .refusal import explained, plain_words
from .scans import Scan, read_scans
from .status import Status, read_status


class Desk:
    """Reads and writes only tables, views and functions of schema `pgmend`: with the listener down a request waits in
    its row, save `check`, which needs somebody to do it.

    Every method raises CouldNotLook where the database, the schema or a right is missing, and InvalidRequest for an
    argument that cannot be used.
    """

    def __init__(
        self, connections: ConnectionSource, settings: Settings, sources: Sequence[StatementSource] = ()
    ) -> None:
        """`sources` know statements besides the database, for the proofs of plans."""
        self._connections = connections
        self._settings = settings
        self._planner = Planner(settings, Courtesy(connections, limits_of(settings)), sources)

    @property
    def connections(self) -> ConnectionSource:
        """What it borrows from."""
        return self._connections

    async def status(self) -> Status:
        """How pgmend is."""
        async with self._asking() as connection:
            return await read_status(connection, self._settings.auto_fix)

    async def issues(
        self, wanted: IssueFilter | None = None, *, limit: int = DEFAULT_LIMIT, offset: int = 0
    ) -> IssuePage:
        """Issues, worst first; without a filter the open ones."""
        _check_page(limit, offset)
        async with self._asking() as connection:
            return await read_issues(connection, wanted or IssueFilter(), limit, offset)

    async def issue(self, issue_id: str) -> ShownIssue:
        """One issue; raises NotFound."""
        known = parse_issue_id(issue_id)
        async with self._asking() as connection:
            return await read_issue(connection, known)

    async def ignore(self, issue_id: str, reason: str, until: datetime | None = None) -> ShownIssue:
        """Live with an issue until its definition changes or the time is over; raises NotFound."""
        known = parse_issue_id(issue_id)
        async with self._asking() as connection:
            await ignore(connection, known, reason, until)
            return await read_issue(connection, known)

    async def check(self, longest_wait: timedelta = LONGEST_WAIT) -> Checked:
        """A full scan by the listener that leads; raises CouldNotLook at once where none does."""
        with plain_words():
            return await check(self._connections, longest_wait)

    async def preview(self, issue_id: str) -> Preview:
        """The plan for an issue on what the catalogs say now, proposed as a fix; raises NotFound, PlanRefused."""
        known = parse_issue_id(issue_id)
        async with self._asking() as connection:
            return await self._planner.preview(connection, known)

    async def approve(self, issue_id: str, plan_hash: str) -> ShownFix:
        """Have exactly the plan applied that was previewed; raises NotFound, PlanRefused, and PlanStale where the world
        has moved since."""
        known = parse_issue_id(issue_id)
        async with self._asking() as connection:
            fix_id = await self._planner.approve(connection, known, plan_hash)
            return await read_fix(connection, fix_id)

    async def fixes(
        self, wanted: FixFilter | None = None, *, limit: int = DEFAULT_LIMIT, offset: int = 0
    ) -> Page[ShownFix]:
        """Fixes, latest first; without a filter all but superseded plans."""
        _check_page(limit, offset)
        async with self._asking() as connection:
            return await read_fixes(connection, wanted or FixFilter(), limit, offset)

    async def fix(self, fix_id: str | UUID) -> FixDetail:
        """One fix with its plan and every step; raises NotFound."""
        known = parse_fix_id(fix_id)
        async with self._asking() as connection:
            return await read_detail(connection, known)

    async def moved_by_others(self, fix_id: UUID) -> bool:
        """Whether anybody but our fixes changed the tables of that plan since it was made."""
        async with self._asking() as connection:
            return await moved_by_others(connection, fix_id)

    async def rollback(self, fix_id: str | UUID) -> ShownFix:
        """Have an applied fix undone; raises NotFound, and FixError where there is nothing to undo."""
        known = parse_fix_id(fix_id)
        async with self._asking() as connection:
            await roll_back(connection, known)
            return await read_fix(connection, known)

    async def automatic(self, on: bool) -> Status:
        """Let pgmend fix alone what policy covers, or only what somebody approves."""
        async with self._asking() as connection:
            await switch_automatic(connection, on)
            return await read_status(connection, self._settings.auto_fix)

    async def pause(self, reason: str, until: datetime | None = None) -> Status:
        """Stop all fixing, approved or not; looking goes on."""
        async with self._asking() as connection:
            await pause(connection, reason, until)
            return await read_status(connection, self._settings.auto_fix)

    async def resume(self) -> Status:
        """End a pause."""
        async with self._asking() as connection:
            await resume(connection)
            return await read_status(connection, self._settings.auto_fix)

    async def ddl(self, *, limit: int = DEFAULT_LIMIT, offset: int = 0) -> Page[ShownEvent]:
        """What DDL was run, latest first."""
        _check_page(limit, offset)
        async with self._asking() as connection:
            return await read_ddl(connection, limit, offset)

    async def scans(self, *, limit: int = DEFAULT_LIMIT, offset: int = 0) -> Page[Scan]:
        """Looks at the database, latest first."""
        _check_page(limit, offset)
        async with self._asking() as connection:
            return await read_scans(connection, limit, offset)

    async def backups(self, *, limit: int = DEFAULT_LIMIT, offset: int = 0) -> Page[Backup]:
        """What rollbacks need and where it lies, latest first."""
        _check_page(limit, offset)
        async with self._asking() as connection:
            return await read_backups(connection, limit, offset)

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[AsyncConnection[TupleRow]]:
        with plain_words():
            async with self._connections.connection() as connection, explained(connection):
                yield connection


def _check_page(limit: int, offset: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"limit {limit} is not between 1 and {MAX_LIMIT}.")
    if not 0 <= offset <= MAX_OFFSET:
        raise InvalidRequest(f"offset {offset} is not between 0 and {MAX_OFFSET}.")
