"""What was tried before: kept in `pgmend.fix`, so that a restart forgets nothing (law 13)."""

from __future__ import annotations

from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..plan import Plan

_LAST_FAILURE = """
select pg_catalog.max(finished_at) from pgmend.fix
where issue_id = %s and state in ('refused', 'failed') and plan -> 'remedy' = %s::jsonb -> 'remedy'
"""
_REVERTED = """
select exists (
  select from pgmend.fix where (issue_id = %s or plan -> 'remedy' = %s::jsonb -> 'remedy')
    and rollback_requested_by is not null and state in ('rollback_requested', 'rolling_back', 'rolled_back'))
"""


async def last_failure(connection: AsyncConnection[TupleRow], plan: Plan) -> datetime | None:
    """When the same remedy of the same issue last failed or was refused, under whatever id, on the server's clock."""
    row = await (await connection.execute(_LAST_FAILURE, (plan.issue_id, plan.to_json()))).fetchone()
    return row[0] if row else None


async def was_reverted(connection: AsyncConnection[TupleRow], plan: Plan) -> bool:
    """Whether somebody took a fix of ours for this issue back, or asked for it; or for another on the same objects,
    since an issue has another id once its table has another name."""
    row = await (await connection.execute(_REVERTED, (plan.issue_id, plan.to_json()))).fetchone()
    return bool(row and row[0])
