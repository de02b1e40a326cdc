"""A transactional step: all of it and its own record in one commit, under locks that nobody waits for long.

Several statements go as one message of the simple protocol, not in psycopg's pipeline mode: the Flush with which that
ends, after the Sync, disarms idle_in_transaction_session_timeout (seen on 15 and 18; docs/decisions/0007).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
from psycopg import sql
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from ..errors import CouldNotLook, FixDeferred, FixFailed, LeaseLost, ProofRefuted
from .backup_record import recorded
from .composed import lock, verbatim
from .interruption import Watch
from .plan import Check, Step
from .preflight import confirm
from .session import fixer_session
from .sqlstates import REFUTED, in_words, is_for_later, is_passing
from .staleness import check_names, check_unmoved
from .work import Work

_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 1.0


async def commit_step(work: Work, ordinal: int, step: Step, more_checks: Sequence[Check] = ()) -> None:
    """Commit the step, in as many tries as the limits allow.

    Raises FixDeferred naming who was in the way, FixFailed, PlanStale, ProofRefuted, LeaseLost, FixInterrupted; or
    OperationalError where the connection is gone: then a probe has to tell.
    """
    await work.journal.intend(work.session, ordinal, step, register=False)
    await work.reach(ordinal, "intended")
    async with _recorded(work, ordinal, step), AsyncExitStack() as stack:
        watch: Watch | None = None
        try:
            async for attempt in _tries(work):
                with attempt:
                    if attempt.retry_state.attempt_number == 2:
                        watch = Watch(await stack.enter_async_context(fixer_session(work.dsn, work.limits)))
                    await work.interruption.attend(
                        _commit(work, ordinal, step, more_checks),
                        work.session,
                        watch,
                        every=work.limits.lock_timeout.total_seconds() / 5,
                    )
        except psycopg.Error as error:
            if is_passing(error):
                raise FixDeferred(
                    f"{step.title}: no lock in {work.limits.lock_attempts} tries within"
                    f" {work.limits.lock_patience.total_seconds():.0f} s. In the way: {watch}."
                ) from error
            raise
    work.taken.append(step)
    await work.reach(ordinal, "committed")


def _tries(work: Work) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(is_passing),
        stop=stop_after_attempt(work.limits.lock_attempts) | stop_after_delay(work.limits.lock_patience),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
        sleep=work.interruption.sleep,
        reraise=True,
    )


@asynccontextmanager
async def _recorded(work: Work, ordinal: int, step: Step) -> AsyncGenerator[None]:
    """Record why a step was not done, and say it as a FixError; a lost connection records nothing."""
    connection = work.session.connection
    try:
        yield
    except psycopg.Error as error:
        if connection.closed:
            raise
        await work.journal.end(connection, ordinal, "failed", in_words(error))
        cause = FixDeferred if is_for_later(error) else ProofRefuted if error.sqlstate == REFUTED else FixFailed
        raise cause(f"{step.title}: {in_words(error)}") from error
    except (CouldNotLook, TimeoutError) as error:
        reason = str(error) or f"not done within {2 * work.limits.critical_section} under its locks"
        if not connection.closed:
            await work.journal.end(connection, ordinal, "failed", reason)
        raise FixDeferred(f"{step.title}: {reason}") from error
    except LeaseLost:
        raise
    except Exception as error:
        await work.journal.end(connection, ordinal, "failed", str(error))
        raise


async def _commit(work: Work, ordinal: int, step: Step, more_checks: Sequence[Check]) -> None:
    """One try. What can be done before the locks is done before."""
    connection = work.session.connection
    async with connection.transaction():
        await _bound(work, step)
        await work.journal.register(work.session, this_transaction=True)
        if not step.long_running:
            await work.journal.hold(connection)
        await _send(work, [verbatim(each) for each in _locked(work, step)])
        # Each statement has its limit from the server; this one is on all that happens under the locks, our part too.
        async with asyncio.timeout(None if step.long_running else 2 * work.limits.critical_section.total_seconds()):
            await _under_locks(work, ordinal, step, more_checks)
        if step.long_running:
            await work.journal.hold(connection)
        await work.reach(ordinal, "before commit")


async def _under_locks(work: Work, ordinal: int, step: Step, more_checks: Sequence[Check]) -> None:
    connection = work.session.connection
    await work.reach(ordinal, "locked")
    if work.compares and step.compares:
        await check_unmoved(connection, work.plan)
    else:
        await check_names(connection, work.plan)
    done = work.journal.end_statement(ordinal, "done"), work.journal.unregister_statement(work.session)
    record = recorded(work.journal.fix_id, work.plan.backups)
    await _send(work, [*map(verbatim, step.statements), *record, *done])
    await confirm(connection, (*step.checks, *more_checks), work.limits)


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
    """LOCK TABLE for each of the step's locks on a relation of the plan."""
    planned = {name for _, name in work.plan.tables}
    return [lock(each.relation, each.mode) for each in step.locks if each.relation in planned]
