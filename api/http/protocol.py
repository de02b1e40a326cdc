"""What comes in as no HTTP at all: answered like every other wrong request, and no way to flood the log.

aiohttp answers a malformed request below the application: in plain text, with its version, repeating what was sent, and
with a traceback in the log for each.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from aiohttp import web

from .headers import SECURITY_HEADERS
from .problem import Problem

log = structlog.get_logger()


class Protocol(web.RequestHandler):
    """One client's connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what no application saw; the connection ends with it."""
        if request.writer.output_size > 0:
            raise ConnectionError("An answer is under way already.") from exc
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "Something went wrong here.")
            log.error("http connection failed", instance=problem.instance, exc_info=exc)
        else:
            problem = Problem(HTTPStatus.BAD_REQUEST, "malformed-http", "This is no HTTP request that can be read.")
            log.debug("http request malformed", remote=request.remote, reason=type(exc).__name__)
        response = problem.response()
        response.headers.update(SECURITY_HEADERS)
        response.force_close()
        return response
