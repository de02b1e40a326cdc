"""The queue's worker: measures what would decide, proposes, queues what may run alone, carries fixes out and back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..aftermath.aftermath import Aftermath
from ..connections import ConnectionSource
from ..errors import CouldNotLook, FixDeferred, GaveWay
from ..fixes.execution.courtesy import Courtesy
from ..fixes.execution.executor import Executor, Outcome
from ..fixes.execution.interruption import PAUSED
from ..fixes.execution.recovery import recover
from ..fixes.limits import limits_of
from ..fixes.queue import book
from ..fixes.rehearsal.rehearsal import rehearsal_of
from ..fixes.sqlstates import in_words
from ..hearing.bell import Bell
from ..hearing.lease import Lease
from ..judging.analyst import Analyst
from ..relations.measure import measure
from ..settings import AutoFix, Settings
from ..statements.statement import StatementSource
from ..store.instance import why_a_copy
from ..store.issues import follow_ignored
from ..store.policy import Policy, read_policy
from .proposals import Proposals
from .repository import Repository
from .schedule import Schedule

IDLE = timedelta(seconds=5)
AGAIN = timedelta(seconds=1)
PAUSE_POLL = timedelta(milliseconds=300)
MEASURING_BUDGET = timedelta(seconds=5)
LINKS_AT_ONCE = 200
log = structlog.get_logger()


class Mender:
    """Works under one lease; one fix at a time. `run` ends after `stop`, between two steps of whatever is under way.

    It borrows a connection for each thing that it does and has none while the executor works: then there may be only
    one for all others. So `policy_now` reads the policy elsewhere, where nobody waits for a connection, and over
    `watching` it looks whom a fix, or what is read for one, keeps waiting.
    `repository` is where it was started, whose ignore file it follows. `sources` know statements besides the database.
    `allowed` is what the flags let it fix alone. Who `stands_in` for a listener leaves what is automatic to that one.
    """

    def __init__(
        self,
        connections: ConnectionSource,
        settings: Settings,
        analyst: Analyst,
        lease: Lease,
        *,
        policy_now: Callable[[], Awaitable[Policy]],
        watching: ConnectionSource | None = None,
        allowed: AutoFix,
        observe: bool,
        stands_in: bool = False,
        repository: Repository | None = None,
        sources: Sequence[StatementSource] = (),
    ) -> None:
        self._connections = connections
        self._policy_now = policy_now
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
        self._schedule = Schedule(settings)
        self._aftermath = Aftermath()
        self._rehearsal = rehearsal_of(settings, sources)
        self._executor = Executor(
            connections,
            self._limits,
            pause_requested=self._until_told_to_stop,
            rehearsal=self._rehearsal,
            watching=watching,
        )
        self._courtesy = Courtesy(watching, self._limits)
        self._proposals = Proposals(analyst, settings, self._limits, self._courtesy, self._rehearsal)
        self._policy: Policy | None = None
        self._closing: float | None = None

    def wake(self) -> None:
        """Something happened: look at once."""
        self._bell.ring()

    def stop(self) -> None:
        """End `run` as soon as the step under way lets it."""
        self._stopping.set()
        self._bell.ring()

    async def run(self) -> None:
        """First finish or undo what was left on its way; then take turns until stopped.

        What could not be looked at is looked at again, what was lost on its way is first taken up.
        """
        observing = await self._why_observing()
        if observing is not None and not self._stands_in:
            log.warning("observing only", reason=observing)
        recovered = observing is not None
        while not self._stopping.is_set():
            try:
                if not recovered:
                    await self._recover()
                    recovered = True
                await self.turn(observing)
            except CouldNotLook as error:
                log.warning("could not look; trying again", error=str(error))
                recovered = observing is not None
                await self._rest(AGAIN)
                continue
            await self._bell.wait(self._proposals.patience(IDLE))

    async def turn(self, observing: str | None) -> None:
        """Withdraw, measure, propose, queue, carry out: whatever there is to do now."""
        async with self._borrowed() as connection:
            policy = await read_policy(connection)
            if self._policy is not None and policy != self._policy:
                self._proposals.forget()
            self._policy = policy
            await self._follow_people(connection, observing)
        await self._measure()
        async with self._borrowed() as connection:
            allowed = policy.allows(self._settings.auto_fix, self._allowed)
            await self._proposals.weigh(connection, allowed, observing)
            if observing is None and not policy.paused:
                if await self._follow_repository(connection):
                    # What was opened meanwhile is not mended before it can be ignored.
                    await self._follow_people(connection, observing)
                await self._proposals.renew_again(connection)
                await self._proposals.promote(connection)
        if observing is None:
            async with self._borrowed() as connection, _optional(connection):
                await self._aftermath.look(connection)
            if not policy.paused:
                await self._work_off()

    def _borrowed(self) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        return self._connections.connection("mender")

    async def _follow_people(self, connection: AsyncConnection[TupleRow], observing: str | None) -> None:
        """What is ignored or open again by now, and what may no longer run."""
        await self._follow_repository(connection)
        for issue_id, status in (await follow_ignored(connection)).items():
            log.info(f"issue {status} again" if status == "open" else f"issue {status}", issue=issue_id)
            self._proposals.reconsider(issue_id)
        if observing is None:
            for each in await book.withdraw(connection, self._lease, allowed=self._covered):
                log.warning("fix superseded", fix=str(each.fix_id), reason=each.reason)
                self._proposals.reconsider(each.issue_id)

    async def _follow_repository(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Let the file of the repository say what is ignored; whether it said anything new."""
        if self._repository is None:
            return False
        return await self._repository.follow(connection, self._analyst.open_issues())

    async def _work_off(self) -> None:
        while not self._stopping.is_set():
            async with self._borrowed() as connection:
                if (await read_policy(connection)).paused:
                    return
                claim = await book.claim(
                    connection,
                    self._lease,
                    self._limits.retry_after,
                    allowed=self._covered,
                    alone=not self._stands_in and await self._schedule.is_open(connection),
                )
                left = await self._schedule.left(connection) if claim and claim.automatic else None
            if claim is None:
                return
            log.info("fix started", fix=str(claim.fix_id), direction=claim.direction, summary=claim.plan.summary)
            outcome = await self._carry_on(claim, left)
            _tell(outcome)
            await self._analyst.react()
            if outcome.state == "superseded" and not claim.withdrawn:
                async with self._borrowed() as connection:
                    await self._proposals.renew(connection, claim)
            if outcome.state in {"superseded", "refused", "failed"}:
                # Also where it was renewed: one that nobody approved is queued again only when it is weighed again, and
                # what made it stale may have moved another table than the issue's.
                self._proposals.reconsider(claim.plan.issue_id)

    async def _carry_on(self, claim: book.Claim, left: timedelta | None) -> Outcome:
        """What becomes of it within the time that is left, if any is; one that is applied is watched from now on."""
        # The way back is gone to its end.
        self._close_in(None if claim.turns_back else left)
        if claim.direction == "apply":
            async with self._borrowed() as connection, _optional(connection):
                await self._aftermath.expect(connection, claim.fix_id, claim.plan)
        outcome = await self._executor.carry_on(claim, self._lease)
        if claim.direction == "apply" and outcome.state == "applied":
            async with self._borrowed() as connection, _optional(connection):
                await self._aftermath.begin(connection)
        return outcome

    async def _measure(self) -> None:
        while links := self._analyst.take_unmeasured(LINKS_AT_ONCE):
            snapshot = self._analyst.examiner.snapshot
            async with self._borrowed() as connection:
                counting = measure(connection, links, snapshot, budget=MEASURING_BUDGET)
                try:
                    measured = await self._courtesy.read(connection, counting, "Counting rows")
                except GaveWay as gave_way:
                    log.warning("not counted yet", reason=str(gave_way))
                    self._analyst.put_back_unmeasured(links)
                    return
            await self._analyst.learn(measured)

    async def _recover(self) -> None:
        async with self._borrowed() as connection:
            left = await self._schedule.left(connection)

        def on_its_way(claim: book.Claim) -> None:
            # What a crash left half done is no matter of the clock.
            self._close_in(left if claim.automatic and not claim.begun and not claim.turns_back else None)

        while not self._stopping.is_set():
            try:
                outcomes = await recover(
                    self._connections, self._executor, self._lease, allowed=self._covered, before=on_its_way
                )
            except FixDeferred as deferred:
                log.warning("recovery waits", reason=str(deferred))
                await self._rest(AGAIN)
                continue
            for outcome in outcomes:
                log.info("recovered", fix=str(outcome.fix_id), state=outcome.state, reason=outcome.reason)
            async with self._borrowed() as connection:
                await self._rehearsal.sweep(connection)
            return

    def _close_in(self, left: timedelta | None) -> None:
        """Stop what is begun now in that time, or never."""
        self._closing = None if left is None else time.monotonic() + left.total_seconds()

    async def _why_observing(self) -> str | None:
        if self._observe:
            return "it was started with --observe"
        async with self._borrowed() as connection:
            return await why_a_copy(connection)

    async def _until_told_to_stop(self) -> str:
        """Return why once fixing is paused, we are to stop, or the window closes: within a second of either."""
        while not self._stopping.is_set() and not (await self._policy_now()).paused:
            if self._closing is not None and time.monotonic() >= self._closing:
                return "Its maintenance window closed; it goes on from here in the next one."
            await self._rest(PAUSE_POLL)
        return PAUSED

    async def _rest(self, time: timedelta) -> None:
        """Sleep, unless we are to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(time.total_seconds()):
                await self._stopping.wait()


@asynccontextmanager
async def _optional(connection: AsyncConnection[TupleRow]) -> AsyncGenerator[None]:
    """What keeps no fix from being made where the server will not have it: it is told and left out."""
    try:
        yield
    except psycopg.Error as error:
        if connection.closed:
            raise
        log.warning("what a fix brings about is not watched", reason=in_words(error))


def _tell(outcome: Outcome) -> None:
    say = log.info if outcome.state in {"applied", "rolled_back"} else log.warning
    say(f"fix {outcome.state}", fix=str(outcome.fix_id), reason=outcome.reason)
