"""A database that belongs to one test."""

from __future__ import annotations

import select
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from .dialect import skipping_what_is_unknown

Statement = LiteralString | sql.Composable


class Database:
    """An own database as its superuser; what `connect` and `session` opened is closed with it."""

    def __init__(self, name: str, dsn: str) -> None:
        self.name = name
        self.dsn = dsn
        self._opened: list[psycopg.AsyncConnection[Any]] = []
        self._idle: list[psycopg.Connection] = []
        self._others: list[Database] = []

    def dsn_as(self, role: str, password: str) -> str:
        """The same database for another role."""
        return make_conninfo(self.dsn, user=role, password=password)

    def seen_by(self, role: str, password: str) -> Database:
        """The same database as another role sees it, until this one is closed."""
        other = Database(self.name, self.dsn_as(role, password))
        self._others.append(other)
        return other

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
        """The rows of one query, in a session that others were in: a new one reads the catalogs from the start."""
        with self.session() as connection, skipping_what_is_unknown(connection, statement):
            return connection.execute(statement, params).fetchall()

    def value(self, statement: Statement, params: Sequence[object] | None = None) -> Any:
        """The single value of a one-row query."""
        ((value,),) = self.fetch(statement, params)
        return value

    @contextmanager
    def session(self) -> Generator[psycopg.Connection]:
        """A session in autocommit mode, cleared and kept for the next who asks."""
        idle = self._idle.pop() if self._idle else None
        if idle is not None and select.select([idle], [], [], 0)[0]:  # the server has ended it
            idle.close()
            idle = None
        connection = idle or psycopg.connect(self.dsn, autocommit=True, prepare_threshold=None)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute("discard all")
            self._idle.append(connection)
        else:
            connection.close()

    def leave(self) -> None:
        """End the sessions that `fetch` keeps: for who counts sessions, or needs a new one's settings."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close what was opened, without needing the event loop it was opened in."""
        self.leave()
        for other in self._others:
            other.close()
        self._others.clear()
        for connection in self._opened:
            connection.pgconn.finish()
        self._opened.clear()
