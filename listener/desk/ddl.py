"""What DDL was run, by whom and on what: `pgmend.recent_ddl`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .page import DEFAULT_LIMIT, Page, Source, read_page

_PAGE = """
select event_id, occurred_at, transaction_id::text, session_role, effective_role, application_name,
  host(client_addr) as client, kind, command_tag, object_type, object_identity, statement, statement_withheld,
  intended, fix_id, processed_at, meant, meant_reason
from pgmend.recent_ddl
"""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One object that a DDL command touched. `statement` is None where it was withheld or never seen.

    `meant` says whether somebody meant the change, None where that is not known (yet).
    """

    event_id: UUID
    occurred_at: datetime
    transaction_id: str
    session_role: str
    effective_role: str
    application_name: str | None
    client: str | None
    kind: str
    command_tag: str
    object_type: str | None
    object_identity: str | None
    statement: str | None
    statement_withheld: bool
    intended: str | None
    fix_id: UUID | None
    processed_at: datetime | None
    meant: bool | None
    meant_reason: str | None


async def read_ddl(
    connection: AsyncConnection[TupleRow], limit: int = DEFAULT_LIMIT, offset: int = 0
) -> Page[ShownEvent]:
    """The events, latest first."""
    return await read_page(connection, ShownEvent, Source("pgmend.ddl_log", _PAGE), limit, offset)
