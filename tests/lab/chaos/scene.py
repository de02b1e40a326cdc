"""Where one round takes place: a server and a database of its own, the application's writers, and listeners that reach
the server only through a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from random import Random
from typing import Any, LiteralString

import psycopg
from pgmend.listener.embedded import Cluster
from pgmend.sql.install import adopt
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.acceptance.listener import OPERATOR
from tests.support.database import Database
from tests.support.process import Process, Processes
from tests.support.server import TEST_SETTINGS, Server

from .application import build
from .proxy import FaultProxy

_SETTINGS = {
    "PGMEND_AUTO_FIX": "all",
    "PGMEND_SETTLE_TIME": "0.1",
    "PGMEND_RETRY_AFTER": "1",
    "PGMEND_SCAN_INTERVAL": "5",
    # A busy machine shall not refuse what a quiet one heals; how long a lock is held is another test's subject.
    "PGMEND_ONLINE_ABOVE": "5",
    "PGMEND_OPERATOR_TOKEN": OPERATOR,
}


@dataclass(slots=True)
class Scene:
    """What harm is done to. `listeners` are those that should be running, `ended` those that ended by themselves."""

    server: Server
    database: Database
    proxy: FaultProxy
    pgmend: Processes
    random: Random
    listeners: list[Process] = field(default_factory=list[Process])
    ended: list[Process] = field(default_factory=list[Process])

    async def start_listener(self) -> Process:
        """One more; nobody waits for it to lead."""
        dsn = make_conninfo(self.database.dsn, port=self.proxy.port, host="127.0.0.1")
        listener = await self.pgmend.start("start", "--port", "0", env={**_SETTINGS, "PGMEND_DSN": dsn})
        self.listeners.append(listener)
        return listener

    async def kill(self, listener: Process) -> None:
        """kill -9."""
        self.listeners.remove(listener)
        await listener.kill()

    async def revive(self) -> None:
        """Start another one where none runs any more, as an init system would: one that cannot reach its server when it
        starts says so and ends."""
        self.ended += [each for each in self.listeners if not each.is_running]
        self.listeners = [each for each in self.listeners if each.is_running]
        if self.ended and not self.listeners:
            await self.start_listener()

    async def fetch(self, query: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        """The rows of a query, asked not through the proxy; raises OperationalError while the server is down."""
        return await asyncio.to_thread(self.database.fetch, query, params or None)

    async def execute(self, statement: LiteralString) -> None:
        """Run it, not through the proxy."""
        await asyncio.to_thread(self.database.execute, statement)


class Theatre:
    """A server with the application as a template: one round after the other has a scene on it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @asynccontextmanager
    async def scene(self, random: Random) -> AsyncGenerator[Scene]:
        """A copy of the application with a leading listener that has seen everything."""
        template = await asyncio.to_thread(self._server.template, "chaos", build)
        pgmend = Processes()
        with self._server.database(template) as database:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                adopt(connection)
            async with FaultProxy(int(conninfo_to_dict(self._server.dsn)["port"])) as proxy:
                scene = Scene(self._server, database, proxy, pgmend, random)
                try:
                    await (await scene.start_listener()).line("watching", 60)
                    yield scene
                finally:
                    await pgmend.close()


@asynccontextmanager
async def theatre() -> AsyncGenerator[Theatre]:
    """A server of its own, gone at the end."""
    with Cluster(settings=TEST_SETTINGS) as cluster, closing(Server(cluster.dsn(), cluster)) as server:
        yield Theatre(server)
