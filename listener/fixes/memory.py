"""What was tried before: kept in `pgmend.fix`, so that a restart forgets nothing (law 13)."""

from __future__ import annotations

from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .plan import Plan

_LAST_FAILURE = """
select pg_catalog.max(finished_at) from pgmend.fix
where issue_id = %s and state in ('refused', 'failed') and plan -> 'remedy' = %s::jsonb -> 'remedy'
"""
_REVERTED = """
select exists (
  select from pgmend.fix where issue_id = %s and rollback_requested_by is not null
    and state in ('rollback_requested', 'rolling_back', 'rolled_back'))
"""


async def last_failure(connection: AsyncConnection[TupleRow], plan: Plan) -> datetime | None:
    """When the same remedy of the same issue last failed or was refused, under whatever id, on the server's clock."""
    row = await (await connection.execute(_LAST_FAILURE, (plan.issue_id, plan.to_json()))).fetchone()
    return row[0] if row else None


async def was_reverted(connection: AsyncConnection[TupleRow], issue_id: str) -> bool:
    """Whether somebody took a fix of ours for this issue back, or asked for it."""
    row = await (await connection.execute(_REVERTED, (issue_id,))).fetchone()
    return bool(row and row[0])
