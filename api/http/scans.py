"""GET /scans: looks at the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from ...listener.desk import Desk
from .endpoint import Answer, Endpoint
from .paging import PageAnswer, PageAsked


class ScanAnswer(Answer):
    """One look. `started_at` null waits for a listener; `detail` has the `reason` where `outcome` is `could_not_run`,
    and in `unread` sentences on views, functions and statements that could not be read."""

    scan_id: UUID
    kind: str
    requested_at: datetime | None
    requested_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: float | None
    tables: int | None
    issues_opened: int | None
    issues_resolved: int | None
    outcome: str | None
    detail: dict[str, Any] | None


class ScansAnswer(PageAnswer):
    """A page of scans, latest first."""

    scans: tuple[ScanAnswer, ...] = Field(validation_alias="items")


async def _list(desk: Desk, asked: PageAsked) -> ScansAnswer:
    return ScansAnswer.model_validate(await desk.scans(limit=asked.limit, offset=asked.offset))


ENDPOINTS = (Endpoint("GET", "/scans", PageAsked, ScansAnswer, _list),)
