"""Fixes that another listener left on their way, brought to their end by the one that leads now."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...hearing.lease import Lease
from ...settings import AutoFix
from ..queue.book import adopt
from .executor import Executor, Outcome
from .orphan_sessions import end_orphans


async def recover(
    connection: AsyncConnection[TupleRow], executor: Executor, lease: Lease, *, allowed: AutoFix
) -> tuple[Outcome, ...]:
    """Finish what the last leader left, or undo it where it may not go on, and forget its sessions; what each fix came
    to. `allowed` is the most that may be automatic.

    To be called by a new leader before it claims anything. Raises FixDeferred where a session of the last one does not
    end, LeaseLost where there is a newer leader.
    """
    await end_orphans(connection)
    return tuple([await executor.carry_on(claim, lease) for claim in await adopt(connection, lease, allowed=allowed)])
