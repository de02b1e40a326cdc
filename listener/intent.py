"""Whether a change was meant: by the session's own word, or because its transaction also wrote migration history.

A transaction that wrote the table of a migration tool was a migration. Which rows a transaction wrote, `xmin` tells:
the transaction's id, or one of its subtransactions', which come soon after. `application_name` is no evidence of
anything: anyone can set it.
"""

from __future__ import annotations

from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from .catalog.snapshot import Snapshot, Table

HISTORY_TABLES = frozenset(
    {
        "alembic_version",
        "django_migrations",
        "schema_migrations",
        "_prisma_migrations",
        "flyway_schema_history",
        "knex_migrations",
        "goose_db_version",
        "atlas_schema_revisions",
        "databasechangelog",
        "pgmigrations",
        "yoyo_migrations",
        "__drizzle_migrations",
        "aerich",
        "sqitch_changes",
    }
)
SUBTRANSACTIONS = 64
_EVENT = """
select intended, mod(transaction_id::text::numeric, 4294967296)::bigint from pgmend.ddl_log where event_id = %s
"""
# xmin is compared in its 32-bit circle: how far a row's writer came after the transaction of the event.
_WROTE = """
select exists (
  select from {table} as history
  where mod(history.xmin::text::bigint - %s + 4294967296, 4294967296) <= %s)
"""
_BUSY = """
select exists (
  select from pg_catalog.pg_stat_activity as session join pgmend.ddl_log as event
    on session.pid = event.backend_pid and session.backend_start <= event.occurred_at
  where event.event_id = %s and session.xact_start is not null)
"""


async def why_intended(
    connection: AsyncConnection[TupleRow], snapshot: Snapshot, event_id: str | UUID | None
) -> str | None:
    """The reason why the event was meant, or None where nothing says so."""
    if event_id is None:
        return None
    row = await (await connection.execute(_EVENT, (event_id,))).fetchone()
    if row is None:
        return None
    intended, transaction = row
    if intended:
        return f"the session said so: {intended}"
    for table in _histories(snapshot):
        query = sql.SQL(_WROTE).format(table=sql.Identifier(table.schema, table.name))
        wrote = await (await connection.execute(query, (transaction, SUBTRANSACTIONS))).fetchone()
        if wrote and wrote[0]:
            return f"the same transaction wrote migration history ({table.qualified_name})"
    return None


async def still_in_transaction(connection: AsyncConnection[TupleRow], event_id: str | UUID | None) -> bool:
    """Whether the session that ran the event's DDL is in a transaction again: it may not have finished."""
    if event_id is None:
        return False
    row = await (await connection.execute(_BUSY, (event_id,))).fetchone()
    return bool(row and row[0])


def _histories(snapshot: Snapshot) -> list[Table]:
    return [table for table in snapshot.tables.values() if table.name in HISTORY_TABLES and table.kind == "r"]
