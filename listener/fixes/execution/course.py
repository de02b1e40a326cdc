"""The steps of a plan in one direction, each taken from wherever its probe finds it."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import FixFailed
from ..plan import Check, Step
from .alone import clean_up, probe, run_alone
from .sweeping import run_sweep
from .transaction import commit_step
from .work import Work

_PROBES_PER_STEP = 6


async def found(work: Work, steps: Sequence[Step]) -> list[str]:
    """What the probes of the steps say."""
    return [await probe(work, step) for step in steps]


async def take(work: Work, steps: Sequence[Step], last_checks: Sequence[Check] = ()) -> None:
    """Take every step in order; `last_checks` run in the last transaction. Ends only when each probe has said done.

    Raises FixDeferred, FixFailed, FixInterrupted, PlanStale, ProofRefuted or LeaseLost with the steps before it done.
    """
    last = max((ordinal for ordinal, step in enumerate(steps, start=1) if step.transactional), default=0)
    for ordinal, step in enumerate(steps, start=1):
        await _take(work, ordinal, step, last_checks if ordinal == last else ())


async def tidy(work: Work, steps: Sequence[Step]) -> None:
    """Take back what a step left half done: the inverse of a plan knows only of whole steps. Raises as `take` does."""
    for ordinal, step in enumerate(steps, start=1):
        if await probe(work, step) == "partial":
            await clean_up(work, ordinal, step)


async def _take(work: Work, ordinal: int, step: Step, checks: Sequence[Check]) -> None:
    for _ in range(_PROBES_PER_STEP):
        work.interruption.check()
        match await probe(work, step):
            case "done":
                await work.journal.found_done(work.session, ordinal, step)
                await work.reach(ordinal, "recorded")
                return
            case "partial":
                await clean_up(work, ordinal, step)
            case _ if step.sweep is not None:
                await run_sweep(work, ordinal, step, step.sweep)
            case _ if step.transactional:
                await commit_step(work, ordinal, step, checks)
            case _:
                await run_alone(work, ordinal, step)
    raise FixFailed(f"{step.title}: it ran, and its probe does not say that it is done.")
