"""The transaction in which schema pgmend is made, changed or removed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg.abc import QueryNoTemplate
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from .errors import InstallationBlocked, InstallationError, RightsMissing

Connection = psycopg.Connection[TupleRow]
Statement = QueryNoTemplate

# Any role can take this key; it only keeps two installs apart, and lock_timeout ends a longer wait.
_LOCK_KEY = 0x70676D656E64
_PREPARE = """
set transaction isolation level read committed, read write;
set local search_path = pg_catalog, pg_temp;
set local client_encoding = 'UTF8';
set local standard_conforming_strings = on;
set local client_min_messages = warning;
set local statement_timeout = 0;
set local lock_timeout = '5s';
"""


@contextmanager
def changing(connection: Connection) -> Generator[None]:
    """One transaction, alone among installs, upgrades and removals; what the server refuses comes out as our errors.

    Its search_path is pinned, so that no operator in a view is somebody else's.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise InstallationError(
            "the connection is in a transaction; commit it first, for installing takes one of its own"
        )
    try:
        with connection.transaction():
            connection.execute(_PREPARE)
            connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
            yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise RightsMissing(_rights(connection, error)) from error
    except psycopg.errors.LockNotAvailable as error:
        raise InstallationBlocked(
            "another session holds a lock on schema pgmend (or another install runs) for over 5 s; "
            "end it, or try again when it is done"
        ) from error


def attempt(connection: Connection, *statements: Statement) -> psycopg.Error | None:
    """Run in a savepoint; what the server had against it, or None when it is done."""
    try:
        with connection.transaction():
            for statement in statements:
                run(connection, statement)
    except psycopg.Error as error:
        if connection.closed:
            raise
        return error
    return None


def run(connection: Connection, statement: Statement) -> None:
    """Execute what may be several statements."""
    connection.execute(statement, prepare=False)


def value(connection: Connection, query: LiteralString, *parameters: object) -> object:
    """The first column of the first row; None without a row."""
    row = connection.execute(query, parameters or None).fetchone()
    return row[0] if row else None


def _rights(connection: Connection, error: psycopg.Error) -> str:
    info = connection.info
    return (
        f"{error.diag.message_primary}: role {info.user} may not do this in database {info.dbname}. A first install "
        f'takes CREATE on the database (grant create on database "{info.dbname}" to "{info.user}"); an upgrade or '
        "removal takes a member of the role that owns schema pgmend, or a superuser"
    )
