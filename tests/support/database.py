"""A database that belongs to one test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from .dialect import skipping_what_is_unknown

Statement = LiteralString | sql.Composable


class Database:
    """An own database as its superuser; what `connect` opened is closed with it."""

    def __init__(self, name: str, dsn: str) -> None:
        self.name = name
        self.dsn = dsn
        self._opened: list[psycopg.AsyncConnection[Any]] = []

    def dsn_as(self, role: str, password: str) -> str:
        """The same database for another role."""
        return make_conninfo(self.dsn, user=role, password=password)

    async def connect(self, **options: Any) -> psycopg.AsyncConnection[Any]:
        """A new connection in autocommit mode; `options` go to AsyncConnection.connect (`user`, `row_factory`, …)."""
        connection = await psycopg.AsyncConnection.connect(self.dsn, **{"autocommit": True, **options})
        self._opened.append(connection)
        return connection

    def execute(self, statement: Statement, params: Sequence[object] | None = None) -> None:
        """Run SQL on a connection of its own; without `params` it may be several statements.

        Skips the test where the server is too old to know what it says.
        """
        with psycopg.connect(self.dsn, autocommit=True) as connection, skipping_what_is_unknown(connection, statement):
            connection.execute(statement, params)

    def fetch(self, statement: Statement, params: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        with psycopg.connect(self.dsn, autocommit=True) as connection, skipping_what_is_unknown(connection, statement):
            return connection.execute(statement, params).fetchall()

    def value(self, statement: Statement, params: Sequence[object] | None = None) -> Any:
        """The single value of a one-row query."""
        ((value,),) = self.fetch(statement, params)
        return value

    def close(self) -> None:
        """Close what `connect` opened, without needing the event loop it was opened in."""
        for connection in self._opened:
            connection.pgconn.finish()
        self._opened.clear()
