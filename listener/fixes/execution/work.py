"""What taking a step needs: the session, the plan, the journal, the limits, and a way to be stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ...connections import ConnectionSource
from ..limits import Limits
from ..plan import Plan, Step
from .interruption import Interruption
from .journal import Journal
from .session import Session

Checkpoint = Callable[[str], Awaitable[None]]


async def pass_by(_: str) -> None:
    """The checkpoint of everyday: goes on."""


@dataclass(frozen=True, slots=True)
class Work:
    """One fix in one direction on one session. Over `connections` it is looked at others.

    `checkpoint` is awaited with a name at each point where the work may end for good (power loss, SIGKILL): there a
    test ends it. `compares` says whether the plan's fingerprints still tell anything; `taken` has the steps that ran.
    """

    connections: ConnectionSource
    session: Session
    plan: Plan
    journal: Journal
    limits: Limits
    interruption: Interruption
    checkpoint: Checkpoint = pass_by
    compares: bool = True
    taken: list[Step] = field(default_factory=list[Step])

    async def reach(self, ordinal: int, point: str) -> None:
        """Name a point of a step."""
        await self.checkpoint(f"{self.journal.direction} {ordinal} {point}")
