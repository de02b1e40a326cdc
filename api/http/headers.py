"""Headers on every answer, refusals included."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

_UNLESS_SET = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Server": "pgmend",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        **_UNLESS_SET,
    }
)
"""They tell browsers to trust nothing here."""


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add them; a page may loosen its caching and its content policy, and nothing else."""
    for name, value in SECURITY_HEADERS.items():
        if name not in _UNLESS_SET or name not in response.headers:
            response.headers[name] = value
