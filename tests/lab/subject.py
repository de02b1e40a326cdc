"""A schema ready to be broken: loaded, filled with rows, and known as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pgmend.sql.install import install

from tests.support.server import Server

from .content import Rows, content_of
from .dump import find_pg_dump, normalised_dump
from .rows.fill import Filled, fill
from .script import load_text, make_roles

STRANGER = "pgmend_lab_stranger"


@dataclass(frozen=True, slots=True)
class State:
    """A schema and its rows at one moment, as two values that are equal exactly when they are."""

    dump: str
    content: Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class Subject:
    """A schema in a template database, pgmend's SQL half in it; `sound` is how it was before anything broke."""

    name: str
    server: Server
    template: str
    filled: Sequence[Filled]
    sound: State
    pg_dump: Path

    async def state_of(self, dsn: str) -> State:
        """The state of one of its copies."""
        dump = asyncio.to_thread(normalised_dump, dsn, self.pg_dump)
        content = asyncio.to_thread(content_of, dsn)
        return State(*await asyncio.gather(dump, content))


def prepare(server: Server, name: str, text: str, seed: int) -> Subject:
    """Load and fill it; the rows depend on the seed alone."""
    filled: list[Filled] = []
    pg_dump = find_pg_dump(server)

    def build(dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            make_roles([STRANGER], connection)
            load_text(text, connection)
        with psycopg.connect(dsn, autocommit=True) as connection:
            filled.extend(fill(connection, seed))
            connection.execute("analyze")
            install(connection)

    template = server.template(f"lab {name} {seed}", build)
    dsn = server.dsn_of(template)
    return Subject(name, server, template, filled, State(normalised_dump(dsn, pg_dump), content_of(dsn)), pg_dump)
