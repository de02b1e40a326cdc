"""Who comes in: the middleware that every request passes before its handler, and before anything is read of its body.

Order: a token that does not belong in the address, the Host header, the bearer token, what its role may do.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .problem import Problem
from .tokens import Role, Tokens

ROLE = web.RequestKey("role", Role)
_READING = frozenset({"GET", "HEAD"})
_HOST = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^\s:/@\[\]]+))(?::\d*)?")
_TOKEN_PARAMETERS = frozenset({"token", "access_token", "auth_token", "api_key", "key"})


def gate(tokens: Tokens, hosts: Collection[str], open_paths: Collection[str]) -> Middleware:
    """A middleware that lets in whom `tokens` know, under a name in `hosts`.

    `open_paths` need neither a token nor a known name: a supervisor asks them by whatever address it has. Every other
    path needs both, whether it exists or not.
    """
    allowed = frozenset(host.lower().rstrip(".") for host in hosts)
    open_to_all = frozenset(open_paths)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        _refuse_token_in_address(request)
        if request.path not in open_to_all:
            _check_host(request, allowed)
            role = _authenticated(request, tokens)
            if role is not Role.OPERATOR and request.method not in _READING:
                raise Problem(
                    HTTPStatus.FORBIDDEN, "forbidden", "The viewer token may only look; this takes the operator token."
                )
            request[ROLE] = role
        return await handler(request)

    return guard


def is_known_host(header: str, allowed: Collection[str]) -> bool:
    """Whether a Host header is an IP address or a name in `allowed`; the port does not matter.

    DNS rebinding needs a name that an attacker controls, so an address is safe; of names only listed ones are believed.
    """
    match = _HOST.fullmatch(header)
    if match is None:
        return False
    host = (match["bracketed"] or match["plain"]).lower().removesuffix(".")
    return host in allowed or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check_host(request: web.Request, allowed: Collection[str]) -> None:
    header = request.headers.get("Host", "")
    if not is_known_host(header, allowed):
        raise Problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "unknown-host",
            "This server does not go by the name in the Host header. Use its address, or list the name in"
            " PGMEND_ALLOWED_HOSTS.",
        )


def _refuse_token_in_address(request: web.Request) -> None:
    if any(name.lower() in _TOKEN_PARAMETERS for name in request.query):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "token-in-address",
            "A token does not belong in an address, which logs and histories keep. Send it as `Authorization: Bearer …`"
            " and replace this one.",
        )


def _authenticated(request: web.Request, tokens: Tokens) -> Role:
    headers = request.headers.getall("Authorization", [])
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() == "bearer":
        role = tokens.role_of(token.strip())
        if role is not None:
            return role
        raise _unauthorized("This token opens nothing here.", 'Bearer realm="pgmend", error="invalid_token"')
    raise _unauthorized("Send a token as `Authorization: Bearer …`.", 'Bearer realm="pgmend"')


def _unauthorized(detail: str, challenge: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": challenge})
