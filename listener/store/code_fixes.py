"""Rows for what was written into code, so that `psql`, history and API show it. It is undone where the code is."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..fixes.plan import Plan
from ..issue import Issue
from ..written_code import WrittenCode
from .issues import open_or_change, resolve

_FIX = """
insert into pgmend.fix (fix_id, issue_id, kind, state, plan, plan_hash, automatic, requested_by, approved_by,
  approved_at, started_at, finished_at)
select %s, %s, %s, 'applied', %s::jsonb, %s, auto.matic, session_user, case when not auto.matic then session_user end,
  case when not auto.matic then clock_timestamp() end, clock_timestamp(), clock_timestamp()
from (values (%s)) as auto (matic)
"""
_STEP = """
insert into pgmend.fix_step (fix_id, direction, ordinal, attempt, title, statements, state, finished_at)
values (%s, %s, 1, 1, %s, '{}', 'done', clock_timestamp())
"""
_UNDONE = """
update pgmend.fix set state = 'rolled_back', rolled_back_at = clock_timestamp(), rollback_requested_by = session_user
where fix_id = %s and state = 'applied'
"""


async def write_applied(
    connection: AsyncConnection[TupleRow],
    fix_id: str,
    summary: str,
    issues: Sequence[Issue],
    files: Sequence[str],
    *,
    automatic: bool = False,
) -> None:
    """Say that code was changed; under the first of the issues, which are resolved. No line of code is stored. The
    session may be one that only reads otherwise."""
    plan = Plan(
        "change_code",
        issues[0].issue_id,
        summary,
        WrittenCode(files=tuple(files)),
        no_inverse=f"Where the code lies, `pgmend rollback {fix_id}` undoes it.",
    )
    async with connection.transaction():
        await connection.execute("set transaction read write")
        await open_or_change(connection, issues)
        await connection.execute(_FIX, (fix_id, plan.issue_id, plan.kind, plan.to_json(), plan.plan_hash, automatic))
        await connection.execute(_STEP, (fix_id, "apply", f"Write {', '.join(files)}"))
        await resolve(connection, [each.issue_id for each in issues])


async def write_undone(connection: AsyncConnection[TupleRow], fix_id: str, files: Sequence[str]) -> bool:
    """Say that it was undone; False where this database knows nothing of it."""
    async with connection.transaction():
        done = await connection.execute(_UNDONE, (fix_id,))
        if not done.rowcount:
            return False
        await connection.execute(_STEP, (fix_id, "undo", f"Put back {', '.join(files)}"))
    return True
