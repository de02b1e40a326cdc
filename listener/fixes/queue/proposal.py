"""A plan put up for approval: one that says the same as what is proposed already keeps that one's fix id.

Who has read a plan may approve it by its id, however often it was planned anew since.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ..plan import Plan, proofs_to_json
from . import book

ON_ITS_WAY: tuple[book.State, ...] = (
    "approved",
    "queued",
    "running",
    "deferred",
    "rollback_requested",
    "rolling_back",
)
_MOVING = "select exists (select from pgmend.fix where issue_id = %s and state = any(%s))"
_PROPOSED = """
select fix_id, plan_hash from pgmend.fix
where issue_id = %s and state = 'proposed' order by created_at desc, fix_id limit 1
"""
_PROVED = "update pgmend.fix set proofs = %s::jsonb where fix_id = %s and state = 'proposed'"


@dataclass(frozen=True, slots=True)
class Proposed:
    """What waits for approval."""

    fix_id: UUID
    plan_hash: str


async def put_up(
    connection: AsyncConnection[TupleRow],
    issue_id: str,
    planned: Callable[[UUID], Awaitable[Plan]],
    *,
    requested_by: str | None = None,
) -> tuple[UUID, Plan]:
    """The fix proposed for the issue, and its plan; a plan that refuses is written nowhere.

    `planned` makes the plan for a fix id: a plan may name its backups after its fix, and a new plan is a new fix.
    """
    held = await proposed(connection, issue_id)
    fix_id = held.fix_id if held else uuid4()
    plan = await planned(fix_id)
    if plan.refusal or (held is not None and held.plan_hash == plan.plan_hash):
        if held is not None and any(proof.alone for proof in plan.proofs):
            # Rehearsed since: whoever asks for the fix is shown what came of it.
            await connection.execute(_PROVED, (proofs_to_json(plan.proofs), fix_id))
        return fix_id, plan
    if held is not None:
        fix_id = uuid4()
        plan = await planned(fix_id)
    await book.propose(connection, fix_id, plan, requested_by=requested_by)
    return fix_id, plan


async def proposed(connection: AsyncConnection[TupleRow], issue_id: str) -> Proposed | None:
    """The newest plan that waits for approval."""
    async with connection.cursor(row_factory=class_row(Proposed)) as cursor:
        return await (await cursor.execute(_PROPOSED, (issue_id,))).fetchone()


async def on_its_way(connection: AsyncConnection[TupleRow], issue_id: str) -> bool:
    """Whether a fix of the issue, or its undo, is about to run or runs: then nothing is put up beside it."""
    row = await (await connection.execute(_MOVING, (issue_id, list(ON_ITS_WAY)))).fetchone()
    return bool(row and row[0])
