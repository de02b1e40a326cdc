"""`pgmend.ddl_log` as an outbox: unprocessed rows are found by their mark, never by a cursor.

Identity order is not commit order: a reader that remembers the last id it saw loses the rows of late commits. Here a
row is unprocessed until the transaction that stores what was made of it marks it.
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from ..event import Event
from .intent import Intent

_UNPROCESSED = """
select event_id::text, occurred_at, transaction_id::text::bigint as transaction_id, kind, command_tag,
  coalesce(object_type, '') as object_type, schema_name as schema, object_identity as identity,
  coalesce(class_id, 0::oid) as class_id, coalesce(object_id, 0::oid) as object_id,
  session_role, application_name, backend_pid, statement, fix_id::text, intended,
  statement_started_at, effective_role
from pgmend.ddl_log
where processed_at is null
  and not exists (
    select from pgmend.fix where fix.fix_id = ddl_log.fix_id and fix.state in ('running', 'rolling_back'))
order by statement_started_at, transaction_id, kind, position
limit %s
"""
_MARK = """
update pgmend.ddl_log as event
set processed_at = clock_timestamp(), meant = decided.meant, meant_reason = decided.reason
from rows from (
  pg_catalog.unnest(%s::uuid[]), pg_catalog.unnest(%s::boolean[]), pg_catalog.unnest(%s::text[])
) as decided (event_id, meant, reason)
where event.event_id = decided.event_id
"""
BATCH = 5_000


async def unprocessed(connection: AsyncConnection[TupleRow], limit: int = BATCH) -> list[Event]:
    """Events that nobody has made anything of yet, oldest first.

    Those of a fix of ours are held back until it has ended: what it leaves between two steps is no state to judge.
    """
    async with connection.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(_UNPROCESSED, (limit,), prepare=True)
        return await cursor.fetchall()


async def mark_processed(connection: AsyncConnection[TupleRow], intents: Mapping[str, Intent]) -> None:
    """Say, within the caller's transaction, that these events were made something of, and whether they were meant."""
    several = intents.values()
    reasons = [each.reason for each in several]
    await connection.execute(_MARK, (list(intents), [each.meant for each in several], reasons))
