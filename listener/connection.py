"""How pgmend connects: named, bounded in what it waits for, and blind to what is on anybody's search_path."""

from __future__ import annotations

from datetime import timedelta

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dsn import describe
from .errors import CouldNotLook

CONNECT_TIMEOUT = timedelta(seconds=10)
SESSION = {
    "search_path": "pg_catalog, pg_temp",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "default_transaction_isolation": "read committed",
}
"""What the text of names and values depends on, and what a statement sees: the same in every session of ours."""


async def connect(
    dsn: str,
    purpose: str,
    *,
    statement_timeout: timedelta = timedelta(seconds=60),
    lock_timeout: timedelta = timedelta(seconds=1),
) -> AsyncConnection[TupleRow]:
    """An autocommit connection called `pgmend PURPOSE`; raises CouldNotLook with the server's words.

    Its search_path is `pg_catalog, pg_temp`. It cannot sit idle in a transaction for more than a minute, and the
    server notices within seconds when this process is gone (14 and newer, where the platform can tell).
    """
    try:
        connection = await AsyncConnection.connect(
            dsn,
            autocommit=True,
            application_name=f"pgmend {purpose}",
            client_encoding="utf8",
            connect_timeout=int(CONNECT_TIMEOUT.total_seconds()),
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )
    except psycopg.OperationalError as error:
        raise CouldNotLook(f"Cannot connect to {describe(dsn)}: {str(error).strip()}") from error
    try:
        await prepare_session(connection, statement_timeout, lock_timeout)
    except psycopg.Error as error:
        await connection.close()
        raise CouldNotLook(f"Connected to {describe(dsn)}, but the session was refused: {error}") from error
    return connection


async def prepare_session(
    connection: AsyncConnection[TupleRow], statement_timeout: timedelta, lock_timeout: timedelta
) -> None:
    """Set the session's limits in one round trip. A pooler in transaction mode may lose them."""
    settings = SESSION | {
        "statement_timeout": _milliseconds(statement_timeout),
        "lock_timeout": _milliseconds(lock_timeout),
        "idle_in_transaction_session_timeout": "60000",
        "client_connection_check_interval": "2000",
    }
    await connection.execute(
        "select pg_catalog.set_config(name, value, false)"
        " from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as wanted(name, value)",
        (list(settings), list(settings.values())),
    )


def _milliseconds(limit: timedelta) -> str:
    return str(max(1, round(limit.total_seconds() * 1000)))
