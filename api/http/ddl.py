"""GET /ddl: what DDL was run, by whom and on what."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ...listener.desk import Desk
from .endpoint import Answer, Endpoint
from .paging import PageAnswer, PageAsked


class EventAnswer(Answer):
    """One object that a command touched. `statement` has no literals, and is null where it was withheld.

    `meant`: what somebody meant is not reverted alone; null where that is not known, or not yet.
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


class DdlAnswer(PageAnswer):
    """A page of events, latest first."""

    events: tuple[EventAnswer, ...] = Field(validation_alias="items")


async def _list(desk: Desk, asked: PageAsked) -> DdlAnswer:
    return DdlAnswer.model_validate(await desk.ddl(limit=asked.limit, offset=asked.offset))


ENDPOINTS = (Endpoint("GET", "/ddl", PageAsked, DdlAnswer, _list),)
