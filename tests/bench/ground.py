"""Where benchmarks run: one server in memory for the whole run, each database a copy of a template."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pgmend.api.demo import sample
from pgmend.listener.embedded import Cluster
from pgmend.sql.install import adopt, install

from tests.support.database import Database
from tests.support.server import Server

from . import wide

SETTINGS = {
    "autovacuum": "off",  # would start at moments of its own choosing
    "max_locks_per_transaction": "1024",  # pg_dump locks every table
    "max_wal_size": "8GB",
    "shared_buffers": "256MB",
    "track_commit_timestamp": "on",  # the clock of latency.py
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A database to measure on, as `Ground.copy` makes it."""

    name: str
    template: str


SMALL = Subject(f"{sample.TABLES} tables", "small")
WIDE = Subject(f"{wide.TABLES:,} tables", "wide")


class Ground:
    """The server with its templates, which are built when first asked for."""

    def __init__(self, server: Server, pg_dump: Path) -> None:
        self.server = server
        self.pg_dump = pg_dump

    @contextmanager
    def copy(self, subject: Subject, *, installed: bool) -> Generator[Database]:
        """A copy of the subject, with pgmend's SQL half or without."""
        fill = _fill_small if subject is SMALL else wide.build
        with self.server.database(self.server.template(subject.template, fill)) as database:
            if installed:
                with psycopg.connect(database.dsn, autocommit=True) as connection:
                    install(connection, event_triggers=True)
                    adopt(connection)
            yield database


@contextmanager
def ground(bindir: Path | None = None) -> Generator[Ground]:
    """The server started, and gone at the end; of the embedded binaries, or of those in `bindir`."""
    with Cluster(settings=SETTINGS, bindir=bindir) as cluster, closing(Server(cluster.dsn(), cluster)) as server:
        yield Ground(server, cluster.bin("pg_dump"))


def _fill_small(dsn: str) -> None:
    async def build() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await sample.build(connection)

    asyncio.run(build())
