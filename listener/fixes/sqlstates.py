"""What an error of the server's means for a fix, by SQLSTATE alone."""

from __future__ import annotations

import psycopg

# Our own: a check that stands as a statement among others (`guard.py`) found a counter-example.
REFUTED = "PM001"
# Our own: a session would read a table that is written anew as empty (`older_snapshots.py`).
OLDER_SNAPSHOT = "PM002"
# Our own: what a plan was made for is no longer as the plan saw it (`guard.py`).
MOVED = "PM003"
QUERY_CANCELED = "57014"
# Of indexes, too.
DUPLICATE_TABLE = "42P07"
# Lock not available, deadlock detected, serialization failure: another session was faster.
_PASSING = frozenset({"55P03", "40P01", "40001", OLDER_SNAPSHOT})
# Query canceled (by statement_timeout or by an administrator), read-only server.
_LATER = frozenset({QUERY_CANCELED, "25006"})
# not_null_violation, check_violation: their detail is the failing row.
_WITH_THE_ROW = frozenset({"23502", "23514"})
_LATER_CLASSES = frozenset({"53"})  # insufficient resources


def is_passing(error: BaseException) -> bool:
    """Whether the very same transaction may succeed a moment later."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _PASSING


def is_of_rows(error: BaseException | None) -> bool:
    """Whether rows are in the way: a value that is missing, there twice, without its key, or not allowed."""
    return isinstance(error, psycopg.errors.IntegrityError)


def is_for_later(error: psycopg.Error) -> bool:
    """Whether it is no use trying at once, yet the fix is not at fault."""
    sqlstate = error.sqlstate or ""
    return sqlstate in _LATER or sqlstate[:2] in _LATER_CLASSES


def in_words(error: psycopg.Error) -> str:
    """The server's message with its SQLSTATE, and the detail where it gives one that is no whole row."""
    shows_row = error.sqlstate in _WITH_THE_ROW
    detail = f" {error.diag.message_detail}" if error.diag.message_detail and not shows_row else ""
    return f"{error.diag.message_primary or str(error).strip()} (SQLSTATE {error.sqlstate or 'none'}).{detail}"
