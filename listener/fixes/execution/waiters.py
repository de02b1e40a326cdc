"""Who waits for us: sessions behind a lock of ours, and those that queue up behind them.

A build or a validation blocks no reader and no writer, yet somebody's ALTER TABLE waits for it, and whoever comes after
that waits for the ALTER. So what pgmend does gives way, not what people do.
"""

from __future__ import annotations

from typing import NamedTuple

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ..limits import Limits
from .blockers import presentable
from .glance import glance

# What sort of process another is, is told to few (pg_read_all_stats), and whose it is to all: an autovacuum worker, and
# whatever else is the server's own, is nobody's. The start of a wait is told since 14.
# Only who waits at all is asked for whom: the question locks the lock table.
_WAITING = sql.SQL(
    """with waiting as materialized (
  select l.pid, pg_catalog.min(l.waitstart) as since, pg_catalog.pg_blocking_pids(l.pid) as blockers
  from pg_catalog.pg_locks as l where not l.granted group by l.pid)
select w.pid, a.usename::text as role, a.application_name as application, a.query as statement,
  coalesce(extract(epoch from pg_catalog.clock_timestamp() - w.since), 0)::float8 as seconds,
  (select pg_catalog.count(*) from waiting as other where w.pid = any(other.blockers))::int4 as behind
from waiting as w join pg_catalog.pg_stat_activity as a on a.pid = w.pid
where {} = any(w.blockers) and a.usesysid is not null and a.backend_type is distinct from 'autovacuum worker'
order by w.since"""
)


class Waiter(NamedTuple):
    """A session that waits for a lock of ours since so many `seconds`, and how many wait `behind` it."""

    pid: int
    role: str | None
    application: str | None
    statement: str | None
    seconds: float
    behind: int

    def is_too_much(self, limits: Limits) -> bool:
        """Whether we have to give way: alone it may wait for a while, with others behind it hardly at all."""
        longest = limits.lock_timeout if self.behind else limits.yield_after
        return self.seconds > longest.total_seconds()

    def __str__(self) -> str:
        words = [f"process {self.pid}"]
        if self.application:
            words.append(f"of {self.application}")
        if self.role:
            words.append(f"as {self.role}")
        words.append(f"waited for {self.seconds:.1f} s")
        if self.behind:
            words.append(f"with {self.behind} more behind it")
        if shown := presentable(self.statement):
            words.append(f"with: {shown}")
        return " ".join(words)


async def waiters_for(connection: AsyncConnection[TupleRow], pid: int) -> list[Waiter]:
    """The sessions that wait for a lock of the server process `pid` at this moment."""
    return await glance(connection, _WAITING.format(pid), Waiter)
