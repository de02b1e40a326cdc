"""Fixes that were left on their way, by another listener or this one, brought to their end by the one that leads."""

from __future__ import annotations

from collections.abc import Callable

from ...connections import ConnectionSource
from ...hearing.lease import Lease
from ...settings import AutoFix
from ..queue.book import Claim, adopt
from .executor import Executor, Outcome
from .orphan_sessions import end_orphans


def _as_it_is(_: Claim) -> None:
    return


async def recover(
    connections: ConnectionSource,
    executor: Executor,
    lease: Lease,
    *,
    allowed: AutoFix,
    before: Callable[[Claim], None] = _as_it_is,
) -> tuple[Outcome, ...]:
    """Finish what was left on its way, or undo it where it may not go on, and forget its sessions; what each fix came
    to. `allowed` is the most that may be automatic; `before` hears of each.

    To be called before anything is claimed, by a new leader or after a fix could not be carried on.
    Raises FixDeferred where a session of the last one does not end, LeaseLost where there is a newer leader.
    """
    async with connections.connection("mender") as connection:
        await end_orphans(connection)
        claims = await adopt(connection, lease, allowed=allowed)
    outcomes: list[Outcome] = []
    for claim in claims:
        before(claim)
        outcomes.append(await executor.carry_on(claim, lease))
    return tuple(outcomes)
