"""Which server a test's statements need: what an older one does not know is skipped there, aloud."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

# What some supported version does not know, by the first that does.
SINCE = {
    r"nulls not distinct": 15,
    r"security_invoker": 15,
    r"set access method": 15,
    r"on delete set (null|default) \(": 15,
    r"pg_stat_force_next_flush": 15,
    r"create statistics on": 16,
    r"set expression": 17,
    r"virtual\b": 18,
    r"not enforced": 18,
    r"without overlaps": 18,
    r'add constraint ("([^"]|"")+"|\S+) not null': 18,
}


def needs(text: str) -> int:
    """The first major version that knows all that is in the statements; 0 where each supported one does."""
    return max((since for words, since in SINCE.items() if re.search(words, text, re.IGNORECASE)), default=0)


def skip_before(major: int, connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Skip the test on an older server."""
    if connection.info.server_version // 10000 < major:
        pytest.skip(f"PostgreSQL {major} is the first that knows what this is about")


@contextmanager
def skipping_what_is_unknown(
    connection: psycopg.Connection[Any], statement: str | bytes | sql.Composable
) -> Generator[None]:
    """Skip the test where the server refuses the statement and is older than what it says."""
    try:
        yield
    except (psycopg.errors.SyntaxError, psycopg.errors.UndefinedFunction, psycopg.errors.InvalidParameterValue):
        text = statement.as_string() if isinstance(statement, sql.Composable) else statement
        known_since = needs(text.decode() if isinstance(text, bytes) else text)
        skip_before(known_since, connection)
        raise
