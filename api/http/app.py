"""The application: every endpoint behind one gate."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aiohttp import web

from ...listener.desk import Desk
from .automation import ENDPOINTS as AUTOMATION
from .backups import ENDPOINTS as BACKUPS
from .check import ENDPOINTS as CHECK
from .ddl import ENDPOINTS as DDL
from .endpoint import AnyEndpoint, route
from .failure import tell_problems
from .fixes import ENDPOINTS as FIXES
from .gate import gate
from .headers import add_security_headers
from .health import ENDPOINTS as HEALTH
from .issues import ENDPOINTS as ISSUES
from .preview import ENDPOINTS as PREVIEW
from .request import MAX_BODY_BYTES
from .scans import ENDPOINTS as SCANS
from .status import ENDPOINTS as STATUS
from .tokens import Tokens

PREFIX = "/api/database-health"
TOKENS = web.AppKey("tokens", Tokens)
ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *STATUS,
    *ISSUES,
    *CHECK,
    *PREVIEW,
    *FIXES,
    *AUTOMATION,
    *DDL,
    *SCANS,
    *BACKUPS,
)
"""Everything under PREFIX."""


def create_app(desk: Desk, tokens: Tokens, hosts: Collection[str] = ()) -> web.Application:
    """The API over `desk`, opened by `tokens`. It goes by `localhost`, any IP address, and the names in `hosts`."""
    guard = gate(tokens, {"localhost", *hosts}, [endpoint.path for endpoint in HEALTH])
    app = web.Application(middlewares=[tell_problems, guard], client_max_size=MAX_BODY_BYTES)
    app[TOKENS] = tokens
    app.on_response_prepare.append(add_security_headers)
    _add(app, desk, PREFIX, ENDPOINTS)
    _add(app, desk, "", HEALTH)
    return app


def _add(app: web.Application, desk: Desk, prefix: str, endpoints: Iterable[AnyEndpoint]) -> None:
    app.add_routes([route(endpoint, prefix, desk) for endpoint in endpoints])
