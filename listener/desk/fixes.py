"""Fixes and their history: every plan, how far it came, and each step it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ..errors import NotFound
from ..fixes.plan import Plan
from .page import DEFAULT_LIMIT, Page

_COLUMNS = """
fix.fix_id, fix.issue_id, issue.issue_type, issue.schema_name as schema, issue.table_name as table,
issue.column_name as column, fix.kind, fix.state, coalesce(fix.plan ->> 'summary', fix.kind) as summary,
fix.plan_hash, fix.automatic, fix.requested_by, fix.approved_by, fix.approved_at, fix.created_at, fix.changed_at,
fix.started_at, fix.finished_at, fix.attempts, fix.next_attempt_at, fix.reason, fix.undo_until,
fix.rollback_requested_by, fix.rolled_back_at, aftermath.state as aftermath, aftermath.told as aftermath_told
"""
_MATCHING = """
from pgmend.fix join pgmend.issue on issue.issue_id = fix.issue_id
left join pgmend.aftermath on aftermath.fix_id = fix.fix_id and aftermath.state <> 'awaited'
where (%(fix_id)s::uuid is null or fix.fix_id = %(fix_id)s)
  and (%(issue_id)s::text is null or fix.issue_id = %(issue_id)s)
  and (%(state)s::text is null and fix.state <> 'superseded' or fix.state = %(state)s or %(fix_id)s::uuid is not null)
"""
_COUNT = f"select count(*) {_MATCHING}"
_PAGE = f"select {_COLUMNS} {_MATCHING} order by fix.created_at desc, fix.fix_id limit %(limit)s offset %(offset)s"
PLAN = "(plan || jsonb_build_object('proofs', coalesce(proofs, plan -> 'proofs', '[]')))::text as plan"
"""A fix's plan with the proofs that were made last; the plan itself keeps those of its making."""
_PLAN = f"select {PLAN} from pgmend.fix where fix_id = %s"
_STEPS = """
select direction, ordinal, attempt, title, statements, state, started_at, finished_at, error
from pgmend.fix_step where fix_id = %s order by started_at, direction, ordinal, attempt
"""


@dataclass(frozen=True, slots=True)
class ShownFix:
    """One fix and how far it came. `reason` is why it was deferred, refused or failed; `aftermath` what became of the
    statements on its tables once it was applied: `watching`, `quiet`, `regressed` or `ended`."""

    fix_id: UUID
    issue_id: str
    issue_type: str
    schema: str
    table: str
    column: str | None
    kind: str
    state: str
    summary: str
    plan_hash: str
    automatic: bool
    requested_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    undo_until: datetime | None
    rollback_requested_by: str | None
    rolled_back_at: datetime | None
    aftermath: str | None
    aftermath_told: str | None


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step as it went. `intended` without an end is a step whose end nobody saw."""

    direction: str
    ordinal: int
    attempt: int
    title: str
    statements: Sequence[str]
    state: str
    started_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class FixDetail:
    """A fix with its plan, the proofs that were made last, and every step in the order in which they began."""

    fix: ShownFix
    plan: Plan
    steps: tuple[ShownStep, ...]


@dataclass(frozen=True, slots=True)
class FixFilter:
    """Which fixes to show. `state` None is any but superseded."""

    state: str | None = None
    issue_id: str | None = None


async def read_fixes(
    connection: AsyncConnection[TupleRow], wanted: FixFilter, limit: int = DEFAULT_LIMIT, offset: int = 0
) -> Page[ShownFix]:
    """The fixes that match, latest first."""
    parameters = {
        "fix_id": None,
        "issue_id": wanted.issue_id,
        "state": wanted.state,
        "limit": limit,
        "offset": offset,
    }
    counted = await (await connection.execute(_COUNT, parameters)).fetchone()
    found = await _read(connection, parameters)
    return Page(found, counted[0] if counted else 0, limit, offset)


async def read_fix(connection: AsyncConnection[TupleRow], fix_id: UUID) -> ShownFix:
    """One fix; raises NotFound."""
    parameters = {"fix_id": fix_id, "issue_id": None, "state": None, "limit": 1, "offset": 0}
    found = await _read(connection, parameters)
    if not found:
        raise NotFound(f"There is no fix {fix_id}; `pgmend history` shows them.")
    return found[0]


async def read_detail(connection: AsyncConnection[TupleRow], fix_id: UUID) -> FixDetail:
    """One fix with all there is to say; raises NotFound."""
    fix = await read_fix(connection, fix_id)
    row = await (await connection.execute(_PLAN, (fix_id,))).fetchone()
    if row is None:
        raise NotFound(f"Fix {fix_id} was deleted meanwhile.")
    return FixDetail(fix, Plan.from_json(row[0]), await _steps(connection, fix_id))


async def _read(connection: AsyncConnection[TupleRow], parameters: Mapping[str, object]) -> tuple[ShownFix, ...]:
    async with connection.cursor(row_factory=class_row(ShownFix)) as cursor:
        await cursor.execute(_PAGE, parameters)
        return tuple(await cursor.fetchall())


async def _steps(connection: AsyncConnection[TupleRow], fix_id: UUID) -> tuple[ShownStep, ...]:
    async with connection.cursor(row_factory=class_row(ShownStep)) as cursor:
        await cursor.execute(_STEPS, (fix_id,))
        return tuple(await cursor.fetchall())
