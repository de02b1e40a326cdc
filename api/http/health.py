"""GET /healthz and /readyz: for supervisors, who have no token; so they say yes or no and nothing else."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from ...listener.desk import Desk
from ...listener.errors import CouldNotLook
from .endpoint import Answer, Endpoint
from .problem import Problem
from .request import Nothing


class AliveAnswer(Answer):
    """This process answers."""

    status: Literal["alive"] = "alive"


class ReadyAnswer(Answer):
    """The database answers, and a listener leads."""

    status: Literal["ready"] = "ready"


async def _alive(_: Desk, __: Nothing) -> AliveAnswer:
    return AliveAnswer()


async def _ready(desk: Desk, _: Nothing) -> ReadyAnswer:
    try:
        status = await desk.status()
    except CouldNotLook:
        raise _not_ready("The database does not answer as it should.") from None
    if status.leader is None:
        raise _not_ready("No listener leads yet.")
    return ReadyAnswer()


def _not_ready(detail: str) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", detail, headers={"Retry-After": "1"})


ENDPOINTS = (
    Endpoint("GET", "/healthz", Nothing, AliveAnswer, _alive),
    Endpoint("GET", "/readyz", Nothing, ReadyAnswer, _ready),
)
