"""What rollbacks need and where it lies: `pgmend.backup`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .page import DEFAULT_LIMIT, Page, Source, read_page

_PAGE = """
select backup.backup_id, backup.fix_id, backup.relation_name, backup.kind, backup.row_count, backup.bytes,
  backup.created_at, backup.expires_at, fix.state as fix_state,
  coalesce(fix.plan ->> 'summary', fix.kind) as fix_summary
from pgmend.backup
join pgmend.fix on fix.fix_id = backup.fix_id
order by backup.created_at desc, backup.backup_id
"""


@dataclass(frozen=True, slots=True)
class Backup:
    """One relation of schema `pgmend_backup`; `expires_at` None is never."""

    backup_id: UUID
    fix_id: UUID
    relation_name: str
    kind: str
    row_count: int | None
    bytes: int | None
    created_at: datetime
    expires_at: datetime | None
    fix_state: str
    fix_summary: str


async def read_backups(
    connection: AsyncConnection[TupleRow], limit: int = DEFAULT_LIMIT, offset: int = 0
) -> Page[Backup]:
    """The backups, latest first."""
    return await read_page(connection, Backup, Source("pgmend.backup", _PAGE), limit, offset)
