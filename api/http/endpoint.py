"""An endpoint as a value: what it is asked with, what it answers with, and the function between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from ...listener.desk import Desk
from .gate import ROLE
from .request import Asked, read_request

log = structlog.get_logger()
_NAMES = frozenset({"issue_id", "fix_id"})


class Answer(BaseModel):
    """What a response carries; made from the desk's values by the names of their attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True, extra="forbid")


A = TypeVar("A", bound=Asked)
B = TypeVar("B", bound=Answer)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[A, B]):
    """One method of one address. The names in `path` are fields of `asks`; what else it has is query or JSON body."""

    method: Literal["GET", "POST"]
    path: str
    asks: type[A]
    answers: type[B]
    handle: Callable[[Desk, A], Awaitable[B]]
    status: HTTPStatus = HTTPStatus.OK


AnyEndpoint = Endpoint[Any, Any]


def route(endpoint: AnyEndpoint, prefix: str, desk: Desk) -> web.RouteDef:
    """The endpoint as aiohttp routes it."""

    async def respond(request: web.Request) -> web.Response:
        asked = await read_request(request, endpoint.asks)
        answer: Answer = await endpoint.handle(desk, asked)
        if endpoint.method == "POST":
            about = {name: str(value) for name, value in asked if name in _NAMES}
            log.info("http request done", route=prefix + endpoint.path, by=request[ROLE].value, **about)
        return web.Response(
            status=endpoint.status.value,
            body=answer.model_dump_json(by_alias=True).encode(),
            content_type="application/json",
        )

    register = web.get if endpoint.method == "GET" else web.post
    return register(prefix + endpoint.path, respond)
