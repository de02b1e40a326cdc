"""Carries a fix out or back, so that each table ends before or after, and never between.

A fix that fails on its way is taken back by its own inverse; one that is deferred or paused keeps the steps that are
done and goes on from there, since probes tell what is done. The states and who moves them are drawn in `book.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from ...connections import ConnectionSource
from ...errors import (
    CouldNotLook,
    FixDeferred,
    FixError,
    FixInterrupted,
    LeaseLost,
    NameTaken,
    PlanRefused,
    PlanStale,
    ProofRefuted,
)
from ...hearing.lease import Lease
from ..limits import Limits
from ..outlook import outlook
from ..plan import Check, Plan, Proof, Step, Verdict
from ..preflight import forsaken, objection, preflight
from ..queue.book import Claim, State, is_last_deferral, move
from ..rehearsal.rehearsal import Rehearsal
from ..sqlstates import is_of_rows
from ..staleness import check_names, check_unmoved
from .course import found, take, tidy
from .interruption import LOOK_SECONDS, Interruption, PauseRequested, Watch, gave_way
from .journal import Direction, Journal
from .orphan_sessions import end_orphans
from .session import Session, fixer_session
from .work import Checkpoint, Work, pass_by

_CONNECTIONS_PER_FIX = 3
_AT_ONCE = timedelta(0)
_WAY_BACK = "\nIts way back: "
_LEFT = "\nWhat it left could not be taken away yet: "


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a fix came to. `state` is that of its row; `reason` says why it is not simply done."""

    fix_id: UUID
    state: State
    reason: str | None = None
    proofs: tuple[Proof, ...] = ()


class Executor:
    """Applies and undoes plans, one fix at a time, each on a session that it has for itself.

    `pause_requested` returns once everything has to stop (an `asyncio.Event`'s wait); `checkpoint` is for tests.
    What may change the types of statements is rehearsed a moment before it is done, and again before it goes on.
    `watching` is what looks at others are made over, where it is not `connections`.
    Both ways raise LeaseLost when another listener leads by now, and CouldNotLook when the server is gone: then the
    fix stays as its row says, and `recover` takes it up.
    """

    def __init__(
        self,
        connections: ConnectionSource,
        limits: Limits,
        *,
        pause_requested: PauseRequested | None = None,
        checkpoint: Checkpoint = pass_by,
        rehearsal: Rehearsal | None = None,
        watching: ConnectionSource | None = None,
    ) -> None:
        self._watching = watching or connections
        self._connections = connections
        self._limits = limits
        self._rehearsal = rehearsal or Rehearsal()
        self._pause_requested = pause_requested
        self._checkpoint = checkpoint

    async def carry_on(self, claim: Claim, lease: Lease) -> Outcome:
        """Take a claimed fix the way it goes."""
        if claim.direction == "apply" and claim.withdrawn:
            return await self._with_session(
                claim.fix_id, claim.plan, "apply", lease.token, lambda work: self._withdraw(work, claim)
            )
        if claim.direction == "apply":
            return await self.apply(claim.fix_id, claim.plan, lease.token)
        return await self.undo(claim.fix_id, claim.plan, lease.token, requested=claim.requested, reason=claim.reason)

    async def apply(self, fix_id: UUID, plan: Plan, lease_token: str) -> Outcome:
        """Apply the plan, from wherever its steps are; a fix in state running ends in another."""
        return await self._with_session(fix_id, plan, "apply", lease_token, self._apply)

    async def undo(
        self, fix_id: UUID, plan: Plan, lease_token: str, *, requested: bool = True, reason: str | None = None
    ) -> Outcome:
        """Undo the plan, keeping what was written since; a fix in state rolling_back ends in another.

        Not `requested` is the way back of a fix that failed for that `reason`: it ends as failed.
        """
        if not requested:
            return await self._with_session(
                fix_id, plan, "undo", lease_token, lambda work: self._way_back(work, "failed", reason or "It failed.")
            )
        return await self._with_session(fix_id, plan, "undo", lease_token, self._undo)

    async def _with_session(
        self, fix_id: UUID, plan: Plan, direction: Direction, token: str, way: Callable[[Work], Awaitable[Outcome]]
    ) -> Outcome:
        """Go that way; after a lost connection again, on a new one."""
        journal = Journal(fix_id, direction, Lease(token))
        async with Interruption(self._pause_requested) as interruption:
            for attempt in range(_CONNECTIONS_PER_FIX):
                async with fixer_session(self._connections, self._limits) as session:
                    try:
                        if attempt:
                            await end_orphans(session.connection)
                        return await way(self._work(session, plan, journal, interruption))
                    except psycopg.OperationalError:
                        if not session.connection.closed:
                            raise
        raise CouldNotLook(f"Fix {fix_id}: the connection was lost {_CONNECTIONS_PER_FIX} times; it is taken up later.")

    def _work(self, session: Session, plan: Plan, journal: Journal, interruption: Interruption) -> Work:
        return Work(self._watching, session, plan, journal, self._limits, interruption, self._checkpoint)

    async def _apply(self, work: Work) -> Outcome:
        proofs: tuple[Proof, ...] = ()
        try:
            proofs = await self._prove(work)
            last_checks = tuple(check for check in work.plan.checks if check.in_transaction)
            await take(work, work.plan.steps, last_checks)
        except LeaseLost:
            raise
        except FixDeferred as deferred:
            return await self._defer(work, str(deferred), proofs)
        except FixInterrupted as interrupted:
            return await self._end(work, "queued", str(interrupted), proofs)
        except FixError as error:
            return await self._fail(work, error, proofs)
        return await self._end(work, "applied", None, proofs)

    async def _prove(self, work: Work) -> tuple[Proof, ...]:
        """The plan's proofs, made anew unless all is done already. Raises PlanRefused, PlanStale, ProofRefuted."""
        plan, connection = work.plan, work.session.connection
        if plan.waits_for:
            # Approved before it could be carried out: no failure, and another plan once what it waits for is there.
            raise PlanStale(f"The plan waits for {plan.waits_for}.")
        if plan.refusal or not plan.steps:
            raise PlanRefused(plan.refusal or "The plan has no steps.")
        states = await found(work, _changing(plan.steps))
        begun = await work.journal.begun(connection)
        if begun and all(state == "done" for state in states):
            return plan.proofs
        if not begun and any(state != "before" for state in states):
            raise PlanStale("Something like what the plan makes is there by now. Cure: a new plan.")
        if not begun:
            await check_unmoved(connection, plan)
        proofs = await self._preflight(work, _asked(plan.checks, begun=begun))
        if all(state == "before" for state in states):
            proofs = (
                *proofs,
                *(await self._watched(work, outlook(connection, plan, self._limits, self._rehearsal.sources)))[0],
            )
        # Between two steps statements may have come that the rehearsal before the first knew nothing of.
        left = [step for step, state in zip(_changing(plan.steps), states, strict=True) if state != "done"]
        rehearsal = self._rehearsal.proofs(connection, plan, self._limits, left if begun else None)
        proofs = (*proofs, *await work.interruption.unless_paused(rehearsal))
        await work.checkpoint("apply proved")
        if reason := objection(proofs) or forsaken(plan.proofs, proofs):
            raise _Unproved(reason, proofs)
        return proofs

    async def _defer(self, work: Work, reason: str, proofs: tuple[Proof, ...]) -> Outcome:
        """Go on from here later. What was put off for the last time is left to a person, with nothing half done."""
        if await is_last_deferral(work.session.connection, work.journal.fix_id):
            return await self._turn_back(work, "deferred", reason, proofs)
        return await self._end(work, "deferred", reason, proofs, self._limits.retry_after)

    async def _fail(self, work: Work, error: FixError, proofs: tuple[Proof, ...]) -> Outcome:
        """End as the error says, after undoing what was done."""
        state: State = "failed"
        if isinstance(error, PlanStale):
            state = "superseded"
        elif isinstance(error, PlanRefused | ProofRefuted):
            state = "refused"
        reason = str(error)
        if isinstance(error, _Unproved):
            proofs = error.proofs
        elif is_of_rows(error.__cause__):
            reason, proofs = await self._with_rows(work, reason, proofs)
        if isinstance(error, NameTaken) and not await work.journal.has_done(work.session.connection):
            # A probe goes by name and shape, and what has both is somebody else's: nothing is to be taken back.
            return await self._end(work, state, reason, proofs)
        return await self._turn_back(work, state, reason, proofs)

    async def _with_rows(self, work: Work, reason: str, proofs: tuple[Proof, ...]) -> tuple[str, tuple[Proof, ...]]:
        """The reason with the rows that came since the checks were made, as those checks show them; and their proofs.

        The server itself names one row at most, by the values that are wrong.
        """
        looking = preflight(work.session.connection, _asked(work.plan.checks, begun=True), self._limits)
        try:
            found_now, _ = await self._watched(work, looking)
        except (FixDeferred, FixInterrupted):
            # Its reason stands without them.
            return reason, proofs
        now = {proof.name: proof for proof in found_now}
        rows = objection([proof for proof in now.values() if proof.verdict is Verdict.REFUTED])
        if rows is None:
            return reason, proofs
        return f"{reason}\n{rows}", tuple(now.get(proof.name, proof) for proof in proofs)

    async def _withdraw(self, work: Work, claim: Claim) -> Outcome:
        """Finish what is done already, or what may itself have resolved the issue; else leave nothing behind."""
        states = await found(work, _changing(work.plan.steps))
        begun = await work.journal.begun(work.session.connection)
        finished = all(state == "done" for state in states)
        # A foreign key that is not validated resolves its issue, and so does an index that is still invalid.
        own_doing = claim.resolved and any(state != "before" for state in states)
        if begun and (finished or own_doing):
            return await self._apply(work)
        await work.journal.abandon(work.session.connection)
        return await self._turn_back(work, "superseded", f"Withdrawn: {claim.withdrawn}.")

    async def _turn_back(
        self, work: Work, state: State, reason: str, proofs: tuple[Proof, ...] | None = None
    ) -> Outcome:
        """End in that state, after undoing what was done."""
        begun = await work.journal.begun(work.session.connection)
        if not begun or all(state == "before" for state in await found(work, _changing(work.plan.steps))):
            return await self._end(work, state, reason, proofs)
        await self._move(work, "rolling_back", reason, proofs)
        await work.checkpoint("turned back")
        back = replace(work, journal=replace(work.journal, direction="undo"), compares=False, taken=[])
        return await self._way_back(back, state, reason)

    async def _way_back(self, work: Work, state: State, reason: str) -> Outcome:
        """Undo the steps that are done of a fix that failed or was withdrawn."""
        work = replace(work, compares=False)
        reason = reason.split(_WAY_BACK, maxsplit=1)[0]
        try:
            await tidy(replace(work, journal=replace(work.journal, direction="apply")), work.plan.steps)
            await take(work, work.plan.inverse)
        except LeaseLost:
            raise
        except FixDeferred as deferred:
            reason = f"{reason.split(_WAY_BACK)[0]}{_WAY_BACK}{deferred}"
            return await self._end(work, "rolling_back", reason, None, self._limits.undo_retry_after)
        except FixInterrupted:
            return await self._end(work, "rolling_back", reason, None, _AT_ONCE)
        except FixError as error:
            reason = f"{reason}\nWhat it did could not be undone: {error}"
            return await self._clear(work, reason) or await self._end(work, "failed", reason)
        return await self._end(work, state, reason)

    async def _clear(self, work: Work, reason: str) -> Outcome | None:
        """Take away what either way has left beside the tables as they are; where that fails, it is tried again later.

        A fix that is at its end some way or other leaves nothing behind.
        """
        steps = [step for step in (*work.plan.inverse, *work.plan.steps) if step.clears]
        try:
            await take(work, steps)
        except LeaseLost:
            raise
        except (FixError, FixInterrupted) as error:
            again_after = _AT_ONCE if isinstance(error, FixInterrupted) else self._limits.undo_retry_after
            reason = f"{reason.split(_LEFT, maxsplit=1)[0]}{_LEFT}{error}"
            return await self._end(work, "rolling_back", reason, None, again_after)
        return None

    async def _undo(self, work: Work) -> Outcome:
        work = replace(work, compares=False)
        reason: str | None = None
        try:
            reason = await self._prove_undo(work)
            await take(work, work.plan.inverse)
        except LeaseLost:
            raise
        except FixDeferred as deferred:
            return await self._end(work, "rolling_back", str(deferred), None, self._limits.undo_retry_after)
        except FixInterrupted as interrupted:
            return await self._end(work, "rollback_requested", str(interrupted))
        except FixError as error:
            return await self._redo(work, f"The undo was refused or failed: {error}")
        return await self._end(work, "rolled_back", reason)

    async def _prove_undo(self, work: Work) -> str | None:
        """Why there is nothing to do, where that is so. Raises PlanRefused, PlanStale, ProofRefuted."""
        plan, connection = work.plan, work.session.connection
        if not plan.inverse:
            raise PlanRefused(plan.no_inverse or "There is nothing to undo.")
        begun = await work.journal.begun(connection)
        if all(state == "done" for state in await found(work, plan.inverse)):
            return None if begun else "Nothing was left to undo: somebody has dropped or renamed what the fix made."
        await check_names(connection, plan)
        proofs = await self._preflight(work, _asked(plan.inverse_checks, begun=begun))
        await work.checkpoint("undo proved")
        if reason := objection(proofs):
            raise _Unproved(reason, proofs)
        return None

    async def _preflight(self, work: Work, checks: Sequence[Check]) -> tuple[Proof, ...]:
        """The checks' proofs; raises FixDeferred where somebody waited for one, or did not unlock the table."""
        proofs, watch = await self._watched(work, preflight(work.session.connection, checks, self._limits))
        if locked := [proof.name for proof in proofs if proof.kept_out]:
            raise FixDeferred(f"{locked[0]}: it could not be looked at. In the way: {watch}.")
        return proofs

    async def _watched(
        self, work: Work, looking: Coroutine[Any, Any, tuple[Proof, ...]]
    ) -> tuple[tuple[Proof, ...], Watch]:
        """The proofs that are made by looking; raises FixDeferred where somebody waited for it, FixInterrupted."""
        watch = Watch(work.connections, yields=self._limits)
        proofs = await work.interruption.attend(looking, work.session, watch, every=LOOK_SECONDS)
        work.interruption.check()
        if watch.gives_way:
            raise FixDeferred(f"The preflight gave way. {gave_way(watch)}.")
        return proofs, watch

    async def _redo(self, work: Work, reason: str) -> Outcome:
        """Stay applied: an undo that cannot come to its end is taken back."""
        if work.taken or await work.journal.has_done(work.session.connection):
            forward = replace(work, journal=replace(work.journal, direction="apply"), taken=[])
            try:
                await take(forward, work.plan.steps)
            except LeaseLost:
                raise
            except (FixDeferred, FixInterrupted) as deferred:
                again_after = _AT_ONCE if isinstance(deferred, FixInterrupted) else self._limits.undo_retry_after
                return await self._end(work, "rolling_back", f"{reason}\n{deferred}", None, again_after)
            except FixError as error:
                reason = f"{reason}\nNor could it be applied again: {error}"
                return await self._clear(forward, reason) or await self._end(work, "failed", reason)
        return await self._end(work, "applied", reason)

    async def _end(
        self,
        work: Work,
        state: State,
        reason: str | None = None,
        proofs: tuple[Proof, ...] | None = None,
        again_after: timedelta | None = None,
    ) -> Outcome:
        await work.checkpoint(f"{work.journal.direction} ends")
        await self._move(work, state, reason, proofs, again_after)
        return Outcome(work.journal.fix_id, state, reason, proofs or ())

    async def _move(
        self,
        work: Work,
        state: State,
        reason: str | None,
        proofs: tuple[Proof, ...] | None = None,
        again_after: timedelta | None = None,
    ) -> None:
        journal = work.journal
        await move(
            work.session.connection,
            journal.lease,
            journal.fix_id,
            state,
            kept=self._limits.kept(from_backup=bool(work.plan.backups)),
            reason=reason,
            proofs=proofs,
            again_after=again_after,
        )


def _changing(steps: Sequence[Step]) -> list[Step]:
    """The steps but those that only take away what the other direction may have left."""
    return [step for step in steps if not step.clears]


def _asked(checks: Sequence[Check], *, begun: bool) -> list[Check]:
    """The checks that make sense by now."""
    return [check for check in checks if not (begun and check.at_first)]


class _Unproved(ProofRefuted):
    """A preflight that did not prove everything, with its proofs."""

    def __init__(self, reason: str, proofs: tuple[Proof, ...]) -> None:
        super().__init__(reason)
        self.proofs = proofs
