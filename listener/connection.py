"""How pgmend connects: named, bounded in what it waits for, and blind to what is on anybody's search_path."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import cache
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from .dsn import describe
from .errors import CouldNotLook

CONNECT_TIMEOUT = timedelta(seconds=10)
STATEMENT_TIMEOUT = timedelta(seconds=60)
LOCK_TIMEOUT = timedelta(seconds=1)
LAST_WORD = timedelta(seconds=1)
"""How long a closed connection waits for the end of its server process."""
SESSION = {
    "search_path": "pg_catalog, pg_temp",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "default_transaction_isolation": "read committed",
}
"""What the text of names and values depends on, and what a statement sees: the same in every session of ours."""


class Connection(AsyncConnection[TupleRow]):
    """A connection whose `close` returns once the server process behind it has ended, or after a second.

    Who opens the next one only then never has more server processes than connections.
    """

    async def close(self) -> None:
        if self.closed:
            return
        # The kernel closes the server's end when the process exits: libpq closes ours at once, a copy of it stays.
        with socket.socket(fileno=os.dup(self.pgconn.socket)) as copy:
            await super().close()
            copy.setblocking(False)
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(LAST_WORD.total_seconds()):
                    while await asyncio.get_running_loop().sock_recv(copy, 4096):
                        pass


async def connect(
    dsn: str,
    purpose: str,
    *,
    statement_timeout: timedelta = STATEMENT_TIMEOUT,
    lock_timeout: timedelta = LOCK_TIMEOUT,
) -> Connection:
    """An autocommit connection called `pgmend PURPOSE`; raises CouldNotLook with the server's words.

    Its search_path is `pg_catalog, pg_temp`. It cannot sit idle in a transaction for more than a minute, and the
    server notices within seconds when this process is gone (14 and newer, where the platform can tell).
    """
    try:
        connection = await Connection.connect(dsn, **options(purpose))
    except psycopg.OperationalError as error:
        raise unreachable(dsn, error) from error
    try:
        await prepare_session(connection, statement_timeout, lock_timeout)
    except psycopg.Error as error:
        await connection.close()
        raise refused(dsn, error) from error
    return connection


@asynccontextmanager
async def connected(dsn: str, purpose: str) -> AsyncGenerator[Connection]:
    """What `connect` makes, for the length of an `async with`."""
    async with await connect(dsn, purpose) as connection:
        yield connection


def options(purpose: str) -> dict[str, Any]:
    """How every connection of ours is made."""
    return {
        "autocommit": True,
        "application_name": called(purpose),
        "client_encoding": "utf8",
        "connect_timeout": int(CONNECT_TIMEOUT.total_seconds()),
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }


async def prepare_session(
    connection: AsyncConnection[TupleRow], statement_timeout: timedelta, lock_timeout: timedelta
) -> None:
    """Set the session's limits in one round trip. A pooler in transaction mode may lose them."""
    await connection.execute(_chosen(_session(statement_timeout, lock_timeout)))


async def renew_session(connection: AsyncConnection[TupleRow], purpose: str) -> None:
    """Make a session that somebody used what `connect` makes, called `pgmend PURPOSE`, in one round trip.

    It finds out besides whether the server still answers.
    """
    await connection.execute(_renewal(purpose))


def called(purpose: str) -> str:
    """The application_name of a session of that purpose."""
    return f"pgmend {purpose}"


def unreachable(dsn: str, error: Exception) -> CouldNotLook:
    """That no connection could be made, in the server's words or libpq's, and what to look at."""
    return CouldNotLook(f"Cannot connect to {describe(dsn)}: {str(error).strip()}\nCure: {_cure(error)}")


def refused(dsn: str, error: Exception) -> CouldNotLook:
    """That the server let us in and not have the settings that we need."""
    return CouldNotLook(f"Connected to {describe(dsn)}, but the session was refused: {error}")


def _cure(error: Exception) -> str:
    """By how far it came: libpq hands on no SQLSTATE of a connection that was refused."""
    tried = error.pgconn if isinstance(error, psycopg.Error) else None
    if tried is None:
        return "write the host as it is known here, or its address."
    if tried.needs_password:
        return "give the password in the address, in PGPASSWORD or in ~/.pgpass."
    if tried.used_password:
        return "mend the user, the password or the name of the database in the address; `psql -l` lists the databases."
    return (
        "see that a server listens at that host and port, that this machine may reach it, and that it knows user and"
        " database; `pg_isready` with the same address tells."
    )


@cache
def _renewal(purpose: str) -> bytes:
    settings = _session(STATEMENT_TIMEOUT, LOCK_TIMEOUT) | {"application_name": called(purpose)}
    return sql.SQL("reset all; {}").format(_chosen(settings)).as_bytes()


def _session(statement_timeout: timedelta, lock_timeout: timedelta) -> dict[str, str]:
    return SESSION | {
        "statement_timeout": _milliseconds(statement_timeout),
        "lock_timeout": _milliseconds(lock_timeout),
        "idle_in_transaction_session_timeout": "60000",
        "client_connection_check_interval": "2000",
    }


def _chosen(settings: Mapping[str, str]) -> sql.Composed:
    each = [sql.SQL("pg_catalog.set_config({}, {}, false)").format(name, value) for name, value in settings.items()]
    return sql.SQL("select {}").format(sql.SQL(", ").join(each))


def _milliseconds(limit: timedelta) -> str:
    return str(max(1, round(limit.total_seconds() * 1000)))
