"""A transactional step: all of it and its own record in one commit, under locks that nobody waits for long.

A step that rewrites a table goes on under its lock only while no older snapshot would read it as empty, and asks again
in one message with COMMIT: what is left is a snapshot that is taken during the commit itself.

Several statements go as one message of the simple protocol, not in psycopg's pipeline mode: the Flush with which that
ends, after the Sync, disarms idle_in_transaction_session_timeout (seen on 18; docs/decisions/0007).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    stop_any,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from ...errors import CouldNotLook, FixDeferred, FixError, FixFailed, LeaseLost, PlanRefused, PlanStale, ProofRefuted
from ..backup_record import recorded
from ..composed import lock, verbatim
from ..plan import Check, Step
from ..preflight import confirm
from ..sqlstates import MOVED, OLDER_SNAPSHOT, QUERY_CANCELED, REFUTED, in_words, is_for_later, is_passing
from ..staleness import check_names, check_unmoved
from .blockers import statements_of
from .critical_section import CriticalSection, HeldInVain, HeldTooLong, SnapshotTaken, enter
from .defaults_kept import left_behind, nobody_elses
from .interruption import LOOK_SECONDS, Watch, gave_way
from .older_snapshots import none_from_before, none_older
from .session import milliseconds
from .work import Work

_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 1.0


async def commit_step(work: Work, ordinal: int, step: Step, more_checks: Sequence[Check] = ()) -> None:
    """Commit the step, in as many tries as the limits allow.

    Raises FixDeferred naming who was in the way, PlanRefused where it took too long, FixFailed, PlanStale,
    ProofRefuted, LeaseLost, FixInterrupted; or OperationalError where the connection is gone: then a probe has to tell.
    """
    await work.journal.intend(work.session, ordinal, step, register=False)
    await work.reach(ordinal, "intended")
    async with _recorded(work, ordinal, step):
        # What runs for long blocks nobody at once, but somebody may come who waits for it.
        watch = Watch(work.connections, yields=work.limits) if step.long_running else None
        try:
            async for attempt in _tries(work):
                with attempt:
                    if attempt.retry_state.attempt_number == 2:
                        watch = watch or Watch(work.connections)
                    await work.interruption.attend(
                        _commit(work, ordinal, step, more_checks, watch),
                        work.session,
                        watch,
                        every=LOOK_SECONDS if step.long_running else work.limits.lock_timeout.total_seconds() / 5,
                    )
        except HeldTooLong as error:
            raise PlanRefused(_too_long(work, step)) from error
        except SnapshotTaken as error:
            raise FixDeferred(await _older_snapshot(work, step, str(error), error.processes)) from error
        except psycopg.Error as error:
            if watch is not None and watch.gives_way and not work.session.connection.closed:
                raise FixDeferred(f"{step.title}: it gave way. {gave_way(watch)}.") from error
            if error.sqlstate == OLDER_SNAPSHOT:
                detail, processes = error.diag.message_detail or "", error.diag.message_hint or ""
                raise FixDeferred(await _older_snapshot(work, step, detail, processes)) from error
            if is_passing(error):
                raise FixDeferred(
                    f"{step.title}: no lock in {work.limits.lock_attempts} tries within"
                    f" {work.limits.lock_patience.total_seconds():.0f} s. In the way: {watch}."
                ) from error
            raise
    work.taken.append(step)
    await work.reach(ordinal, "committed")


def _tries(work: Work) -> AsyncRetrying:
    limits = work.limits
    return AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, HeldInVain) or is_passing(error)),
        stop=stop_any(
            _StopInVain(limits.vain_tries),
            stop_after_attempt(limits.lock_attempts),
            stop_after_delay(limits.lock_patience),
        ),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
        sleep=work.interruption.sleep,
        reraise=True,
    )


class _StopInVain(stop_base):
    """Stops once others have waited for so many tries to their end."""

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, retry_state: RetryCallState) -> bool:
        outcome = retry_state.outcome
        if outcome is not None and isinstance(outcome.exception(), HeldInVain):
            self._left -= 1
        return self._left <= 0


def _too_long(work: Work, step: Step) -> str:
    allowed = milliseconds(work.limits.critical_section)
    guess = "" if work.plan.estimate_ms is None else f", where {work.plan.estimate_ms:.0f} ms were expected"
    return (
        f"{step.title}: it was not done within {allowed} ms under its locks{guess}, and was rolled back each time."
        " Cure: approve it at a quieter time, or with a larger online_above if others may wait for that long."
    )


async def _older_snapshot(work: Work, step: Step, holders: str, processes: str) -> str:
    table = work.plan.tables[0][1]
    harm = f"{table} as empty" if step.after_sweep is None else f"the column of {table} as NULL"
    statements = "".join(f"; {each}" for each in await statements_of(work.session.connection, processes))
    return (
        f"{step.title}: at each try a session had an older snapshot, which would read {harm} afterwards."
        f" In the way: {holders}{statements}."
    )


@asynccontextmanager
async def _recorded(work: Work, ordinal: int, step: Step) -> AsyncGenerator[None]:
    """Record why a step was not done, and say it as a FixError; a lost connection records nothing."""
    connection = work.session.connection
    try:
        yield
    except psycopg.Error as error:
        if connection.closed:
            # Whatever the server's last word was: that a transaction idled for too long is no OperationalError.
            raise psycopg.OperationalError(in_words(error)) from error
        await work.journal.end(connection, ordinal, "failed", in_words(error))
        raise _cause(error)(f"{step.title}: {in_words(error)}") from error
    except CouldNotLook as error:
        if not connection.closed:
            await work.journal.end(connection, ordinal, "failed", str(error))
        raise FixDeferred(f"{step.title}: {error}") from error
    except LeaseLost:
        raise
    except Exception as error:
        await work.journal.end(connection, ordinal, "failed", str(error))
        raise


def _cause(error: psycopg.Error) -> type[FixError]:
    if is_for_later(error):
        return FixDeferred
    return {REFUTED: ProofRefuted, MOVED: PlanStale}.get(error.sqlstate or "", FixFailed)


async def _commit(work: Work, ordinal: int, step: Step, more_checks: Sequence[Check], watch: Watch | None) -> None:
    """One try. What can be done before the locks is done before."""
    connection = work.session.connection
    async with _transaction(connection):
        await work.session.bound(work.limits.lock_timeout, work.limits.statement_time, local=True)
        await _send(work, [verbatim(each) for each in step.ahead])
        if step.after_sweep is not None:
            await _send(work, [none_from_before(step.after_sweep)])
        await _bound(work, step)
        await work.journal.register(work.session, this_transaction=True)
        if step.long_running:
            await _send(work, [verbatim(each) for each in _locked(work, step)])
            await _under_locks(work, ordinal, step, more_checks, watch)
            await work.journal.hold(connection)
        else:
            await work.journal.hold(connection)
            limits = work.limits
            section = await enter(connection, _locked(work, step), limits.critical_section, limits.idle_in_transaction)
            await _within(section, work, _under_locks(work, ordinal, step, more_checks, watch, section=section))
        await work.reach(ordinal, "before commit")
        await _end(work, [none_older(_looking(watch), passing_too=True)] if step.rewrites else [])


async def _end(work: Work, looks: Sequence[sql.Composable]) -> None:
    """Commit, in one message with a last look; raises SnapshotTaken where that finds somebody."""
    try:
        await _send(work, [*looks, sql.SQL("commit")])
    except psycopg.Error as error:
        if error.sqlstate == OLDER_SNAPSHOT:
            raise SnapshotTaken(error.diag.message_detail or "", error.diag.message_hint or "") from error
        raise


@asynccontextmanager
async def _transaction(connection: AsyncConnection[TupleRow]) -> AsyncGenerator[None]:
    """A transaction that the caller commits, with its last statements in one message; what it did not is undone."""
    await connection.execute("begin")
    try:
        yield
    finally:
        # After a commit nothing is left to do. Where the connection is lost, the server does it.
        try:
            await connection.rollback()
        except psycopg.Error:
            if not connection.closed:
                raise


async def _within(section: CriticalSection, work: Work, under_locks: Coroutine[Any, Any, None]) -> None:
    """Do that in the time there is; raises HeldTooLong. The server bounds its part, our clock what is ours of it."""
    connection = work.session.connection
    try:
        async with asyncio.timeout(2 * work.limits.critical_section.total_seconds()):
            await under_locks
    except TimeoutError as error:
        raise HeldTooLong("Under its locks our own part took too long.") from error
    except psycopg.Error as error:
        if error.sqlstate == QUERY_CANCELED:
            await connection.rollback()
            if await section.is_over(connection):
                raise HeldTooLong(in_words(error)) from error
        raise


async def _under_locks(
    work: Work,
    ordinal: int,
    step: Step,
    more_checks: Sequence[Check],
    watch: Watch | None,
    *,
    section: CriticalSection | None = None,
) -> None:
    connection = work.session.connection
    if step.rewrites:
        if watch is not None:
            watch.rest()
        await _send(work, [none_older(_looking(watch), passing_too=False)])
    await work.reach(ordinal, "locked")
    if work.compares and step.compares:
        await check_unmoved(connection, work.plan)
    elif not step.clears:
        await check_names(connection, work.plan)
    fix_id, columns = work.journal.fix_id, step.defaults_of
    left = left_behind(columns) if columns else sql.NULL
    done = (
        work.journal.end_statement(ordinal, "done", left_behind=left),
        work.journal.unregister_statement(work.session),
    )
    first = (verbatim(nobody_elses(fix_id, columns)),) if columns else ()
    statements = [*first, *map(verbatim, step.statements), *recorded(fix_id, work.plan.backups), *done]
    await _send(work, statements if section is None else [*section.bounded(statements)])
    await confirm(connection, (*step.checks, *more_checks), work.limits)


def _looking(watch: Watch | None) -> Collection[int]:
    """Processes of ours that only look who is in the way: what they see is no table of anybody's."""
    return () if watch is None else watch.processes


async def _bound(work: Work, step: Step) -> None:
    """The locks of a step share the lock timeout, so that together they keep nobody waiting for longer."""
    limits = work.limits
    lock_timeout = limits.lock_timeout / max(1, len(_locked(work, step)))
    await work.session.bound(
        lock_timeout, limits.build_time if step.long_running else limits.critical_section, local=True
    )


async def _send(work: Work, statements: Sequence[sql.Composable]) -> None:
    """Run the statements, sent as one message: between them nobody waits for us."""
    if statements:
        await work.session.connection.execute(sql.SQL("; ").join(statements))


def _locked(work: Work, step: Step) -> list[str]:
    """LOCK TABLE for each of the step's locks on a relation of the plan. What clears goes by numbers."""
    if step.clears:
        return []
    planned = {name for _, name in work.plan.tables}
    return [lock(each.relation, each.mode) for each in step.locks if each.relation in planned]
