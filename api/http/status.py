"""GET /status: how pgmend is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from ...listener.desk import Desk, Status
from .endpoint import Answer, Endpoint
from .request import Nothing


class StatusAnswer(Answer):
    """`degraded`: the last scan could not look, or no listener leads (`leader` is null). `code` is the folder with code
    that the leader watches."""

    status: Literal["running", "degraded"]
    fixing: Literal["automatic", "manual", "paused", "observing"]
    detection: Literal["events", "polling"]
    last_check: datetime | None
    next_check: datetime | None
    total_fixes: int
    active_critical_issues: int
    backlog: int
    leader: str | None
    queue: int
    open_issues: int
    awaiting_approval: int
    auto_fix: str
    pause_reason: str | None
    paused_until: datetime | None
    unread_events: int
    schema_version: int
    code: str | None
    code_files: int | None
    code_statements: int | None
    code_read_at: datetime | None
    code_trouble: str | None
    why_observing: str | None


def answer(status: Status) -> StatusAnswer:
    """The status as it goes out: whoever answers is not stopped, at worst nobody leads."""
    return StatusAnswer.model_validate(replace(status, status="degraded") if status.status == "stopped" else status)


async def _show(desk: Desk, _: Nothing) -> StatusAnswer:
    return answer(await desk.status())


ENDPOINTS = (Endpoint("GET", "/status", Nothing, StatusAnswer, _show),)
