"""From what went wrong to the problem that is told: the outermost middleware."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from ...listener.errors import CouldNotLook, FixError, InvalidRequest, NotFound, PlanRefused, PlanStale
from ...listener.journal import redact
from ...sql.errors import PgmendError
from .problem import Problem

log = structlog.get_logger()

_KINDS: tuple[tuple[type[PgmendError], HTTPStatus, str], ...] = (
    (InvalidRequest, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request"),
    (NotFound, HTTPStatus.NOT_FOUND, "not-found"),
    (PlanStale, HTTPStatus.CONFLICT, "plan-stale"),
    (PlanRefused, HTTPStatus.CONFLICT, "plan-refused"),
    (FixError, HTTPStatus.CONFLICT, "not-possible-now"),
    (CouldNotLook, HTTPStatus.SERVICE_UNAVAILABLE, "could-not-look"),
)
_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take this method; the Allow header says which it takes.",
}
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST})
_RETRY_AFTER_SECONDS = "5"


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever was raised into a problem document; what nobody foresaw is logged under the document's id."""
    try:
        return await handler(request)
    except Problem as problem:
        if problem.status in _REFUSALS:
            log.warning("http request refused", kind=problem.kind, remote=request.remote, instance=problem.instance)
        return problem.response()
    except web.HTTPException as error:
        return _of_aiohttp(error).response()
    except PgmendError as error:
        return _of_pgmend(error, request).response()
    except Exception as error:  # noqa: BLE001 - the boundary: the client gets an id, the log gets all
        return _unforeseen(error, request).response()


def _of_aiohttp(error: web.HTTPException) -> Problem:
    status = HTTPStatus(error.status)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    kind = status.phrase.lower().replace(" ", "-")
    return Problem(status, kind, _DETAILS.get(status, f"{status.phrase}."), headers=headers)


def _of_pgmend(error: PgmendError, request: web.Request) -> Problem:
    for cls, status, kind in _KINDS:
        if isinstance(error, cls):
            headers = {"Retry-After": _RETRY_AFTER_SECONDS} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
            return Problem(status, kind, redact(str(error)), headers=headers)
    return _unforeseen(error, request)


def _unforeseen(error: Exception, request: web.Request) -> Problem:
    problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "")
    problem.detail = (
        f"Something went wrong here, and nothing is known to be lost. The log has it under {problem.instance}."
    )
    log.error(
        "http request failed",
        instance=problem.instance,
        method=request.method,
        route=_route(request),
        exc_info=error,
    )
    return problem


def _route(request: web.Request) -> str | None:
    resource = request.match_info.route.resource
    return resource.canonical if resource else None
