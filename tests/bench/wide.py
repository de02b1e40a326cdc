"""A database with 10,000 tables: fifty tenants of one product, a schema each, and no rows.

100,000 columns, some 20,000 indexes and 10,000 foreign keys. Tables have no sequences: pg_dump, the peer, would have
to work more for them than pgmend.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg

TENANTS = 50
TABLES = 10_000

_AT_A_TIME = 2
_NOUNS = (
    "account",
    "asset",
    "batch",
    "branch",
    "budget",
    "campaign",
    "carrier",
    "channel",
    "claim",
    "client",
    "contract",
    "course",
    "delivery",
    "device",
    "document",
    "employee",
    "event",
    "facility",
    "license",
    "household",
)
_TOPICS = ("", "_line", "_note", "_audit", "_link", "_rule", "_group", "_quota", "_draft", "_import")


def build(dsn: str) -> None:
    """Fill an empty database, two tenants at a time. Needs max_locks_per_transaction for the tables of one tenant."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for _ in pool.map(lambda tenant: _run(dsn, ";".join(_tenant(tenant))), range(TENANTS)):
            pass
    _run(dsn, "analyze")


def _run(dsn: str, statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statements.encode())


def _tenant(tenant: int) -> Iterator[str]:
    schema = f"tenant_{tenant:02}"
    yield f"create schema {schema}"
    for position, (noun, topic) in enumerate((noun, topic) for noun in _NOUNS for topic in _TOPICS):
        yield from _table(schema, noun, topic, ailment=(tenant * 7 + position) % 200)


def _table(schema: str, noun: str, topic: str, ailment: int) -> Iterator[str]:
    """One table; of 200 a few have one of the usual ailments, so that the rules have something to say."""
    name = f"{schema}.{noun}{topic}"
    parent = noun if topic else _NOUNS[max(0, _NOUNS.index(noun) - 1)]
    has_key = ailment != 0 or not topic  # what others refer to keeps its key
    yield (
        f"create table {name} (id integer{' primary key' if has_key else ''}, {parent}_id integer not null,"
        " name text not null, state varchar(20), amount numeric(12, 2), note text, position integer, tags text[],"
        " created_at timestamptz not null default now(), updated_at timestamptz)"
    )
    if ailment not in (1, 2):
        reference = f"foreign key ({parent}_id) references {schema}.{parent}"
        yield f"alter table {name} add {reference}{' not valid' if ailment == 3 else ''}"
    if ailment not in (4, 5, 6, 7):
        yield f"create index on {name} ({parent}_id)"
    if ailment in (8, 9):
        yield f"create index on {name} ({parent}_id)"
