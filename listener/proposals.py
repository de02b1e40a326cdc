"""From issues to fixes: a plan for each, and the verdict whether it may run alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .analyst import Analyst
from .autonomy import Circumstances, settled, why_not_alone
from .catalog.change import Change
from .catalog.snapshot import Oid
from .errors import CouldNotLook, LeaseLost, PlanRefused
from .fixes import book
from .fixes.limits import Limits
from .fixes.memory import last_failure, was_reverted
from .fixes.plan import Plan, Proof, Verdict
from .fixes.planner import plan_fix
from .fixes.preflight import preflight
from .intent import still_in_transaction, why_intended
from .issue import Issue
from .settings import AutoFix, Settings
from .store import issues as issue_store

log = structlog.get_logger()
_OPENED = "select opened_at, clock_timestamp(), status from pgmend.issue where issue_id = %s"
_SUPERSEDE = """
update pgmend.fix as f set state = 'superseded', reason = 'the issue is resolved', finished_at = clock_timestamp()
from pgmend.issue as i
where f.state = 'proposed' and i.issue_id = f.issue_id and i.status = 'resolved'
"""
_CARRY_OVER = """
update pgmend.fix as f set state = 'approved', approved_by = old.approved_by, approved_at = old.approved_at
from pgmend.fix as old
where f.fix_id = %s and old.fix_id = %s and f.state = 'proposed' and old.approved_by is not null
"""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An issue whose plan may run alone once its tables have settled."""

    issue: Issue
    plan: Plan


class Proposals:
    """Plans every open issue once for each definition, and queues what may run alone.

    `connection` is the mender's: read-only look-ups, and one UPDATE for each verdict.
    """

    def __init__(
        self, connection: AsyncConnection[TupleRow], analyst: Analyst, settings: Settings, limits: Limits
    ) -> None:
        self._connection = connection
        self._analyst = analyst
        self._settings = settings
        self._limits = limits
        self._planned: dict[str, Issue] = {}
        self._candidates: dict[str, _Candidate] = {}

    @property
    def waiting(self) -> bool:
        """Whether something only waits for its tables to settle."""
        return bool(self._candidates)

    def forget(self) -> None:
        """Weigh everything anew: the policy has changed."""
        self._planned.clear()
        self._candidates.clear()

    async def weigh(self, allowed: AutoFix, observing: str | None) -> None:
        """Plan what is new or has changed, newest troubles before the backlog; drop what is resolved."""
        current = {issue.issue_id: issue for issue in self._analyst.open_issues()}
        gone = self._planned.keys() - current.keys()
        for identity in gone:
            del self._planned[identity]
            self._candidates.pop(identity, None)
        if gone:
            await self._connection.execute(_SUPERSEDE)
        new = [issue for identity, issue in current.items() if self._planned.get(identity) != issue]
        for issue in sorted(new, key=lambda each: (each.backlog, each.severity.rank)):
            try:
                await self._weigh_one(issue, allowed, observing)
            except CouldNotLook as error:
                log.warning("not planned yet", issue=issue.issue_id, reason=str(error))
                continue
            except (psycopg.OperationalError, LeaseLost):
                raise
            except Exception as error:
                log.exception("planning failed", issue=issue.issue_id)
                why = f"planning failed with {type(error).__name__}: {error}; this is a defect of pgmend"
                await issue_store.judge_automation(self._connection, [(issue.issue_id, why)])
            self._planned[issue.issue_id] = issue

    async def promote(self) -> int:
        """Queue what may run alone and has settled; how many were queued."""
        queued = 0
        for identity, candidate in list(self._candidates.items()):
            now, status = await self._moment(candidate.issue)
            changes = self._changes(candidate.plan)
            last = max((change.seen_at for change in changes if change.seen_at), default=None)
            if status != "open":
                del self._candidates[identity]
            elif settled(last, now, self._settings.settle_time) and not await still_in_transaction(
                self._connection, candidate.issue.event_id
            ):
                await self._queue(candidate)
                del self._candidates[identity]
                queued += 1
        return queued

    async def renew(self, stale: book.Claim) -> None:
        """Plan anew what went stale in the queue. Where the new plan does nothing that the old one did not, the
        approval holds for it too; else it waits for one of its own."""
        issue = next((each for each in self._analyst.open_issues() if each.issue_id == stale.plan.issue_id), None)
        if issue is None or issue.remedy is None:
            return
        plan = await self._plan(issue, fix_id := uuid4())
        if plan.refusal:
            return
        await book.propose(self._connection, fix_id, plan, requested_by="pgmend")
        if plan.is_within(stale.plan):
            await self._connection.execute(_CARRY_OVER, (fix_id, stale.fix_id))
            log.info("approval carried over", fix=str(fix_id), stale=str(stale.fix_id))

    async def _weigh_one(self, issue: Issue, allowed: AutoFix, observing: str | None) -> None:
        self._candidates.pop(issue.issue_id, None)
        if issue.remedy is None:
            why: str | None = issue.doubt or "it takes a person to decide"
        else:
            plan = await self._plan(issue, fix_id := uuid4())
            if not plan.refusal:
                await book.propose(self._connection, fix_id, plan, requested_by="pgmend")
            why = await self._why_not(issue, plan, allowed, observing)
            if why is None:
                self._candidates[issue.issue_id] = _Candidate(issue, plan)
        await issue_store.judge_automation(self._connection, [(issue.issue_id, why)])

    async def _queue(self, candidate: _Candidate) -> None:
        """Queue a plan made now: the tables may have moved while they settled."""
        plan = await self._plan(candidate.issue, fix_id := uuid4())
        if plan.refusal or _objection(plan.proofs):
            why = plan.refusal or _objection(plan.proofs)
            await issue_store.judge_automation(self._connection, [(candidate.issue.issue_id, why)])
            return
        await book.propose(self._connection, fix_id, plan, automatic=True, requested_by="pgmend")
        log.info("fix queued", fix=str(fix_id), issue=candidate.issue.issue_id, kind=plan.kind, summary=plan.summary)

    async def _plan(self, issue: Issue, fix_id: UUID) -> Plan:
        snapshot = self._analyst.examiner.snapshot
        try:
            plan = await plan_fix(self._connection, issue, snapshot, limits=self._limits, fix_id=fix_id)
        except PlanRefused as refused:
            assert issue.remedy is not None
            return Plan(issue.remedy.kind, issue.issue_id, str(refused), issue.remedy, (), (), refusal=str(refused))
        return replace(plan, proofs=await preflight(self._connection, plan.checks, self._limits))

    async def _why_not(self, issue: Issue, plan: Plan, allowed: AutoFix, observing: str | None) -> str | None:
        row = await (await self._connection.execute(_OPENED, (issue.issue_id,))).fetchone()
        if row is None:
            return "it is not known any more"
        circumstances = Circumstances(
            now=row[1],
            opened_at=row[0],
            allowed=allowed,
            retry_after=self._settings.retry_after,
            observing=observing,
            changes=self._changes(plan),
            intended=await why_intended(self._connection, self._analyst.examiner.snapshot, issue.event_id),
            last_failure=await last_failure(self._connection, plan),
            reverted=await was_reverted(self._connection, issue.issue_id),
        )
        return why_not_alone(issue, plan, circumstances) or _objection(plan.proofs)

    def _changes(self, plan: Plan) -> tuple[Change, ...]:
        """What happened to the plan's tables, newest first."""
        tables: Iterable[Oid] = {oid for oid, _ in plan.tables} | {plan.remedy.table}
        return tuple(change for oid in tables for change in self._analyst.examiner.changes.get(oid, ()))

    async def _moment(self, issue: Issue) -> tuple[datetime, str]:
        row = await (await self._connection.execute(_OPENED, (issue.issue_id,))).fetchone()
        assert row is not None
        return row[1], row[2]


def _objection(proofs: Iterable[Proof]) -> str | None:
    """The first proof that does not hold, in a line."""
    for proof in proofs:
        if proof.verdict is not Verdict.PROVED:
            return f"{proof.name}: {proof.verdict.value} ({proof.figures})"
    return None
