"""GET /backups: what rollbacks need and where it lies."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ...listener.desk import Desk
from .endpoint import Answer, Endpoint
from .paging import PageAnswer, PageAsked


class BackupAnswer(Answer):
    """One relation of schema pgmend_backup; `expires_at` null is never."""

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


class BackupsAnswer(PageAnswer):
    """A page of backups, latest first."""

    backups: tuple[BackupAnswer, ...] = Field(validation_alias="items")


async def _list(desk: Desk, asked: PageAsked) -> BackupsAnswer:
    return BackupsAnswer.model_validate(await desk.backups(limit=asked.limit, offset=asked.offset))


ENDPOINTS = (Endpoint("GET", "/backups", PageAsked, BackupsAnswer, _list),)
