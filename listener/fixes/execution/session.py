"""The fixer's own session: named, bounded by the server, and known by process id and start."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...connection import called
from ...connections import ConnectionSource
from ..limits import Limits

PURPOSE = "fixer"
APPLICATION_NAME = called(PURPOSE)

_WHO = """
select pg_catalog.pg_backend_pid(), a.backend_start,
  pg_catalog.set_config('statement_timeout', %s, false),
  pg_catalog.set_config('lock_timeout', %s, false),
  pg_catalog.set_config('idle_in_transaction_session_timeout', %s, false),
  pg_catalog.set_config('row_security', 'off', false),
  pg_catalog.set_config('default_tablespace', '', false),
  pg_catalog.set_config('default_table_access_method', 'heap', false),
  pg_catalog.set_config('tcp_keepalives_idle', '5', false),
  pg_catalog.set_config('tcp_keepalives_interval', '2', false),
  pg_catalog.set_config('tcp_keepalives_count', '3', false)
from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) as a
"""
_BOUNDS = "select pg_catalog.set_config('lock_timeout', %s, %s), pg_catalog.set_config('statement_timeout', %s, %s)"


@dataclass(frozen=True, slots=True)
class Session:
    """A connection in autocommit mode, and the server process behind it."""

    connection: AsyncConnection[TupleRow]
    backend_pid: int
    backend_start: datetime

    async def bound(self, lock_timeout: timedelta, statement_timeout: timedelta, *, local: bool = False) -> None:
        """Set what one wait for a lock and one statement may take; `local` to the transaction."""
        waits, runs = milliseconds(lock_timeout), milliseconds(statement_timeout)
        await self.connection.execute(_BOUNDS, (waits, local, runs, local))


@asynccontextmanager
async def fixer_session(connections: ConnectionSource, limits: Limits) -> AsyncGenerator[Session]:
    """A session of the fixer; raises CouldNotLook where there is none to be had.

    It counts as borrowed, and is closed at the end instead of being lent again: what is registered as the fix's is this
    server process, and no borrower's DDL may be taken for the fix's because the end of a step was not recorded.
    """
    bounds = (limits.statement_time, limits.concurrent_patience, limits.idle_in_transaction)
    async with connections.connection(PURPOSE) as connection:
        try:
            connection.prepare_threshold = None
            cursor = await connection.execute(_WHO, [milliseconds(each) for each in bounds])
            row = await cursor.fetchone()
            assert row is not None
            yield Session(connection, row[0], row[1])
        finally:
            await connection.close()


def milliseconds(limit: timedelta) -> str:
    """The limit as PostgreSQL's settings take it; never 0, which would mean none."""
    return str(max(1, round(limit.total_seconds() * 1000)))
