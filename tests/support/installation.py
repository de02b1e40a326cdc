"""A database with pgmend's SQL half in it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from .database import Database
from .server import Server


@contextmanager
def installed_database(server: Server) -> Generator[Database]:
    """A copy of an installed database, which pgmend has been told is a database of its own right."""
    from pgmend.sql.install import adopt, install  # noqa: PLC0415 -- databases without it need no SQL half

    def fill(dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            install(connection)

    with server.database(server.template("installed", fill)) as database:
        with database.session() as connection:
            adopt(connection)
        yield database
