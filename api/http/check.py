"""POST /check: a full scan now, by the listener that leads."""

from __future__ import annotations

from ...listener.desk import Desk
from .endpoint import Answer, Endpoint
from .issues import SummaryAnswer
from .request import Nothing
from .scans import ScanAnswer


class CheckAnswer(Answer):
    """The scan that was asked for, and how many issues are open after it; GET /issues lists them."""

    scan: ScanAnswer
    summary: SummaryAnswer


async def _check(desk: Desk, _: Nothing) -> CheckAnswer:
    return CheckAnswer.model_validate(await desk.check())


ENDPOINTS = (Endpoint("POST", "/check", Nothing, CheckAnswer, _check),)
