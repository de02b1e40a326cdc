"""Watches the statements on a fix's tables for a while after it, and tells what is worse, with the undo at hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid
from ..fixes.plan import Plan
from ..relations.wording import count
from ..statements.touched import read_touched
from ..store import aftermath as store
from .load import Load, read_load
from .regression import blindness, seen, waiting, worse

WATCHED: Final = timedelta(minutes=10)
LOOKED_AGAIN_AFTER: Final = timedelta(seconds=30)
log = structlog.get_logger()


class Aftermath:
    """Of the fixes of one leader; what is watched is in the database, so that the next leader goes on with it.

    `connection` is in autocommit mode, whichever has been borrowed. Nothing is undone from here: a person decides.
    """

    def __init__(self, watched: timedelta = WATCHED, again_after: timedelta = LOOKED_AGAIN_AFTER) -> None:
        self._watched = watched
        self._again_after = again_after

    async def expect(self, connection: AsyncConnection[TupleRow], fix_id: UUID, plan: Plan) -> None:
        """Note the load until now on what the fix is about to change: who applies it may not be who watches it."""
        before = await _load(connection, plan)
        if before is not None:
            await store.expect(connection, fix_id, before.to_json())

    async def begin(self, connection: AsyncConnection[TupleRow]) -> None:
        """Watch what was expected and is applied by now, whoever did that."""
        for fix_id, plan in await store.applied(connection):
            then = await _load(connection, Plan.from_json(plan))
            if then is not None:
                await store.begin(connection, fix_id, self._watched, then.to_json())

    async def look(self, connection: AsyncConnection[TupleRow]) -> None:
        """Look at each fix whose time for a look has come."""
        await self.begin(connection)
        for each in await store.due(connection, self._again_after):
            if not each.is_applied:
                await store.end(connection, each.fix_id, "ended", "The fix was undone.")
                continue
            await self._look(connection, each)

    async def _look(self, connection: AsyncConnection[TupleRow], watched: store.Watched) -> None:
        plan = Plan.from_json(watched.plan)
        now = await _load(connection, plan)
        before, then = Load.from_json(watched.load_before), Load.from_json(watched.load_then)
        if now is None:
            await store.end(connection, watched.fix_id, "ended", "Its tables are gone.")
            return
        waits = watched.waits_seen + 1 if waiting(then, now) else 0
        if found := worse(before, then, now, waits_seen=waits):
            undo = f"select pgmend.rollback('{watched.fix_id}')" if plan.inverse else f"none: {plan.no_inverse}"
            await store.end(connection, watched.fix_id, "regressed", "\n".join([*found, f"Undo: {undo}"]))
            log.warning("worse after a fix", fix=str(watched.fix_id), summary=plan.summary, seen=found, undo=undo)
        elif watched.is_over:
            await store.end(connection, watched.fix_id, "quiet", self._quiet(before, then, now))
        else:
            await store.looked(connection, watched.fix_id, waits)

    def _quiet(self, before: Load, then: Load, now: Load) -> str:
        minutes = f"{self._watched.total_seconds() / 60:.0f} minutes"
        why_blind = blindness(then, now)
        if why_blind is not None:
            return f"No more failures or waits in {minutes}. How long statements take is unavailable: {why_blind}."
        told = count(seen(before, then, now), "statement")
        return f"Nothing is worse after {minutes}; {told} ran often enough to tell."


async def _load(connection: AsyncConnection[TupleRow], plan: Plan) -> Load | None:
    tables: set[Oid] = {oid for oid, _ in plan.tables}
    touched = await read_touched(connection, tables) if tables else None
    return await read_load(connection, touched) if touched is not None and touched.relations else None
