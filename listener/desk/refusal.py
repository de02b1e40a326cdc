"""What the server refuses, in pgmend's words: told apart by SQLSTATE, never by message."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow

from ...sql.errors import PgmendError
from ..errors import CouldNotLook, FixError, InvalidRequest, NotFound
from ..readiness import why_denied, why_read_only

_NOT_INSTALLED = "This database has no schema pgmend of this version: run `pgmend install`, which also upgrades."
_BUSY = "The server was too busy to answer ({}); try again."
_WORDS: Mapping[type[psycopg.Error], str] = {
    errors.InvalidSchemaName: _NOT_INSTALLED,
    errors.UndefinedTable: _NOT_INSTALLED,
    errors.UndefinedColumn: _NOT_INSTALLED,
    errors.UndefinedFunction: _NOT_INSTALLED,
    errors.InsufficientPrivilege: "A right is missing: {}.",
    errors.ReadOnlySqlTransaction: "No writes: the server is a standby, or default_transaction_read_only is on.",
    errors.QueryCanceled: _BUSY,
    errors.LockNotAvailable: _BUSY,
    psycopg.OperationalError: "The connection to the database was lost; try again.",
}
"""The first that fits counts."""
_OURS: tuple[tuple[type[psycopg.Error], type[PgmendError]], ...] = (
    (errors.NoDataFound, NotFound),
    (errors.ObjectNotInPrerequisiteState, FixError),
    (errors.InvalidParameterValue, InvalidRequest),
    (errors.NullValueNotAllowed, InvalidRequest),
)
"""What functions of schema pgmend raise; message and hint are theirs, and written for people."""


@contextmanager
def plain_words() -> Generator[None]:
    """Raise NotFound, FixError, InvalidRequest or CouldNotLook in place of what the server said."""
    try:
        yield
    except psycopg.Error as error:
        translated = in_plain_words(error)
        if translated is None:
            raise
        raise translated from error


@asynccontextmanager
async def explained(connection: AsyncConnection[TupleRow]) -> AsyncGenerator[None]:
    """Raise CouldNotLook with the cure where a right is missing, or the server takes no writes."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise CouldNotLook(await why_denied(connection, error)) from error
    except errors.ReadOnlySqlTransaction as error:
        if why := await why_read_only(connection):
            raise CouldNotLook(why) from error
        raise


def in_plain_words(error: psycopg.Error) -> PgmendError | None:
    """What the server said, as an error of ours; None where only its own words tell."""
    for cls, ours in _OURS:
        if isinstance(error, cls):
            return ours(_in_words(error))
    for cls, said in _WORDS.items():
        if isinstance(error, cls):
            return CouldNotLook(said.format(error.diag.message_primary))
    return None


def _in_words(error: psycopg.Error) -> str:
    message = error.diag.message_primary or str(error)
    hint = error.diag.message_hint
    return f"{message[:1].upper()}{message[1:]}.{' ' + hint if hint else ''}"
