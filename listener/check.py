"""One look at everything, read-only, on any database: nothing need be installed, nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow

from .catalog.exclusion import LeftAlone
from .catalog.read import read_snapshot
from .errors import CouldNotLook
from .expected.state import NOTHING_EXPECTED, Expected
from .expected.watch import Watch
from .fixes.limits import limits_of
from .fixes.plan import Plan
from .fixes.planner import plan_fix
from .garbage import uncollected
from .issue import Issue
from .judging.examiner import Examiner
from .judging.judge import CheckOutcome, Judge
from .relations.measure import measure
from .settings import Settings

MEASURING_BUDGET = timedelta(seconds=20)
NO_FIX = UUID(int=0)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Reported:
    """An issue as faces show it: with its plan, and why it is not fixed alone (None: it would be)."""

    issue: Issue
    plan: Plan | None
    why_not_auto: str | None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one look found. `checks` says of each rule whether it passed, failed, or could not run, and why."""

    server: str
    duration_ms: float
    tables: int
    checks: tuple[CheckOutcome, ...]
    issues: tuple[Reported, ...]

    @property
    def saw_everything(self) -> bool:
        """Whether no rule was kept from looking: only then may a clean result be called clean."""
        return all(check.status != "could_not_run" for check in self.checks)


async def check(
    connection: AsyncConnection[TupleRow],
    settings: Settings,
    *,
    with_plans: bool = True,
    progress: Progress = lambda _: None,
) -> CheckResult:
    """Look at every table: catalogs, then the counts that decide something, then a plan for each issue.

    `connection` is in autocommit mode; only AccessShare locks are taken. Raises CouldNotLook where the catalogs do not
    let themselves be read.
    """
    started = time.perf_counter()
    with uncollected():
        progress("reading the catalogs")
        snapshot = await read_snapshot(connection, left_alone=LeftAlone(settings.exclude))
        examiner = Examiner(Judge(critical_tables=settings.critical_tables), snapshot)
        examiner.expect(await _expected(connection, LeftAlone(settings.exclude)))
        if links := examiner.unmeasured(snapshot.tables):
            progress(f"counting the rows of {len(links)} relations")
            measured = await measure(connection, links, snapshot, budget=MEASURING_BUDGET)
            examiner.learn(measured.containment)
        progress("judging")
        judgement = examiner.examine(examiner.everything())
    reported: list[Reported] = []
    for number, issue in enumerate(judgement.issues, 1):
        plan = None
        if with_plans and issue.remedy is not None:
            progress(f"planning {number} of {len(judgement.issues)}")
            plan = await _plan(connection, issue, examiner, settings)
        reported.append(Reported(issue, plan, _why_not(issue, plan)))
    version = await _server(connection)
    return CheckResult(
        version, (time.perf_counter() - started) * 1000, len(snapshot.tables), judgement.checks, tuple(reported)
    )


async def _expected(connection: AsyncConnection[TupleRow], left_alone: LeftAlone) -> Expected:
    """How the database differs from the expected schema, where pgmend is installed and knows one."""
    row = await (await connection.execute("select pg_catalog.to_regclass('pgmend.expectation') is not null")).fetchone()
    if row is None or not row[0]:
        return NOTHING_EXPECTED
    watch = Watch(connection, left_alone)
    try:
        await watch.look()
    except errors.InsufficientPrivilege:
        return Expected(hidden="Whether a schema is expected cannot be told: this role may not read schema pgmend.")
    return watch.expected


async def _plan(
    connection: AsyncConnection[TupleRow], issue: Issue, examiner: Examiner, settings: Settings
) -> Plan | None:
    try:
        return await plan_fix(connection, issue, examiner.snapshot, limits=limits_of(settings), fix_id=NO_FIX)
    except CouldNotLook:
        return None


def _why_not(issue: Issue, plan: Plan | None) -> str:
    """A check has no history: it cannot know that an event opened the issue, and so nothing is automatic."""
    if issue.remedy is None:
        return issue.doubt or "it takes a person to decide"
    if plan is not None and plan.refusal:
        return f"no plan is possible: {plan.refusal}"
    return issue.doubt or "a single check fixes nothing; `pgmend start` does, or `pgmend fix`"


async def _server(connection: AsyncConnection[TupleRow]) -> str:
    row = await (await connection.execute("select pg_catalog.current_setting('server_version')")).fetchone()
    return f"PostgreSQL {row[0]}" if row else "PostgreSQL"
