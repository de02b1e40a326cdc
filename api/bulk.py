"""Many fixes at once: proposed together, ordered by what needs what, approved plan by plan, watched to their end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..listener.desk import Desk, IssueFilter, Preview, ShownFix, ShownIssue
from ..listener.errors import FixError, InvalidRequest, NotFound, PlanStale
from ..listener.fixes.order import ordered
from ..listener.fixes.preflight import objection
from .report.document import SCHEMA_VERSION, plan_document
from .report.printable import one_line, printable
from .report.script import comment, plan_lines, preamble
from .report.terminal import plan_text
from .report.view import view_shown

_PAUSE_SECONDS = 0.1
_ENDED = frozenset({"applied", "refused", "failed", "deferred", "superseded", "rolled_back"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """An issue with its plan, or with the reason why there is none."""

    issue: ShownIssue
    preview: Preview | None
    refusal: str | None

    @property
    def feasible(self) -> bool:
        """Whether approving it would do something."""
        return self.objection is None

    @property
    def objection(self) -> str | None:
        """Why it cannot be applied as things are: no plan, or one that a check speaks against."""
        if self.preview is None:
            return self.refusal or "no plan"
        plan = self.preview.plan
        if plan.refusal or plan.waits_for:
            return plan.refusal or f"waits for {plan.waits_for}"
        return objection(plan.proofs)


async def propose(desk: Desk, issue_ids: Sequence[str] | None, select: str | None = None) -> tuple[Proposal, ...]:
    """Plans for those issues, or for every open one; in the order in which they can be applied."""
    issues = [await desk.issue(each) for each in issue_ids] if issue_ids else await _open_issues(desk, select)
    proposals = [await _propose(desk, issue) for issue in issues]
    return tuple(ordered(proposals, key=lambda each: each.preview.plan if each.preview else None))


def render(proposals: Sequence[Proposal], form: str, *, colour: bool = False) -> str:
    """Proposals as text, as the JSON that `fix --plan` takes, or as a script for psql."""
    if form == "json":
        plans = [_document(each) for each in proposals]
        return json.dumps({"schema_version": SCHEMA_VERSION, "plans": plans}, ensure_ascii=False, indent=2)
    if form == "sql":
        return "\n".join([*preamble(), *(line for each in proposals for line in _script(each))])
    console = Console(soft_wrap=True, force_terminal=colour, no_color=not colour, width=160)
    with console.capture() as capture:
        for each in proposals:
            console.print(_block(each))
        feasible = sum(each.feasible for each in proposals)
        console.print(f"{feasible} of {len(proposals)} issues can be fixed.")
    return capture.get().rstrip()


def read_plan_file(file: Path) -> Mapping[str, str]:
    """Plan hashes by issue id, as `pgmend plan --format json` wrote them; raises InvalidRequest."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        plans = document["plans"]
        return {each["issue_id"]: each["plan"]["plan_hash"] for each in plans if each["plan"] is not None}
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(f"{file} is no plan file; make one with `pgmend plan --format json -o FILE`.") from error


async def watch(desk: Desk, fix_id: UUID, ends: frozenset[str] = _ENDED) -> ShownFix:
    """The fix once it has ended, one way or another."""
    while True:
        fix = (await desk.fix(fix_id)).fix
        if fix.state in ends:
            return fix
        await asyncio.sleep(_PAUSE_SECONDS)


class Bulk:
    """Applies proposals in order. `frozen` plans are applied as they stand in a file or not at all; with `follow`,
    issues that only the applied fixes brought to light are mended too."""

    def __init__(
        self, desk: Desk, console: Console, *, frozen: Mapping[str, str] | None = None, follow: bool = False
    ) -> None:
        self._desk = desk
        self._console = console
        self._frozen = frozen
        self._follow = follow
        self._tried: set[str] = set()

    async def apply(self, proposals: Sequence[Proposal]) -> bool:
        """Whether every feasible one was applied; each that was not is told with its reason."""
        if self._frozen is not None:
            self._refuse_stale(proposals, self._frozen)
        good = True
        while proposals:
            for each in proposals:
                if not each.feasible:
                    self._tell("left", each.issue, each.objection or "")
            good = await self._round([each for each in proposals if each.feasible]) and good
            self._tried |= {each.issue.issue_id for each in proposals}
            proposals = await self._next() if self._follow else ()
        return good

    async def _round(self, proposals: Sequence[Proposal]) -> bool:
        good = True
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as progress:
            task = progress.add_task("mending", total=len(proposals))
            for each in proposals:
                progress.update(task, description=one_line(view_shown(each.issue).where)[:40])
                good = await self._one(each) and good
                progress.advance(task)
        return good

    async def _one(self, proposal: Proposal) -> bool:
        issue = await self._desk.issue(proposal.issue.issue_id)
        if issue.status == "resolved":
            self._tell("already well", issue, "another fix resolved it")
            return True
        try:
            fix = await self._approved(proposal)
        except FixError as error:
            self._tell("refused", issue, str(error))
            return False
        ended = await watch(self._desk, fix.fix_id)
        while ended.state == "superseded" and self._frozen is None:
            try:
                fix = await self._approved(proposal)
            except (FixError, NotFound):
                break
            ended = await watch(self._desk, fix.fix_id)
        self._tell(ended.state, issue, ended.summary if ended.state == "applied" else ended.reason or "")
        return ended.state == "applied"

    async def _approved(self, proposal: Proposal) -> ShownFix:
        """Approve the plan that was shown; where only our own earlier fixes moved its tables, the same plan anew."""
        assert proposal.preview is not None
        issue_id = proposal.issue.issue_id
        try:
            return await self._desk.approve(issue_id, proposal.preview.fix.plan_hash)
        except PlanStale:
            if self._frozen is not None:
                raise
            fresh = await self._desk.preview(issue_id)
            if not fresh.plan.is_within(proposal.preview.plan):
                raise
            return await self._desk.approve(issue_id, fresh.fix.plan_hash)

    async def _next(self) -> tuple[Proposal, ...]:
        found = await propose(self._desk, None)
        return tuple(each for each in found if each.issue.issue_id not in self._tried)

    def _refuse_stale(self, proposals: Sequence[Proposal], frozen: Mapping[str, str]) -> None:
        stale = [
            each.issue.issue_id
            for each in proposals
            if each.preview is None or each.preview.fix.plan_hash != frozen[each.issue.issue_id]
        ]
        if stale:
            raise PlanStale(
                f"The plan file is stale: the plans of {', '.join(stale)} are others now. Nothing was applied;"
                " make the file anew with `pgmend plan --format json -o FILE`."
            )

    def _tell(self, state: str, issue: ShownIssue, why: str) -> None:
        where = view_shown(issue).where
        self._console.print(Text(f"{state:<12} {issue.issue_type} {one_line(where)}: {printable(why)}"))


async def _open_issues(desk: Desk, select: str | None) -> list[ShownIssue]:
    found: list[ShownIssue] = []
    while True:
        page = (await desk.issues(IssueFilter(issue_type=select), limit=500, offset=len(found))).page
        found += page.items
        if len(found) >= page.total or not page.items:
            return found


async def _propose(desk: Desk, issue: ShownIssue) -> Proposal:
    try:
        return Proposal(issue, await desk.preview(issue.issue_id), None)
    except FixError as error:
        return Proposal(issue, None, str(error))


def _document(proposal: Proposal) -> dict[str, object]:
    plan = proposal.preview.plan if proposal.preview else None
    return {
        "issue_id": proposal.issue.issue_id,
        "issue_type": proposal.issue.issue_type,
        "fix_id": str(proposal.preview.fix.fix_id) if proposal.preview else None,
        "refusal": proposal.refusal,
        "plan": None if plan is None else plan_document(plan),
    }


def _block(proposal: Proposal) -> Group:
    view = view_shown(proposal.issue)
    head = Text(f"{view.issue_type} {one_line(view.where)}  {view.issue_id}", style="bold underline")
    if proposal.preview is None:
        return Group(head, Text(f"no plan: {printable(proposal.refusal or '')}", style="magenta"))
    return Group(head, plan_text(proposal.preview.plan, only_read=proposal.objection))


def _script(proposal: Proposal) -> Iterator[str]:
    view = view_shown(proposal.issue)
    yield from comment(f"{view.issue_type} {one_line(view.where)} ({view.issue_id}): {view.sentence}")
    if proposal.preview is None:
        yield from comment(f"no plan: {proposal.refusal or ''}")
    else:
        plan = proposal.preview.plan
        for proof in plan.proofs:
            yield from comment(f"{proof.name}: {proof.verdict.value}: {proof.figures}")
        yield from plan_lines(plan, only_read=proposal.objection)
    yield ""
