"""The server: runs for as long as the listener's task group lets it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import structlog
from aiohttp import web

from ...listener.errors import SettingsError
from .app import TOKENS
from .protocol import Protocol

SHUTDOWN_SECONDS = 2.0
"""How long answers under way may take once the server stops."""

log = structlog.get_logger()
_CONNECTION: dict[str, Any] = {
    "access_log": None,
    "auto_decompress": False,
    "keepalive_timeout": 75.0,
    "lingering_time": 2.0,
}
_REASONS = {
    errno.EADDRINUSE: "something else listens there; give another --port",
    errno.EACCES: "this user may not; give a --port over 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address; give another --host",
}


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncGenerator[str]:
    """The address (`http://127.0.0.1:8085`) at which the application answers inside the block; port 0 takes a free one.

    Raises SettingsError where the port is taken, the host is none of ours, or a generated token would guard an address
    that other machines can reach.
    """
    app[TOKENS].check_reach(host)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        server = await _bind(runner, host, port)
        try:
            address = _address(host, server.sockets[0].getsockname()[1])
            log.info("http server listens", address=address)
            yield address
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def serve(app: web.Application, host: str, port: int) -> None:
    """Answer until cancelled; raises as `listening` does."""
    async with listening(app, host, port):
        await asyncio.Event().wait()


async def _bind(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    connection = partial(Protocol, cast("web.Server", runner.server), loop=loop, **_CONNECTION)
    try:
        return await loop.create_server(connection, host, port)
    except (OSError, OverflowError) as error:
        reason = _REASONS.get(getattr(error, "errno", None) or 0, str(error))
        raise SettingsError(f"Cannot listen on host {host!r}, port {port}: {reason}.") from error


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
