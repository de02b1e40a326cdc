"""From issues to fixes: a plan for each, and the verdict whether it may run alone."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.change import Change
from ..catalog.snapshot import DATABASE, Oid
from ..errors import CouldNotLook, GaveWay, LeaseLost, PlanRefused
from ..fixes.execution.courtesy import Courtesy
from ..fixes.limits import Limits
from ..fixes.outlook import outlook
from ..fixes.plan import Plan
from ..fixes.planner import plan_fix
from ..fixes.preflight import objection, preflight
from ..fixes.queue import book
from ..fixes.queue.memory import lifted, remember
from ..fixes.queue.proposal import on_its_way, put_up
from ..fixes.rehearsal.rehearsal import Rehearsal, is_rehearsed, rehearsal_of
from ..hearing.intent import still_in_transaction, why_meant
from ..issue import Issue
from ..judging.analyst import Analyst
from ..settings import AutoFix, Settings
from ..store import issues as issue_store
from .autonomy import PROVED_AGAIN_AFTER, REHEARSED_AGAIN_AFTER, Circumstances, Objection, settled, why_not_alone
from .schedule import Schedule

LOOKED_AGAIN_AFTER = timedelta(seconds=10)
ASKED_AGAIN_AFTER = timedelta(milliseconds=200)
# An old schema may have a thousand old issues: what breaks now does not wait until each of them is planned.
BACKLOG_AT_ONCE = timedelta(milliseconds=250)
log = structlog.get_logger()
_OPENED = "select opened_at, clock_timestamp(), status from pgmend.issue where issue_id = %s"
_LAST_DDL = """
select pg_catalog.max(occurred_at) from pgmend.ddl_log
where occurred_at > clock_timestamp() - %s and object_id = any(%s::oid[]) and fix_id is null
"""
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


@dataclass(slots=True)
class _Candidate:
    """An issue whose plan may run alone once its tables have settled; `due` is when to look whether they have. One that
    is `held_up` by the schedule has been told so."""

    issue: Issue
    plan: Plan
    due: float
    held_up: bool = False


@dataclass(frozen=True, slots=True)
class _Weighed:
    """An issue as it was when it was weighed, and when to weigh it again all the same (None: when it changes).

    `last_change` is the newest change of its table by then: what stood in the way of a plan may be gone with another.
    """

    issue: Issue
    again: float | None
    last_change: Change | None


class Proposals:
    """Plans every open issue once for each definition, and again where time may have changed the verdict; queues what
    may run alone.

    `connection` is whichever the mender has borrowed: read-only look-ups, and one UPDATE for each verdict. What is read
    of people's tables for a plan is read with `courtesy`.
    """

    def __init__(
        self,
        analyst: Analyst,
        settings: Settings,
        limits: Limits,
        courtesy: Courtesy | None = None,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self._courtesy = courtesy or Courtesy(None, limits)
        self._analyst = analyst
        self._settings = settings
        self._limits = limits
        self._schedule = Schedule(settings)
        self._rehearsal = rehearsal or rehearsal_of(settings)
        self._weighed: dict[str, _Weighed] = {}
        self._candidates: dict[str, _Candidate] = {}
        self._stale: dict[UUID, tuple[book.Claim, float]] = {}
        self._unweighed = False
        self._lifted: Mapping[str, datetime] = {}

    def patience(self, longest: timedelta) -> timedelta:
        """How long nothing is to be done here, as far as one can tell."""
        if self._unweighed:
            return timedelta()
        moments = [each.due for each in self._candidates.values()]
        moments += [due for _, due in self._stale.values()]
        moments += [each.again for each in self._weighed.values() if each.again is not None]
        left = min(moments, default=math.inf) - time.monotonic()
        return min(longest, timedelta(seconds=max(left, 0))) if left < longest.total_seconds() else longest

    def reconsider(self, issue_id: str) -> None:
        """Weigh this issue anew: its fix came to nothing."""
        self._weighed.pop(issue_id, None)

    def forget(self) -> None:
        """Weigh everything anew: the policy has changed."""
        self._weighed.clear()
        self._candidates.clear()

    async def weigh(self, connection: AsyncConnection[TupleRow], allowed: AutoFix, observing: str | None) -> None:
        """Plan what is new or has changed, newest troubles before the backlog, of which only a part at once; drop what
        is resolved."""
        by_now = await lifted(connection)
        for identity in (identity for identity, moment in by_now.items() if self._lifted.get(identity) != moment):
            self.reconsider(identity)
        self._lifted = by_now
        current = {issue.issue_id: issue for issue in self._analyst.open_issues()}
        gone = self._weighed.keys() - current.keys()
        for identity in gone:
            del self._weighed[identity]
            self._candidates.pop(identity, None)
        if gone:
            await connection.execute(_SUPERSEDE)
        due = [issue for issue in current.values() if self._is_due(issue)]
        self._unweighed, until = False, math.inf
        for issue in sorted(due, key=lambda each: (each.backlog, each.severity.rank)):
            if issue.backlog and time.monotonic() > until:
                self._unweighed = True
                break
            if issue.backlog:
                until = min(until, time.monotonic() + BACKLOG_AT_ONCE.total_seconds())
            last_change = self._last_change(issue)
            try:
                again = await self._weigh_one(connection, issue, allowed, observing)
            except CouldNotLook as error:
                log.warning("not planned yet", issue=issue.issue_id, reason=str(error))
                again = LOOKED_AGAIN_AFTER
            except (psycopg.OperationalError, LeaseLost):
                raise
            except Exception as error:
                log.exception("planning failed", issue=issue.issue_id)
                why = f"planning failed with {type(error).__name__}: {error}; this is a defect of pgmend"
                await issue_store.judge_automation(connection, [(issue.issue_id, why)])
                again = None
            moment = None if again is None else time.monotonic() + again.total_seconds()
            self._weighed[issue.issue_id] = _Weighed(issue, moment, last_change)

    async def promote(self, connection: AsyncConnection[TupleRow]) -> int:
        """Queue what may run alone and has settled; how many were queued."""
        queued = 0
        for identity, candidate in list(self._candidates.items()):
            if candidate.due > time.monotonic():
                continue
            now, status = await _moment(connection, candidate.issue)
            last = await self._last_touched(connection, candidate.plan)
            if status != "open":
                del self._candidates[identity]
            elif not settled(last, now, self._settings.settle_time):
                assert last is not None
                left = self._settings.settle_time - (now - last)
                candidate.due = time.monotonic() + left.total_seconds()
            elif await still_in_transaction(connection, candidate.issue.event_id):
                candidate.due = time.monotonic() + ASKED_AGAIN_AFTER.total_seconds()
            elif (objection := await self._schedule.why_not_now(connection)) is not None:
                await issue_store.judge_automation(connection, [(identity, objection.reason)])
                assert objection.until is not None
                candidate.due = time.monotonic() + (objection.until - now).total_seconds()
                candidate.held_up = True
            else:
                if candidate.held_up:
                    await issue_store.judge_automation(connection, [(identity, None)])
                    candidate.held_up = False
                try:
                    await self._queue(connection, candidate)
                except GaveWay as gave_way:
                    log.warning("not queued yet", issue=identity, reason=str(gave_way))
                    candidate.due = time.monotonic() + LOOKED_AGAIN_AFTER.total_seconds()
                    continue
                del self._candidates[identity]
                queued += 1
        return queued

    async def renew(self, connection: AsyncConnection[TupleRow], stale: book.Claim) -> None:
        """Plan anew what went stale in the queue. Where the new plan does nothing that the old one did not, the
        approval holds for it too; else it waits for one of its own. What gives way is for `renew_again`."""
        self._stale.pop(stale.fix_id, None)
        try:
            await self._renew(connection, stale)
        except GaveWay as gave_way:
            log.warning("not planned anew yet", issue=stale.plan.issue_id, reason=str(gave_way))
            self._stale[stale.fix_id] = stale, time.monotonic() + LOOKED_AGAIN_AFTER.total_seconds()

    async def renew_again(self, connection: AsyncConnection[TupleRow]) -> None:
        """Plan anew what could not be when it went stale, unless another plan is on its way by now."""
        for stale, due in list(self._stale.values()):
            if due > time.monotonic():
                continue
            if await on_its_way(connection, stale.plan.issue_id):
                del self._stale[stale.fix_id]
            else:
                await self.renew(connection, stale)

    async def _renew(self, connection: AsyncConnection[TupleRow], stale: book.Claim) -> None:
        issue = next((each for each in self._analyst.open_issues() if each.issue_id == stale.plan.issue_id), None)
        if issue is None or issue.remedy is None:
            return
        plan = await self._plan(connection, issue, fix_id := uuid4())
        if plan.refusal:
            return
        await book.propose(connection, fix_id, plan, requested_by="pgmend")
        if plan.is_within(stale.plan):
            carried = await connection.execute(_CARRY_OVER, (fix_id, stale.fix_id))
            if not carried.rowcount:
                return
            log.info("approval carried over", fix=str(fix_id), stale=str(stale.fix_id))

    def _is_due(self, issue: Issue) -> bool:
        weighed = self._weighed.get(issue.issue_id)
        # Not whether they are equal: one that became another and then itself again was written anew, without a verdict.
        if weighed is None or weighed.issue is not issue or weighed.last_change != self._last_change(issue):
            return True
        return weighed.again is not None and weighed.again <= time.monotonic()

    def _last_change(self, issue: Issue) -> Change | None:
        """The newest change of the issue's table."""
        return next(iter(self._analyst.examiner.changes.get(issue.table_oid, ())), None)

    async def _weigh_one(
        self, connection: AsyncConnection[TupleRow], issue: Issue, allowed: AutoFix, observing: str | None
    ) -> timedelta | None:
        """Say whether the issue is fixed alone; after which time that may be different."""
        self._candidates.pop(issue.issue_id, None)
        if issue.remedy is None:
            why = issue.doubt or "it takes a person to decide"
            await issue_store.judge_automation(connection, [(issue.issue_id, why)])
            return None
        if await on_its_way(connection, issue.issue_id):
            return LOOKED_AGAIN_AFTER
        _, plan = await put_up(
            connection, issue.issue_id, lambda fix_id: self._plan(connection, issue, fix_id), requested_by="pgmend"
        )
        now, objection = await self._why_not(connection, issue, plan, allowed, observing)
        if objection is None:
            self._candidates[issue.issue_id] = _Candidate(issue, plan, time.monotonic())
        await issue_store.judge_automation(connection, [(issue.issue_id, objection and objection.reason)])
        return objection.until - now if objection and objection.until else None

    async def _queue(self, connection: AsyncConnection[TupleRow], candidate: _Candidate) -> None:
        """Queue a plan made now: the tables may have moved while they settled."""
        plan = await self._plan(connection, candidate.issue, fix_id := uuid4())
        if not plan.refusal:
            rehearsed = await self._rehearsal.proofs(connection, plan, self._limits, alone=True)
            plan = replace(plan, proofs=(*plan.proofs, *rehearsed))
        if why := plan.refusal or objection(plan.proofs, alone=True):
            await issue_store.judge_automation(connection, [(candidate.issue.issue_id, why)])
            again = REHEARSED_AGAIN_AFTER if is_rehearsed(plan) else PROVED_AGAIN_AFTER
            moment = time.monotonic() + again.total_seconds()
            last_change = self._last_change(candidate.issue)
            self._weighed[candidate.issue.issue_id] = _Weighed(candidate.issue, moment, last_change)
            return
        await book.propose(connection, fix_id, plan, automatic=True, requested_by="pgmend")
        log.info("fix queued", fix=str(fix_id), issue=candidate.issue.issue_id, kind=plan.kind, summary=plan.summary)

    async def _plan(self, connection: AsyncConnection[TupleRow], issue: Issue, fix_id: UUID) -> Plan:
        planned = self._planned(connection, issue, fix_id)
        return await self._courtesy.read(connection, planned, f"Planning for {issue.where}")

    async def _planned(self, connection: AsyncConnection[TupleRow], issue: Issue, fix_id: UUID) -> Plan:
        snapshot = self._analyst.examiner.snapshot
        try:
            plan = await plan_fix(connection, issue, snapshot, limits=self._limits, fix_id=fix_id)
        except PlanRefused as refused:
            assert issue.remedy is not None
            return Plan(issue.remedy.kind, issue.issue_id, str(refused), issue.remedy, (), (), refusal=str(refused))
        proofs = await preflight(connection, plan.checks, self._limits)
        return replace(plan, proofs=(*proofs, *await outlook(connection, plan, self._limits, self._rehearsal.sources)))

    async def _why_not(
        self,
        connection: AsyncConnection[TupleRow],
        issue: Issue,
        plan: Plan,
        allowed: AutoFix,
        observing: str | None,
    ) -> tuple[datetime, Objection | None]:
        row = await (await connection.execute(_OPENED, (issue.issue_id,))).fetchone()
        assert row is not None
        circumstances = Circumstances(
            now=row[1],
            opened_at=row[0],
            allowed=allowed,
            retry_after=self._settings.retry_after,
            observing=observing,
            changes=self._changes(plan),
            intended=await why_meant(connection, self._events(issue, plan, opened_at=row[0])),
            settings_forbid=self._analyst.roster.why_not_automatic(issue.issue_type),
            memory=await remember(connection, plan),
            trusts_rehearsals=self._settings.trust_rehearsals,
        )
        return circumstances.now, why_not_alone(issue, plan, circumstances)

    async def _last_touched(self, connection: AsyncConnection[TupleRow], plan: Plan) -> datetime | None:
        """When somebody else last ran DDL on what the plan is about, whether it changed that or not."""
        subjects = [*self._tables(plan), *plan.remedy.objects]
        row = await (await connection.execute(_LAST_DDL, (self._settings.settle_time, subjects))).fetchone()
        told = [row[0]] if row and row[0] else []
        seen = [change.seen_at for change in self._changes(plan) if change.seen_at and not change.fix_id]
        return max([*told, *seen], default=None)

    def _changes(self, plan: Plan) -> tuple[Change, ...]:
        """What happened to the plan's tables, or to the object that is in none, newest first."""
        changes, remedy = self._analyst.examiner.changes, plan.remedy
        around = (
            change
            for change in changes.get(DATABASE, ())
            if change.object_oid in remedy.objects or remedy.was_moved_by(change, ())
        )
        return (*(change for oid in self._tables(plan) for change in changes.get(oid, ())), *around)

    def _events(self, issue: Issue, plan: Plan, opened_at: datetime) -> set[str]:
        """The event that opened the issue, and those that moved its object since."""
        changes = self._changes(plan)
        since = [each for each in changes if each.seen_at and each.seen_at > opened_at]
        moved = {each.event_id for each in since if plan.remedy.was_moved_by(each, changes)}
        return {event for event in (issue.event_id, *moved) if event}

    @staticmethod
    def _tables(plan: Plan) -> set[Oid]:
        return {oid for oid, _ in plan.tables} | {*plan.remedy.tables}


async def _moment(connection: AsyncConnection[TupleRow], issue: Issue) -> tuple[datetime, str]:
    row = await (await connection.execute(_OPENED, (issue.issue_id,))).fetchone()
    assert row is not None
    return row[1], row[2]
