"""One look at everything, read-only, on any database: nothing need be installed, nothing is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow

from .catalog.exclusion import LeftAlone
from .catalog.read import Opening, read_snapshot
from .catalog.snapshot import Oid, Snapshot
from .counters.read import read_sequences, sequences_of
from .counters.sequence import SequenceState
from .errors import CouldNotLook
from .expected.state import NOTHING_EXPECTED, Expected
from .expected.watch import Watch
from .fixes.limits import limits_of
from .fixes.plan import Plan
from .fixes.planner import plan_fix
from .garbage import put_by, uncollected
from .hearing.pulse import triggers_fire
from .ignore_file import IgnoreFile
from .impact.impact import UNHEARD
from .issue import Issue
from .judging.examiner import Examiner
from .judging.judge import CheckOutcome, CheckStatus, Judge, Judgement
from .judging.roster import Roster
from .readiness import why_denied
from .relations.measure import measure
from .relations.measurement import Subject
from .relations.reading.reader import CodeReader
from .relations.reading.reading import Reading
from .settings import Settings
from .source.code_types import code_types
from .store.ignored import Ignoring, read_ignored
from .store.impacts import may_read_impacts, read_impacts
from .two_sessions import TwoSessions

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
class IgnoredIssue:
    """An issue that somebody lives with: who, why, until when, and where that is said."""

    issue: Issue
    ignoring: Ignoring
    said_in: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one look found. `checks` says of each rule whether it passed, failed, or could not run, and why.

    What is `ignored` is not among the issues. `complaints` are about the ignore file: what of it is of no use. `unread`
    says which views, functions, statements and files of code were not read, which no rule needs, yet relations may be
    missed for it; and why what pgmend itself has written here was not.
    """

    server: str
    duration_ms: float
    tables: int
    checks: tuple[CheckOutcome, ...]
    issues: tuple[Reported, ...]
    ignored: tuple[IgnoredIssue, ...] = ()
    complaints: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def saw_everything(self) -> bool:
        """Whether no rule was kept from looking: only then may a clean result be called clean."""
        return all(check.status != "could_not_run" for check in self.checks)


async def check(
    connection: AsyncConnection[TupleRow],
    settings: Settings,
    *,
    roster: Roster | None = None,
    ignore_file: IgnoreFile | None = None,
    with_plans: bool = True,
    second: Opening | None = None,
    progress: Progress = lambda _: None,
) -> CheckResult:
    """Look at every table: catalogs, then the counts that decide something, then a plan for each issue.

    `roster` is who judges; None: whom the settings name. What `ignore_file` or the database ignores is set apart.
    `connection` is in autocommit mode; only AccessShare locks are taken. `second` opens another one, which takes
    half of the work where there is enough for two. Raises CouldNotLook where the catalogs do not
    let themselves be read.
    """
    started = time.perf_counter()
    async with TwoSessions(connection, second) as sessions:
        with uncollected():
            progress("reading the catalogs")
            snapshot = await read_snapshot(connection, left_alone=LeftAlone(settings.exclude), second=sessions.lent)
            judge = Judge(roster or Roster.muster(settings), settings.critical_tables)
            progress("reading views, functions and statements")
            examiner, (sequences, reading) = await asyncio.gather(
                asyncio.to_thread(Examiner, judge, snapshot), _beside_the_tables(connection, snapshot)
            )
            examiner.read_off(sequences, None)
            examiner.read(reading)
            unread_code = await _read_code(connection, settings, examiner)
            expected = await _expected(connection, LeftAlone(settings.exclude))
            examiner.expect(expected)
            if await may_read_impacts(connection):
                unheard = None if await triggers_fire(connection) else UNHEARD
                examiner.hear((await read_impacts(connection)).heard(unheard))
            if subjects := examiner.unmeasured(snapshot.tables):
                progress(f"counting the rows of {len(subjects)} relations and keys")
                await _count(sessions, subjects, examiner)
            progress("judging")
            judgement = examiner.examine(examiner.everything())
            put_by()
        open_issues, ignored = set_apart(judgement.issues, ignore_file, await read_ignored(connection))
        mendable = [issue for issue in open_issues if with_plans and issue.remedy is not None]
        plans = await _plans(sessions, mendable, examiner, settings, progress)
        reported = [_reported(issue, plans.get(issue.issue_id)) for issue in open_issues]
    version = await _server(connection)
    return CheckResult(
        version,
        (time.perf_counter() - started) * 1000,
        len(snapshot.tables),
        tuple(_without(check, ignored) for check in judgement.checks),
        tuple(reported),
        tuple(ignored),
        tuple(_complaints(ignore_file, judgement)),
        (*reading.gaps(), *unread_code, *((expected.hidden,) if expected.hidden else ())),
    )


async def _beside_the_tables(
    connection: AsyncConnection[TupleRow], snapshot: Snapshot
) -> tuple[Mapping[Oid, SequenceState], Reading]:
    sequences = await read_sequences(connection, sequences_of(snapshot.tables.values()))
    return sequences, await CodeReader(connection).everything(snapshot)


async def _read_code(connection: AsyncConnection[TupleRow], settings: Settings, examiner: Examiner) -> list[str]:
    """Let relations be drawn from what the application's code compares; the files that could not be read."""
    if settings.code is None:
        return []
    from .codebase.pieces import pieces_of  # noqa: PLC0415 - without code nobody need load them
    from .source.extraction import extract  # noqa: PLC0415

    extraction = extract(settings.code, settings.code_exclude)
    pieces = [piece for each in extraction.statements if each.live for piece in pieces_of(each)]
    examiner.read(await CodeReader(connection).code(examiner.snapshot, pieces))
    return [f"{each.path}:{each.line} of the code: {each.reason}" for each in extraction.unreadable]


def set_apart(
    issues: Sequence[Issue], file: IgnoreFile | None, here: Mapping[str, Ignoring]
) -> tuple[list[Issue], list[IgnoredIssue]]:
    """The issues that matter, and those that somebody lives with; what was said in the database comes first."""
    now = datetime.now(UTC)
    matter: list[Issue] = []
    ignored: list[IgnoredIssue] = []
    for issue in issues:
        said, entry = here.get(issue.issue_id), file and file.why_ignored(issue, now)
        if said is not None and said.definition_hash in (None, issue.definition_hash):
            ignored.append(IgnoredIssue(issue, said, "pgmend.ignored_issue"))
        elif file is not None and entry:
            said = Ignoring(issue.issue_id, entry.reason, entry.owner, entry.until, entry.definition)
            ignored.append(IgnoredIssue(issue, said, f"{file.path} {entry}"))
        else:
            matter.append(issue)
    return matter, ignored


def _without(check: CheckOutcome, ignored: Sequence[IgnoredIssue]) -> CheckOutcome:
    """How the rule fared, its ignored issues left out."""
    left = check.issues - sum(each.issue.issue_type == check.issue_type for each in ignored)
    status = check.status
    if status is CheckStatus.FAILED and not left:
        status = CheckStatus.SKIPPED if check.undecided else CheckStatus.PASSED
    return replace(check, issues=left, status=status)


def _complaints(file: IgnoreFile | None, judgement: Judgement) -> Iterator[str]:
    """What of the ignore file cannot be used, is over, or covers nothing; the last only where all rules looked."""
    if file is None:
        return
    yield from file.complaints
    seen = (CheckStatus.PASSED, CheckStatus.FAILED)
    unseen = [check.issue_type for check in judgement.checks if check.status not in seen]
    yield from file.stale(judgement.issues, datetime.now(UTC), unseen=[*unseen, *code_types()])


async def _expected(connection: AsyncConnection[TupleRow], left_alone: LeftAlone) -> Expected:
    """How the database differs from the expected schema, where pgmend is installed and knows one."""
    try:
        # A role that may not use the schema is refused already when it asks for a name in it.
        known = await connection.execute("select pg_catalog.to_regclass('pgmend.expectation') is not null")
        if await known.fetchone() != (True,):
            return NOTHING_EXPECTED
        watch = Watch(connection, left_alone)
        await watch.look()
    except errors.InsufficientPrivilege as error:
        return Expected(hidden=f"Whether a schema is expected cannot be told. {await why_denied(connection, error)}")
    return watch.expected


async def _count(sessions: TwoSessions, subjects: Collection[Subject], examiner: Examiner) -> None:
    """Let the examiner learn what the rows say of the subjects."""
    snapshot = examiner.snapshot

    async def counted(connection: AsyncConnection[TupleRow], some: Sequence[Subject]) -> None:
        examiner.learn(await measure(connection, some, snapshot, budget=MEASURING_BUDGET))

    order = sorted(subjects, key=lambda each: (snapshot.tables[each.table].statistics.pages, each.table))
    await sessions.each(counted, [half for half in (order[::2], order[1::2]) if half])


async def _plans(
    sessions: TwoSessions, issues: Sequence[Issue], examiner: Examiner, settings: Settings, progress: Progress
) -> Mapping[str, Plan | None]:
    """The plans by issue id; None where the catalogs let none be made."""
    begun = count(1)

    async def planned(connection: AsyncConnection[TupleRow], issue: Issue) -> Plan | None:
        progress(f"planning {next(begun)} of {len(issues)}")
        try:
            return await plan_fix(
                connection, issue, examiner.snapshot, limits=limits_of(settings), fix_id=NO_FIX, read_just_now=True
            )
        except CouldNotLook:
            return None

    plans = await sessions.each(planned, issues)
    return {issue.issue_id: plan for issue, plan in zip(issues, plans, strict=True)}


def _reported(issue: Issue, plan: Plan | None) -> Reported:
    return Reported(issue, plan, _why_not(issue, plan))


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
