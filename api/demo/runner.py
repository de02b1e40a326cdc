"""`pgmend demo`: a sick application healed before one's eyes, with timings."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...listener.desk import FixFilter, IssueFilter, ShownFix, ShownIssue
from ...listener.embedded import Cluster
from ...listener.issue import Severity
from ..bulk import Bulk
from ..proposal import propose
from ..report.plan_code import code_lines
from ..report.printable import printable
from ..watching import UNDONE_OR_NOT, watch
from .accidents import ACCIDENTS, CHANGE_OF_MIND, Accident, ChangeOfMind, Healing
from .code import CREDIT_NOTES, RENAME, VENUES, code
from .deed import Failing, do
from .sample import FOR_A_PERSON, ROWS, TABLES
from .stage import Stage, playing, prepare, put_in

_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.005
_CHANGED = 2
_BROKEN = 3


@dataclass
class Outcome:
    """One line of the closing table."""

    what: str
    expected: str
    came: str
    good: bool
    opened_ms: float | None = None
    healed_ms: float | None = None


@dataclass
class Demo:
    """Plays act by act and keeps what came of each."""

    console: Console
    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    async def play(self, *, once: bool) -> bool:
        """Whether all was healed and rolled back as told."""
        started = time.perf_counter()
        self._say("Starting an embedded PostgreSQL …")
        cluster = Cluster(settings={"max_connections": "50"})
        await asyncio.to_thread(cluster.start)
        try:
            self._say(f"Building a sample application: {TABLES} tables, about {ROWS:,} rows …")
            dsn = await prepare(cluster)
            await asyncio.to_thread(put_in, dsn)
            self._say("Installed. The listener looks at everything for the first time …")
            async with playing(cluster, dsn) as stage:
                await self._acts(stage)
                self._close(time.perf_counter() - started)
                if not once:
                    await self._stay(stage)
        finally:
            await asyncio.to_thread(cluster.stop)
        return all(each.good for each in self.outcomes)

    async def _acts(self, stage: Stage) -> None:
        await self._backlog(stage)
        for accident in ACCIDENTS:
            await self._accident(stage, accident)
        await self._change_of_mind(stage)
        await self._rename(stage)
        await self._type_and_code(stage)

    async def _backlog(self, stage: Stage) -> None:
        await _settled_issues(stage)
        before = await _open(stage)
        self.console.rule("The backlog: what was there when pgmend was installed")
        counts = Counter((each.severity.value, each.issue_type) for each in before)
        table = Table("severity", "type", "issues")
        for (severity, kind), count in sorted(counts.items()):
            table.add_row(severity, kind, str(count))
        self.console.print(table)
        self._say("Nothing of it is touched without a word. One approval heals it (pgmend fix --all --yes):")
        started = time.perf_counter()
        bulk = Bulk(stage.desk, self.console)
        await bulk.apply(await propose(stage.desk))
        await bulk.follow()
        took = (time.perf_counter() - started) * 1000
        left = await propose(stage.desk)
        hints = [each for each in left if each.issue.severity is Severity.LOW]
        decisions = frozenset((each.issue.issue_type, each.issue.table) for each in left if each not in hints)
        self.outcomes.append(
            Outcome(
                f"backlog of {len(before)}",
                "healed by one approval",
                f"{len(left) - len(hints)} left to a person, and {len(hints)} hints",
                bulk.tally.failed == 0 and not any(each.feasible for each in left) and decisions == FOR_A_PERSON,
                healed_ms=took,
            )
        )

    async def _accident(self, stage: Stage, accident: Accident) -> None:
        self.console.rule("An accident")
        self._say(accident.title)
        for statement in accident.deed.statements:
            self._say(f"  {accident.deed.application_name}: {_text(statement)}")
        started = time.perf_counter()
        await do(accident.deed, stage.dsn)
        done = time.perf_counter()
        issue = await _wait_for_issue(stage, accident)
        opened_ms = (time.perf_counter() - done) * 1000
        self._say(f"Seen after {opened_ms:.0f} ms: {issue.current_state}")
        if issue.cause is not None:
            cause = issue.cause
            self._say(
                f"  by {cause.session_role} from {cause.application_name}: {cause.statement or cause.command_tag}"
            )
        if accident.healing is Healing.ON_APPROVAL:
            issue = await _wait_for_verdict(stage, issue)
            self._say(f"  not healed alone: {issue.why_not_auto}")
            self._say("  approved.")
            preview = await stage.desk.preview(issue.issue_id)
            await stage.desk.approve(issue.issue_id, preview.plan.plan_hash)
        fix = await _wait_for_fix(stage, issue)
        healed_ms = (time.perf_counter() - started) * 1000
        if fix is None:
            why = (await stage.desk.issue(issue.issue_id)).why_not_auto or "nobody says why"
            self._say(f"not healed after {healed_ms:.0f} ms: {why}")
            self.outcomes.append(Outcome(accident.name, f"healed {accident.healing.value}", "not healed", good=False))
            return
        good = fix.state == "applied" and fix.automatic == (accident.healing is Healing.ALONE)
        good = good and await _answers(stage, accident.question) == [(True,)]
        self._say(f"{fix.state} after {healed_ms:.0f} ms: {fix.summary}{f' ({fix.reason})' if fix.reason else ''}")
        self.outcomes.append(
            Outcome(accident.name, f"healed {accident.healing.value}", fix.state, good, opened_ms, healed_ms)
        )

    async def _change_of_mind(self, stage: Stage) -> None:
        mind = CHANGE_OF_MIND
        self.console.rule("A change of mind")
        self._say(mind.title)
        await do(mind.writes, stage.dsn)
        self._say("The application went on writing; now what was done to the column is rolled back, the last first.")
        started = time.perf_counter()
        state = "rolled_back"
        for fix in await _applied(stage, mind):
            await stage.desk.rollback(fix.fix_id)
            ended = await watch(stage.desk, fix.fix_id, UNDONE_OR_NOT)
            self._say(f"  {ended.state}: {ended.summary}{f' ({ended.reason})' if ended.reason else ''}")
            state = ended.state if state == "rolled_back" else state
        took = (time.perf_counter() - started) * 1000
        rows = await _answers(stage, mind.question)
        self._say(f"After {took:.0f} ms the rows are: {rows}")
        kept = tuple(rows) == mind.expected
        self.outcomes.append(
            Outcome(
                mind.name,
                "undone, later writes kept",
                f"{state.replace('_', ' ')}, {'kept' if kept else 'NOT kept'}",
                state == "rolled_back" and kept,
                healed_ms=took,
            )
        )

    async def _rename(self, stage: Stage) -> None:
        """A column is renamed under the application's code."""
        self.console.rule("A rename, and the code that does not know of it")
        async with code(stage.dsn, VENUES) as tree:
            clean = await tree.issues() == 0
            self._say("Somebody thinks that score is a better word than rating, for venues and not for reviews:")
            self._say(f"  {RENAME.application_name}: {_text(RENAME.statements[0])}")
            await do(RENAME, stage.dsn)
            async with _patience("the statements that the rename broke had a patch"):
                broken, opened_ms = await tree.until_broken(_BROKEN)
            self._say(f"{_BROKEN} statements are wrong after {opened_ms:.0f} ms, and the patch is ready:")
            self.console.print(Text(printable(broken.patch), "dim"), soft_wrap=True)
            started = time.perf_counter()
            applied = await tree.mend(broken)
            healed_ms = opened_ms + (time.perf_counter() - started) * 1000
            right = applied is not None and not applied.analysis.issues
            self._say(
                "Written, read again and described again by the server: nothing is wrong." if right else "Not right."
            )
        self.outcomes.append(
            Outcome(
                "column renamed",
                "code mended",
                "mended" if right else "not mended",
                clean and right,
                opened_ms,
                healed_ms,
            )
        )

    async def _type_and_code(self, stage: Stage) -> None:
        """The type that was taken back is changed after all, and the code that had to work around it with it."""
        mind = CHANGE_OF_MIND
        self.console.rule("A type, and the code that goes with it")
        self._say(
            f"The accountants give in. The plan for {mind.table}.{mind.column} shows the code that changes with it:"
        )
        async with code(stage.dsn, CREDIT_NOTES) as tree:
            issue = await _wait_for_open(stage, mind)
            preview = await stage.desk.preview(issue.issue_id)
            changes = await tree.goes_with(preview.plan.remedy)
            assert changes is not None
            for line in code_lines(changes, tree.root):
                self.console.print(Text(line, "dim"), soft_wrap=True)
            started = time.perf_counter()
            await stage.desk.approve(issue.issue_id, preview.plan.plan_hash)
            fix = await _wait_for_fix(stage, issue)
            tree.write(changes)
            left = await tree.issues()
            took = (time.perf_counter() - started) * 1000
        right = fix is not None and fix.state == "applied" and len(changes.changes) == _CHANGED and left == 0
        self._say("Column and code are changed; the server takes each statement." if right else "Not right.")
        self.outcomes.append(
            Outcome("type with its code", "both changed", "both" if right else "not both", right, healed_ms=took)
        )

    def _close(self, seconds: float) -> None:
        self.console.print(closing_table(self.outcomes, seconds))

    async def _stay(self, stage: Stage) -> None:
        self._say("The listener goes on until Ctrl-C. Try it:")
        self.console.print(f"  psql:  {stage.psql}", soft_wrap=True, markup=False, highlight=False)
        self.console.print("         select * from pgmend.status;  select * from pgmend.fix_history;", markup=False)
        self.console.print(
            f"  HTTP:  curl -H 'Authorization: Bearer {stage.token}' {stage.address}/api/database-health/status",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )
        await asyncio.Event().wait()

    def _say(self, text: str) -> None:
        self.console.print(Text(printable(text)))


def closing_table(outcomes: Iterable[Outcome], seconds: float) -> Table:
    """What came of each act, one line each where there is room for 80 columns."""
    table = Table("what", "expected", "came to", "seen", "healed", "", title=f"The demo in {seconds:.0f} s")
    for each in outcomes:
        table.add_row(
            each.what,
            each.expected,
            each.came,
            "" if each.opened_ms is None else f"{each.opened_ms:.0f} ms",
            "" if each.healed_ms is None else f"{each.healed_ms:.0f} ms",
            Text("as told", style="green") if each.good else Text("NOT as told", style="bold red"),
        )
    return table


@asynccontextmanager
async def _patience(until: str) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            yield
    except TimeoutError:
        raise TimeoutError(f"The demo waited for {_PATIENCE_SECONDS:.0f} s in vain until {until}.") from None


async def _applied(stage: Stage, mind: ChangeOfMind) -> list[ShownFix]:
    """What was applied to the column, the last first: what stands on its type, then the type."""
    fixes = await stage.desk.fixes(FixFilter(state="applied"), limit=500)
    return [each for each in fixes.items if (each.table, each.column) == (mind.table, mind.column)]


async def _answers(stage: Stage, question: LiteralString) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(stage.dsn) as connection:
        return await (await connection.execute(question)).fetchall()


async def _open(stage: Stage) -> tuple[ShownIssue, ...]:
    return (await stage.desk.issues(IssueFilter(), limit=500)).page.items


async def _settled_issues(stage: Stage) -> None:
    """Wait until every issue has been weighed, and the counting has come to its end."""
    last = -1
    async with _patience("every issue was weighed"):
        while True:
            issues = await _open(stage)
            weighed = all(each.auto_fixable or each.why_not_auto for each in issues)
            if weighed and len(issues) == last:
                return
            last = len(issues)
            await asyncio.sleep(1)


async def _wait_for_issue(stage: Stage, accident: Accident) -> ShownIssue:
    async with _patience(f"{accident.issue_type} was opened on {accident.table}.{accident.column}"):
        while True:
            wanted = IssueFilter(status=None, issue_types=(accident.issue_type,), table=accident.table)
            for issue in (await stage.desk.issues(wanted)).page.items:
                named = (issue.column or "", issue.object_name or "") == (accident.column, accident.object_name)
                by_whom = issue.cause.application_name if issue.cause else None
                if (
                    named
                    and not issue.backlog
                    and by_whom == (None if accident.unheard else accident.deed.application_name)
                ):
                    return issue
            await asyncio.sleep(_LOOK_SECONDS)


async def _wait_for_open(stage: Stage, mind: ChangeOfMind) -> ShownIssue:
    async with _patience(f"{mind.issue_type} was open again on {mind.table}.{mind.column}"):
        while True:
            wanted = IssueFilter(issue_types=(mind.issue_type,), table=mind.table)
            for issue in (await stage.desk.issues(wanted)).page.items:
                if issue.column == mind.column:
                    return issue
            await asyncio.sleep(_LOOK_SECONDS)


async def _wait_for_verdict(stage: Stage, issue: ShownIssue) -> ShownIssue:
    async with _patience(f"issue {issue.issue_id} had a plan and a verdict"):
        while not issue.why_not_auto or issue.fix is None:
            await asyncio.sleep(_LOOK_SECONDS)
            issue = await stage.desk.issue(issue.issue_id)
    return issue


async def _wait_for_fix(stage: Stage, issue: ShownIssue) -> ShownFix | None:
    """The fix, once it has come to an end; None where none did."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                fixes = (await stage.desk.fixes(FixFilter(issue_id=issue.issue_id))).items
                ended = [each for each in fixes if each.state in {"applied", "refused", "failed", "deferred"}]
                if ended and ended[0].changed_at >= issue.opened_at:
                    return ended[0]
                await asyncio.sleep(_LOOK_SECONDS)
    return None


def _text(statement: LiteralString | Failing) -> str:
    return statement.statement if isinstance(statement, Failing) else statement
