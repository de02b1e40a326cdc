"""How much the statements on some tables were run, how long they took, and how much failed or waited, up to now.

Times are those of pg_stat_statements, by role and text: the identity of a statement changes with the type of a column,
its text does not. What failed is known of the whole database alone; nobody counts it by statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection

from ..relations.reading.texts import WHERE_STATEMENTS_ARE
from ..statements.touched import Touched

MOST_STATEMENTS: Final = 5_000
_OURS: Final = "pg_catalog."
_STATEMENTS: Final = """
select r.rolname::text, q.query, pg_catalog.sum(q.calls)::bigint, pg_catalog.sum(q.total_exec_time)::float8,
  r.rolname = current_user
from {view} as q join pg_catalog.pg_roles as r on r.oid = q.userid
where q.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  and q.queryid is not null and q.query is not null
group by r.rolname, q.query order by 3 desc limit {most}
"""
_RESET: Final = "select stats_reset::text from {view}_info"
_COUNTERS: Final = """
select xact_commit, xact_rollback, deadlocks from pg_catalog.pg_stat_database
where datname = pg_catalog.current_database()
"""
_WAITING: Final = """
select pg_catalog.count(*) from pg_catalog.pg_locks as l
where not l.granted and l.locktype in ('relation', 'tuple') and l.relation = any(%s::oid[])
  and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  and l.waitstart < pg_catalog.clock_timestamp() - interval '1 second'
"""


class Timing(NamedTuple):
    """How often one statement was run, and how many milliseconds that took in all."""

    calls: int
    ms: float


@dataclass(frozen=True, slots=True)
class Load:
    """All of it at one moment. `statements` are by role and text, hashed; `texts` are what these say, never stored.

    `waiting` are sessions that have waited for a lock on the tables for over a second. `unknown` says why nothing is
    known of statements; `reset` when their statistics began.
    """

    statements: Mapping[str, Timing]
    committed: int
    failed: int
    deadlocks: int
    waiting: int = 0
    reset: str | None = None
    unknown: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, Any]:
        """As `pgmend.aftermath` holds it: without any text."""
        return {
            "statements": {key: [each.calls, round(each.ms, 3)] for key, each in self.statements.items()},
            "committed": self.committed,
            "failed": self.failed,
            "deadlocks": self.deadlocks,
            "reset": self.reset,
            "unknown": self.unknown,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Load:
        """What `to_json` made."""
        statements = {key: Timing(int(calls), float(ms)) for key, (calls, ms) in value["statements"].items()}
        return Load(
            statements,
            value["committed"],
            value["failed"],
            value["deadlocks"],
            reset=value["reset"],
            unknown=value["unknown"],
        )


async def read_load(connection: AsyncConnection[Any], touched: Touched) -> Load:
    """The load on those relations up to now; `connection` is in autocommit mode and only read on."""
    row = await (await connection.execute(_COUNTERS)).fetchone()
    committed, failed, deadlocks = row or (0, 0, 0)
    (waiting,) = await _one(connection, _WAITING, [each.oid for each in touched.relations])
    load = Load({}, committed, failed, deadlocks, waiting)
    try:
        place = await (await connection.execute(WHERE_STATEMENTS_ARE.encode())).fetchone()
        if place is None:
            return _blind(load, "pg_stat_statements is not there")
        rows = await (
            await connection.execute(_STATEMENTS.format(view=place[0], most=MOST_STATEMENTS).encode())
        ).fetchall()
        reset = await _began(connection, place[0])
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return _blind(load, f"pg_stat_statements cannot be read: {error.diag.message_primary or error}")
    found = {
        _key(role, text): (Timing(calls, ms), text)
        for role, text, calls, ms, ours in rows
        if touched.mentioned_in(text) and not (ours and _OURS in text)
    }
    return Load(
        {key: timing for key, (timing, _) in found.items()},
        committed,
        failed,
        deadlocks,
        waiting,
        reset,
        texts={key: text for key, (_, text) in found.items()},
    )


def _blind(load: Load, why: str) -> Load:
    return Load({}, load.committed, load.failed, load.deadlocks, load.waiting, unknown=why)


def _key(role: str, text: str) -> str:
    return sha256(f"{role}\0{text}".encode()).hexdigest()[:24]


async def _began(connection: AsyncConnection[Any], view: str) -> str | None:
    """When its statistics began; before version 1.9 nobody knows."""
    try:
        (began,) = await _one(connection, _RESET.format(view=view))
    except psycopg.errors.UndefinedTable:
        return None
    return began


async def _one(connection: AsyncConnection[Any], query: str, *params: object) -> Any:
    row = await (await connection.execute(query.encode(), params or None)).fetchone()
    assert row is not None
    return row
