"""Who stands in the way: sessions that hold what another waits for, as one names them to their owner."""

from __future__ import annotations

from typing import NamedTuple

import pglast
from pglast.parser import normalize
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...nesting import require_shallow
from .glance import glance

_SHOWN_CHARACTERS = 120

_BLOCKING = sql.SQL(
    """select b.pid, a.usename::text as role, a.application_name as application, a.state,
  extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::float8 as seconds, a.query as statement
from (select distinct pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids({})) as blocking(pid)) as b
  left join pg_catalog.pg_stat_activity a on a.pid = b.pid
order by a.xact_start"""
)


_RUNS = """
select a.pid, a.query from pg_catalog.pg_stat_activity as a where a.pid = any(%s::int[]) order by a.xact_start, a.pid
"""


class Blocker(NamedTuple):
    """A session in the way. `pid` is 0 for a prepared transaction; `seconds` is the age of its transaction."""

    pid: int
    role: str | None
    application: str | None
    state: str | None
    seconds: float | None
    statement: str | None

    def __str__(self) -> str:
        if self.pid == 0:
            return "a prepared transaction (see pg_prepared_xacts)"
        words = [f"process {self.pid}"]
        if self.application:
            words.append(f"of {self.application}")
        if self.role:
            words.append(f"as {self.role}")
        if self.state:
            words.append(f"({self.state})")
        if self.seconds is not None:
            words.append(f"in a transaction since {self.seconds:.1f} s")
        if shown := presentable(self.statement):
            words.append(f"with: {shown}")
        return " ".join(words)


async def blockers_of(connection: AsyncConnection[TupleRow], pid: int) -> list[Blocker]:
    """The sessions that the server process `pid` waits for at this moment."""
    return await glance(connection, _BLOCKING.format(pid), Blocker)


async def statements_of(connection: AsyncConnection[TupleRow], processes: str) -> list[str]:
    """What those server processes (ids with spaces between) run or ran last, where it can be shown."""
    pids = [int(each) for each in processes.split() if each.isdigit()]
    rows = await (await connection.execute(_RUNS, (pids,))).fetchall()
    return [f"process {pid} with: {said}" for pid, text in rows if (said := presentable(text))]


def presentable(statement: str | None) -> str | None:
    """The statement without its literals, cut short; None where it cannot be told from one that holds a secret."""
    if not statement:
        return None
    try:
        require_shallow(statement)
        kinds = {type(each.stmt).__name__ for each in pglast.parse_sql(statement)}
        if not kinds or kinds - {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "IndexStmt"}:
            return None
        text = " ".join(normalize(statement).split())
    except pglast.Error:
        return None
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
