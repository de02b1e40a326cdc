"""The sample application's database: 81 tables, 200,000 rows, and what eighteen months of scripts did to them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import psycopg
from psycopg import errors

TABLES = 81
ROWS = 200_000

# What one approval of everything leaves, besides hints of low severity: it takes a decision that no program can make.
FOR_A_PERSON = frozenset(
    {
        ("MISSING_PRIMARY_KEY", "legacy_customers"),
        ("ORPHANED_ROWS", "transactions"),
        ("MISSING_FOREIGN_KEY", "transactions"),
    }
)

# In the order in which foreign keys can be declared and filled.
PARTS = ("identity", "places", "bookings", "shop", "billing", "engagement", "operations")

_DOUBLE_SUBSCRIPTION = """
    insert into newsletter_subscribers (email, source, subscribed_at)
    select email, 'import', '2025-06-01 00:00+00' from newsletter_subscribers where id % 100 = 0
"""
_UNIQUE_BUILD = "create unique index concurrently newsletter_subscribers_email_key on newsletter_subscribers (email)"
_CLEAN_UP = "delete from newsletter_subscribers where source = 'import'"


async def build(connection: psycopg.AsyncConnection[Any]) -> None:
    """Fill an empty database over a superuser's connection in autocommit mode. Takes some seconds.

    The same rows come out every time: nothing depends on clock or chance.
    """
    for part in PARTS:
        await connection.execute(_text("schema", part))
    # The rows are known to fit (a test checks every foreign key); checking each again would take most of the time.
    await connection.execute("set session_replication_role = replica")
    for part in PARTS:
        await connection.execute(_text("rows", part))
    await connection.execute("reset session_replication_role")
    await connection.execute(_text("schema", "scars"))
    await _leave_an_invalid_index(connection)
    await connection.execute("analyze")


async def _leave_an_invalid_index(connection: psycopg.AsyncConnection[Any]) -> None:
    """A unique index that failed on duplicates: somebody removed those and forgot the index."""
    await connection.execute(_DOUBLE_SUBSCRIPTION)
    try:
        await connection.execute(_UNIQUE_BUILD)
    except errors.UniqueViolation:
        await connection.execute(_CLEAN_UP)
    else:
        raise RuntimeError("the unique index was built in spite of duplicates")


def _text(folder: str, part: str) -> bytes:
    return files(f"{__package__}.{folder}").joinpath(f"{part}.sql").read_bytes()
