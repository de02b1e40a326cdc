"""From a request to the frozen model that an endpoint asks for, or to the problem with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, TypeVar, cast

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import from_json

from .problem import FieldError, Problem

MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10
"""How long a client may take to send its body."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
"""A few words from a person."""


class Asked(BaseModel):
    """What a request carries: its path, and its query (GET) or its JSON body (POST). Nothing else may come."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Asked):
    """A request that carries nothing."""


A = TypeVar("A", bound=Asked)


async def read_request(request: web.Request, model: type[A]) -> A:
    """The request as `model`; raises the Problem with it (400, 413, 415, 422)."""
    if request.method == "POST":
        given = await _body(request)
    else:
        given = _query(request)
    in_path: Mapping[str, str] = request.match_info
    if twice := sorted(given.keys() & in_path.keys()):
        raise _unusable(tuple(FieldError(field=name, message="It is in the path already") for name in twice))
    values = {**given, **in_path}
    _refuse_nul(values)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _unusable(tuple(_field_errors(error))) from None


def _query(request: web.Request) -> dict[str, object]:
    values: dict[str, object] = dict(request.query)
    if len(values) != len(request.query):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "A parameter is there twice.")
    return values


async def _body(request: web.Request) -> dict[str, object]:
    if request.query_string:
        raise Problem(HTTPStatus.BAD_REQUEST, "unexpected-query", "A POST takes no query; its fields go into the body.")
    if request.content_type != "application/json" or (request.charset or "utf-8").lower() != "utf-8":
        raise _wrong_media_type("Send the header `Content-Type: application/json` (UTF-8), even with an empty body.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _wrong_media_type("Send the body as it is, without Content-Encoding.")
    content = await _content(request)
    if not content.strip():
        return {}
    try:
        value = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed-json", f"The body is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The body is JSON, but no object: {…}.")
    return cast("dict[str, object]", value)


async def _content(request: web.Request) -> bytes:
    # The application's client_max_size guards what is read; a length that is announced need not be read to be refused.
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise body_too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise body_too_large() from None
    except (web.RequestPayloadError, ConnectionError):
        raise Problem(HTTPStatus.BAD_REQUEST, "broken-body", "The body did not come whole.") from None
    except TimeoutError:
        detail = f"The body did not come within {BODY_SECONDS} s."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", detail, headers={"Connection": "close"}) from None


def body_too_large() -> Problem:
    """What a client hears whose body is over the limit."""
    detail = f"The body is over {MAX_BODY_BYTES // 1024} KiB; no request here needs as much."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail)


def _wrong_media_type(detail: str) -> Problem:
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)


def _refuse_nul(values: Mapping[str, object]) -> None:
    wrong = {name for name, value in values.items() if _holds_nul(name) or _holds_nul(value)}
    if wrong:
        message = "It holds a NUL character, which no PostgreSQL text can"
        raise _unusable(tuple(FieldError(field=_shown(name), message=message) for name in sorted(wrong)))


def _holds_nul(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_holds_nul(part) for pair in cast("dict[str, object]", value).items() for part in pair)
        case list():
            return any(_holds_nul(part) for part in cast("list[object]", value))
        case _:
            return False


def _field_errors(error: ValidationError) -> Iterator[FieldError]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(_shown(str(part)) for part in problem["loc"])
        message = "There is no such field" if problem["type"] == "extra_forbidden" else problem["msg"]
        yield FieldError(field=name, message=message)


def _shown(name: str) -> str:
    return name.encode("unicode_escape").decode()[:100]


def _unusable(errors: tuple[FieldError, ...]) -> Problem:
    detail = "; ".join(f"{error.field}: {error.message}" for error in errors) + "."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, errors=errors)
