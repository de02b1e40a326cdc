"""A step that no transaction block can hold (CONCURRENTLY): registered first, probed afterwards, cleaned up."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg

from ...errors import FixDeferred, FixError, FixFailed, LeaseLost, NameTaken
from ..composed import verbatim
from ..plan import Step
from ..sqlstates import DUPLICATE_TABLE, in_words, is_for_later, is_passing
from ..staleness import check_names, check_unmoved
from .interruption import LOOK_SECONDS, Watch, gave_way
from .work import Work

_WAIT_SECONDS = (0.1, 1.0)


async def run_alone(work: Work, ordinal: int, step: Step) -> None:
    """Run the step's statements, in as many tries as the limits allow; what a failed one leaves is cleaned up.

    Raises FixDeferred naming who was in the way, FixFailed, PlanStale, NameTaken, LeaseLost, FixInterrupted; or
    OperationalError where the connection is gone: then a probe has to tell.
    """
    for tries_left in reversed(range(work.limits.concurrent_attempts)):
        watch = Watch(work.connections, yields=work.limits)
        try:
            await _run(work, ordinal, step, watch)
        except psycopg.Error as error:
            if work.session.connection.closed:
                raise
            if error.sqlstate == DUPLICATE_TABLE:
                raise NameTaken(f"{step.title}: {in_words(error)}") from error
            if await probe(work, step) == "partial":
                await clean_up(work, ordinal, step)
            if not (is_passing(error) and tries_left):
                raise failure(step, error, watch) from error
        else:
            work.taken.append(step)
            return
        await work.interruption.sleep(random.uniform(*_WAIT_SECONDS))  # noqa: S311 - jitter, no secret


async def clean_up(work: Work, ordinal: int, step: Step) -> None:
    """Take what a step left half done back to before, or on to done. Raises as `run_alone` does."""
    cleaning = replace(step, title=f"Clean up: {step.title}", statements=step.cleanup)
    watch = Watch(work.connections, yields=work.limits)
    try:
        await _run(work, ordinal, cleaning, watch)
    except psycopg.Error as error:
        if work.session.connection.closed:
            raise
        raise failure(step, error, watch, "what it left could not be cleaned up yet: ") from error
    await work.journal.end(work.session.connection, ordinal, "done")
    await work.reach(ordinal, "cleaned up")


async def probe(work: Work, step: Step) -> str:
    """What has become of the step: before, done or partial."""
    row = await (await work.session.connection.execute(verbatim(step.probe))).fetchone()
    return str(row[0]) if row else "before"


async def _run(work: Work, ordinal: int, step: Step, watch: Watch) -> None:
    session, limits = work.session, work.limits
    async with registered(work, ordinal, step):
        await session.bound(limits.concurrent_patience, limits.build_time)
        if work.compares and step.compares:
            await check_unmoved(session.connection, work.plan)
        else:
            await check_names(session.connection, work.plan)
        for statement in step.statements:
            await work.interruption.attend(_execute(work, statement), session, watch, every=LOOK_SECONDS)
            await work.reach(ordinal, "ran")


async def _execute(work: Work, statement: str) -> None:
    await work.session.connection.execute(verbatim(statement))


@asynccontextmanager
async def registered(work: Work, ordinal: int, step: Step) -> AsyncGenerator[None]:
    """The session's DDL is the fix's within; a failure is recorded. The end of a success is for the probe to tell."""
    await work.journal.intend(work.session, ordinal, step, register=True)
    await work.reach(ordinal, "intended")
    try:
        yield
    except LeaseLost:
        raise
    except Exception as error:
        if not work.session.connection.closed:
            said = in_words(error) if isinstance(error, psycopg.Error) else str(error)
            await work.journal.end(work.session.connection, ordinal, "failed", said)
        raise
    finally:
        if not work.session.connection.closed:
            await work.journal.unregister(work.session.connection, work.session)


def failure(step: Step, error: psycopg.Error, watch: Watch, prefix: str = "") -> FixError:
    if watch.gives_way:
        return FixDeferred(f"{step.title}: {prefix}it gave way. {gave_way(watch)}.")
    if is_passing(error):
        return FixDeferred(f"{step.title}: {prefix}others did not give way. In the way: {watch}.")
    cause = FixDeferred if is_for_later(error) else FixFailed
    return cause(f"{step.title}: {prefix}{in_words(error)}")
