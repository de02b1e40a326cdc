"""POST /start, /stop, /pause, /resume: how much pgmend does alone. Each answers with the status that follows."""

from __future__ import annotations

from pydantic import AwareDatetime

from ...listener.desk import Desk
from .endpoint import Endpoint
from .request import Asked, Nothing, Text
from .status import StatusAnswer, answer


class PauseAsked(Asked):
    """Why, and until when (with its time zone); without an end until /resume."""

    reason: Text
    until: AwareDatetime | None = None


async def _start(desk: Desk, _: Nothing) -> StatusAnswer:
    return answer(await desk.automatic(True))


async def _stop(desk: Desk, _: Nothing) -> StatusAnswer:
    return answer(await desk.automatic(False))


async def _pause(desk: Desk, asked: PauseAsked) -> StatusAnswer:
    return answer(await desk.pause(asked.reason, asked.until))


async def _resume(desk: Desk, _: Nothing) -> StatusAnswer:
    return answer(await desk.resume())


ENDPOINTS = (
    Endpoint("POST", "/start", Nothing, StatusAnswer, _start),
    Endpoint("POST", "/stop", Nothing, StatusAnswer, _stop),
    Endpoint("POST", "/pause", PauseAsked, StatusAnswer, _pause),
    Endpoint("POST", "/resume", Nothing, StatusAnswer, _resume),
)
