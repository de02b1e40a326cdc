"""The queue's worker: measures what would decide, proposes, queues what may run alone, carries fixes out and back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..connection import connect
from ..errors import CouldNotLook, FixDeferred
from ..fixes.execution.executor import Executor, Outcome
from ..fixes.execution.recovery import recover
from ..fixes.limits import limits_of
from ..fixes.queue import book
from ..hearing.bell import Bell
from ..hearing.lease import Lease
from ..judging.analyst import Analyst
from ..relations.measure import measure
from ..settings import AutoFix, Settings
from ..store.instance import why_a_copy
from ..store.issues import follow_ignored
from ..store.policy import Policy, read_policy
from .proposals import Proposals
from .repository import Repository

IDLE = timedelta(seconds=5)
PAUSE_POLL = timedelta(milliseconds=300)
MEASURING_BUDGET = timedelta(seconds=5)
LINKS_AT_ONCE = 200
log = structlog.get_logger()


class Mender:
    """Works under one lease; one fix at a time. `run` ends after `stop`, between two steps of whatever is under way.

    `repository` is where it was started, whose ignore file it follows.
    `allowed` is what the flags let it fix alone. Who `stands_in` for a listener leaves what is automatic to that one.
    """

    def __init__(
        self,
        dsn: str,
        settings: Settings,
        analyst: Analyst,
        lease: Lease,
        *,
        allowed: AutoFix,
        observe: bool,
        stands_in: bool = False,
        repository: Repository | None = None,
    ) -> None:
        self._dsn = dsn
        self._settings = settings
        self._allowed = allowed
        self._analyst = analyst
        self._lease = lease
        self._observe = observe
        self._stands_in = stands_in
        self._repository = repository
        # What others have queued is not withdrawn for the settings of one command.
        self._covered = AutoFix.ALL if stands_in else AutoFix.strictest(settings.auto_fix, allowed)
        self._limits = limits_of(settings)
        self._bell = Bell()
        self._stopping = asyncio.Event()
        self._stack = AsyncExitStack()
        self._executor = Executor(dsn, self._limits, pause_requested=self._until_told_to_stop)
        self._policy: Policy | None = None

    async def __aenter__(self) -> Self:
        self._connection: AsyncConnection[TupleRow] = await self._stack.enter_async_context(
            await connect(self._dsn, "mender")
        )
        self._proposals = Proposals(self._connection, self._analyst, self._settings, self._limits)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def wake(self) -> None:
        """Something happened: look at once."""
        self._bell.ring()

    def stop(self) -> None:
        """End `run` as soon as the step under way lets it."""
        self._stopping.set()
        self._bell.ring()

    async def run(self) -> None:
        """First finish or undo what the last leader left; then take turns until stopped."""
        observing = await self._why_observing()
        if observing is None:
            await self._recover()
        else:
            log.warning("observing only", reason=observing)
        while not self._stopping.is_set():
            try:
                await self.turn(observing)
            except CouldNotLook as error:
                if self._connection.closed:
                    raise
                log.warning("could not look; trying again", error=str(error))
            await self._bell.wait(self._proposals.patience(IDLE))

    async def turn(self, observing: str | None) -> None:
        """Withdraw, measure, propose, queue, carry out: whatever there is to do now."""
        policy = await read_policy(self._connection)
        if self._policy is not None and policy != self._policy:
            self._proposals.forget()
        self._policy = policy
        await self._follow_people(observing)
        await self._measure()
        await self._proposals.weigh(policy.allows(self._settings.auto_fix, self._allowed), observing)
        if observing is None and not policy.paused:
            if await self._follow_repository():
                # What was opened meanwhile is not mended before it can be ignored.
                await self._follow_people(observing)
            await self._proposals.promote()
            await self._work_off()

    async def _follow_people(self, observing: str | None) -> None:
        """What is ignored or open again by now, and what may no longer run."""
        await self._follow_repository()
        for issue_id, status in (await follow_ignored(self._connection)).items():
            log.info(f"issue {status} again" if status == "open" else f"issue {status}", issue=issue_id)
            self._proposals.reconsider(issue_id)
        if observing is None:
            for each in await book.withdraw(self._connection, self._lease, allowed=self._covered):
                log.warning("fix superseded", fix=str(each.fix_id), reason=each.reason)
                self._proposals.reconsider(each.issue_id)

    async def _follow_repository(self) -> bool:
        """Let the file of the repository say what is ignored; whether it said anything new."""
        if self._repository is None:
            return False
        return await self._repository.follow(self._connection, self._analyst.open_issues())

    async def _work_off(self) -> None:
        while not self._stopping.is_set():
            claim = await book.claim(
                self._connection,
                self._lease,
                self._limits.retry_after,
                allowed=self._covered,
                alone=not self._stands_in,
            )
            if claim is None:
                return
            log.info("fix started", fix=str(claim.fix_id), direction=claim.direction, summary=claim.plan.summary)
            outcome = await self._executor.carry_on(claim, self._lease)
            _tell(outcome)
            await self._analyst.react()
            if outcome.state == "superseded" and not claim.withdrawn:
                await self._proposals.renew(claim)
            elif outcome.state in {"superseded", "refused", "failed"}:
                self._proposals.reconsider(claim.plan.issue_id)
            if (await read_policy(self._connection)).paused:
                return

    async def _measure(self) -> None:
        while links := self._analyst.take_unmeasured(LINKS_AT_ONCE):
            snapshot = self._analyst.examiner.snapshot
            measured = await measure(self._connection, links, snapshot, budget=MEASURING_BUDGET)
            await self._analyst.learn(measured.containment)

    async def _recover(self) -> None:
        while not self._stopping.is_set():
            try:
                outcomes = await recover(self._connection, self._executor, self._lease, allowed=self._covered)
            except FixDeferred as deferred:
                log.warning("recovery waits", reason=str(deferred))
                await asyncio.sleep(1)
                continue
            for outcome in outcomes:
                log.info("recovered", fix=str(outcome.fix_id), state=outcome.state, reason=outcome.reason)
            return

    async def _why_observing(self) -> str | None:
        return "it was started with --observe" if self._observe else await why_a_copy(self._connection)

    async def _until_told_to_stop(self) -> None:
        """Return once fixing is paused or we are to stop: within a second of either."""
        while not self._stopping.is_set() and not (await read_policy(self._connection)).paused:
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_POLL.total_seconds()):
                    await self._stopping.wait()


def _tell(outcome: Outcome) -> None:
    say = log.info if outcome.state in {"applied", "rolled_back"} else log.warning
    say(f"fix {outcome.state}", fix=str(outcome.fix_id), reason=outcome.reason)
