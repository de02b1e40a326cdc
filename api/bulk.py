"""Many fixes at once: approved plan by plan as they were shown, each watched to its end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from ..listener.catalog.snapshot import Oid
from ..listener.desk import Desk, ShownFix, ShownIssue
from ..listener.errors import FixDeferred, FixError, NotFound, PlanStale
from ..listener.fixes.plan import CastClass, Plan
from ..listener.remedy import DropIndex
from .proposal import Proposal, propose
from .report.printable import one_line, printable
from .report.view import view_shown
from .watching import watch

_ON_ITS_WAY = frozenset({"approved", "queued", "running", "deferred"})
_WAITING = frozenset({"queued", "deferred"})
_SUPERSEDED_AT_MOST = 5
_PAUSE_SECONDS = 0.05
_LOOKS = 100
_TOLD_ONE_BY_ONE = 3


@dataclass(slots=True)
class Tally:
    """How many issues came to which end. `left` take a person; `refused` are those whose plan refuses, or that a check
    speaks against; `failed` were approved, or were to be, and are not applied."""

    applied: int = 0
    left: int = 0
    refused: int = 0
    failed: int = 0


class Bulk:
    """Applies proposals in order. `frozen` plans are applied as they stand in a file or not at all, and with them what
    they say comes afterwards."""

    def __init__(self, desk: Desk, console: Console, *, frozen: Mapping[str, str] | None = None) -> None:
        self._desk = desk
        self._console = console
        self._frozen = frozen
        self._known: set[str] = set()
        self._touched: set[Oid] = set()
        self._promised: list[Plan] = []
        self.tally = Tally()
        self.doing = "connecting"

    @property
    def is_frozen(self) -> bool:
        """Whether only the plans of a file are applied."""
        return self._frozen is not None

    async def apply(self, proposals: Sequence[Proposal]) -> None:
        """Approve what can be applied, one after the other; each end is told with its reason.

        Raises PlanStale before anything is approved where `frozen` plans are others now, and FixDeferred where nobody
        works on what was approved: then the rest is not approved.
        """
        if self._frozen is not None:
            self._refuse_stale(proposals, self._frozen)
        await self._apply(proposals)

    async def _apply(self, proposals: Sequence[Proposal]) -> None:
        self._known |= {each.issue.issue_id for each in proposals}
        self._leave_all([each for each in proposals if not each.feasible])
        feasible = [each for each in proposals if each.feasible]
        for number, each in enumerate(feasible, 1):
            where = view_shown(each.issue).where
            self.doing = f"mending {number} of {len(feasible)}: {each.issue.issue_type} {where}"
            try:
                await self._one(each)
            except FixDeferred as waits:
                self.tally.failed += 1 + len(feasible) - number
                rest = f" {len(feasible) - number} more were not approved." if number < len(feasible) else ""
                raise FixDeferred(f"{each.issue.issue_type} {one_line(where)}: {waits}{rest}") from waits

    async def keep_promises(self) -> None:
        """Apply what the plans of applied fixes said comes afterwards, where it has come to that."""
        while promised := [each for each in await self.brought_to_light() if self._is_promised(each)]:
            await self._apply(promised)

    async def follow(self) -> None:
        """Apply what only the applied fixes brought to light, as long as who approved them would expect it: on tables
        that they changed, dropping nothing and changing no spelling. The rest is told and left."""
        while found := await self.brought_to_light():
            expected = [each for each in found if self._is_expected(each)]
            self._known |= {each.issue.issue_id for each in found}
            for each in found:
                if each not in expected:
                    why = "it came to light meanwhile; nobody was shown its plan" if each.feasible else each.objection
                    self._tell("left", each.issue, why or "")
            await self._apply(expected)

    async def brought_to_light(self) -> tuple[Proposal, ...]:
        """Plans of open issues that no round has seen."""
        self.doing = "looking at what the fixes brought to light"
        await self._all_read()
        found = await propose(self._desk)
        return tuple(each for each in found if each.issue.issue_id not in self._known)

    def _is_promised(self, proposal: Proposal) -> bool:
        plan = proposal.preview.plan if proposal.preview and proposal.feasible else None
        return plan is not None and any(plan.is_within(promised) for promised in self._promised)

    def _is_expected(self, proposal: Proposal) -> bool:
        if proposal.preview is None or not proposal.feasible:
            return False
        plan = proposal.preview.plan
        drops = isinstance(plan.remedy, DropIndex) or plan.undoes_drop
        on_touched = any(oid in self._touched for oid in plan.remedy.tables[:1])
        return on_touched and not drops and plan.cast_class in (None, CastClass.EXACT)

    async def _one(self, proposal: Proposal) -> None:
        issue = await self._desk.issue(proposal.issue.issue_id)
        if issue.status == "resolved":
            self._tell("already well", issue, "another fix resolved it")
            return
        try:
            ended = await self._carried_out(proposal)
        except FixDeferred:
            raise
        except FixError as error:
            self._tell("refused", issue, str(error))
            self.tally.failed += 1
            return
        if ended.state == "applied":
            assert proposal.preview is not None
            self.tally.applied += 1
            plan = proposal.preview.plan
            self._touched.update(plan.remedy.tables[:1])
            if plan.afterwards is not None:
                self._promised.append(plan.afterwards)
        else:
            self.tally.failed += 1
        self._tell(ended.state, issue, ended.summary if ended.state == "applied" else ended.reason or "")

    async def _carried_out(self, proposal: Proposal) -> ShownFix:
        """How it ended. What a newer plan supersedes is approved anew if it is the same to whoever approved it."""
        ended = await watch(self._desk, (await self._approved(proposal)).fix_id)
        for _ in range(_SUPERSEDED_AT_MOST):
            issue = await self._desk.issue(proposal.issue.issue_id)
            if ended.state != "superseded" or issue.status != "open":
                break
            try:
                fix = await self._approved(proposal)
            except (FixError, NotFound):
                break
            ended = await watch(self._desk, fix.fix_id)
        return ended

    async def _approved(self, proposal: Proposal) -> ShownFix:
        """Approve the plan that was shown, unless somebody has already; where only our own earlier fixes moved its
        tables, the same plan anew."""
        assert proposal.preview is not None
        issue_id = proposal.issue.issue_id
        shown = (await self._desk.fix(proposal.preview.fix.fix_id)).fix
        if shown.state in _ON_ITS_WAY:
            if shown.automatic and shown.state in _WAITING:
                with suppress(FixError):  # it has gone on meanwhile, and is watched to its end
                    return await self._desk.approve(issue_id, shown.plan_hash)
            return shown
        plan_hash = proposal.preview.fix.plan_hash
        for _ in range(_SUPERSEDED_AT_MOST):
            try:
                return await self._desk.approve(issue_id, plan_hash)
            except PlanStale:
                await self._all_read()
                if self.is_frozen and await self._desk.moved_by_others(proposal.preview.fix.fix_id):
                    raise
                fresh = await self._desk.preview(issue_id)
                if not fresh.plan.is_within(proposal.preview.plan):
                    raise
                plan_hash = fresh.fix.plan_hash
        return await self._desk.approve(issue_id, plan_hash)

    async def _all_read(self) -> None:
        """Return when the listener has looked at what the fixes changed, or soon."""
        for _ in range(_LOOKS):
            if not (await self._desk.status()).unread_events:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

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

    def _leave_all(self, proposals: Sequence[Proposal]) -> None:
        """What is not tried; of one sort that a person has to decide, only a few are told one by one."""
        many = Counter(each.issue.issue_type for each in proposals if each.needs_a_person)
        for each in proposals:
            if not each.needs_a_person:
                self.tally.refused += 1
                self._tell("refused", each.issue, each.objection or "")
                continue
            self.tally.left += 1
            if many[each.issue.issue_type] <= _TOLD_ONE_BY_ONE:
                self._tell("left", each.issue, each.objection or "")
        for issue_type, number in many.items():
            if number > _TOLD_ONE_BY_ONE:
                self._line(
                    "left", f"{issue_type}: {number} issues that have no remedy; they are for a person to decide"
                )

    def _tell(self, state: str, issue: ShownIssue, why: str) -> None:
        self._line(state, f"{issue.issue_type} {one_line(view_shown(issue).where)}: {printable(why)}")

    def _line(self, state: str, said: str) -> None:
        self._console.print(Text(f"{state:<12} {said}"))
