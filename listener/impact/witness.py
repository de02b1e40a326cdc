"""The witness: remembers what statements did, and sees what those of new events did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Snapshot
from ..event import Event
from ..hearing.pulse import triggers_fire
from ..store.impacts import read_impacts
from .impact import KEPT, UNHEARD, Impact, Impacts
from .weighing import weigh


class Witness:
    """One for each listener. `online_above` is how long others may have to wait for a statement before it is told."""

    def __init__(self, connection: AsyncConnection[TupleRow], online_above: timedelta) -> None:
        self._connection = connection
        self._online_above = online_above

    async def remembered(self) -> Impacts:
        """What statements did as far as any listener heard of it lately."""
        return await self.still_told(await read_impacts(self._connection))

    async def still_told(self, impacts: Impacts, now: Snapshot | None = None) -> Impacts:
        """Those of the impacts that are not too old by `now`, and whether others may be missing."""
        unheard = None if await triggers_fire(self._connection) else UNHEARD
        return (impacts if now is None else impacts.since(now.taken_at - KEPT)).heard(unheard)

    async def see(self, events: Sequence[Event], before: Snapshot, after: Snapshot) -> tuple[Impact, ...]:
        """What the statements of those events did between two looks. Raises CouldNotLook."""
        return await weigh(self._connection, events, before, after, self._online_above) if events else ()
