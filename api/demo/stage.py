"""The demo's stage: an embedded server, the sample application in it, a live listener and its HTTP face."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from ...listener.daemon import Daemon, Orders
from ...listener.desk import Connections, Desk
from ...listener.embedded import Cluster
from ...listener.settings import AutoFix, Settings
from ...sql.install import install
from ..http import Tokens, create_app, listening
from .sample import build

DATABASE = "sample"
SETTLE_TIME = timedelta(seconds=1)
# A busy machine shall not put off what an idle one heals before one's eyes.
ONLINE_ABOVE = timedelta(seconds=1)
PORT = 8085


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays. `token` opens the HTTP API at `address` for this run."""

    dsn: str
    desk: Desk
    address: str
    token: str
    psql: str


async def prepare(cluster: Cluster) -> str:
    """The DSN of a database in which the sample application has run for eighteen months."""
    await asyncio.to_thread(cluster.create_database, DATABASE)
    dsn = cluster.dsn(DATABASE)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await build(connection)
    return dsn


def put_in(dsn: str) -> None:
    """Install the SQL half."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        install(connection)


@asynccontextmanager
async def playing(cluster: Cluster, dsn: str) -> AsyncGenerator[Stage]:
    """A listener that leads, and its HTTP face on the usual port or a free one."""
    settings = Settings(settle_time=SETTLE_TIME, online_above=ONLINE_ABOVE, auto_fix=AutoFix.CRITICAL)
    connections = Connections.within(dsn, settings, "demo")
    daemon = Daemon(dsn, settings, connections, Orders(AutoFix.CRITICAL))
    tokens = Tokens.from_settings(settings)
    assert tokens.operator is not None
    async with connections:
        desk = Desk(connections, settings)
        async with listening(create_app(desk, tokens), "127.0.0.1", _port()) as address:
            running = asyncio.create_task(daemon.run(), name="listener")
            led = asyncio.create_task(daemon.leading.wait(), name="led")
            try:
                await asyncio.wait({running, led}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()
                yield Stage(dsn, desk, address, tokens.operator.get_secret_value(), f"{cluster.bin('psql')} '{dsn}'")
            finally:
                led.cancel()
                daemon.stop()
                await running


def _port() -> int:
    """The usual port, or 0 (any free one) where somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return 0
    return PORT
