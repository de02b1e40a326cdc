"""What the server refuses, in pgmend's words: told apart by SQLSTATE, never by message."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from ...sql.errors import PgmendError
from ..errors import CouldNotLook, FixError, InvalidRequest, NotFound

_NOT_INSTALLED = (
    errors.InvalidSchemaName,
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
)
_BUSY = (errors.QueryCanceled, errors.LockNotAvailable)
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
        translated = _translated(error)
        if translated is None:
            raise
        raise translated from error


def _translated(error: psycopg.Error) -> PgmendError | None:
    for cls, ours in _OURS:
        if isinstance(error, cls):
            return ours(_in_words(error))
    if isinstance(error, _NOT_INSTALLED):
        return CouldNotLook(
            "This database has no schema pgmend of this version: run `pgmend install`, which also upgrades."
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return CouldNotLook(f"A right is missing: {error.diag.message_primary}. `pgmend install` says which to grant.")
    if isinstance(error, _BUSY):
        return CouldNotLook(f"The server was too busy to answer ({error.diag.message_primary}); try again.")
    if isinstance(error, psycopg.OperationalError):
        return CouldNotLook("The connection to the database was lost; try again.")
    return None


def _in_words(error: psycopg.Error) -> str:
    message = error.diag.message_primary or str(error)
    hint = error.diag.message_hint
    return f"{message[:1].upper()}{message[1:]}.{' ' + hint if hint else ''}"
