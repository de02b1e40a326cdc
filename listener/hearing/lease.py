"""One leader per database, by a row (law 12).

The server's clock decides. The token is in a unique key: a transactional step holds FOR KEY SHARE on the row until it
commits, heartbeats update other columns and pass, and a takeover, which changes the token, has to wait.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..errors import LeaseLost
from ..settings import AutoFix

LEASE_TIME = timedelta(seconds=5)
HEARTBEAT_INTERVAL = timedelta(seconds=1)

_TAKE = """
insert into pgmend.lease as held (name, token, holder, backend_pid, acquired_at, heartbeat_at)
values ('leader', pg_catalog.gen_random_uuid(), %(holder)s, pg_catalog.pg_backend_pid(),
  pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp())
on conflict (name) do update set token = excluded.token, holder = excluded.holder, backend_pid = excluded.backend_pid,
  acquired_at = excluded.acquired_at, heartbeat_at = excluded.heartbeat_at
where held.heartbeat_at < pg_catalog.clock_timestamp() - %(lease_time)s
returning token::text
"""
_BEAT = """
update pgmend.lease
set heartbeat_at = pg_catalog.clock_timestamp(), observing = %s, auto_fix = %s,
  next_scan_at = pg_catalog.clock_timestamp() + %s
where name = 'leader' and token = %s::uuid and heartbeat_at >= pg_catalog.clock_timestamp() - %s
"""
_RELEASE = "update pgmend.lease set heartbeat_at = '-infinity' where name = 'leader' and token = %s::uuid"
_HOLD = "select 1 from pgmend.lease where name = 'leader' and token = %s::uuid for key share"
# In a pipeline nobody looks at the answer before the commit: no row, and it fails by itself.
_HOLD_OR_FAIL = """
select 1 / pg_catalog.count(*) from (
  select from pgmend.lease where name = 'leader' and token = %s::uuid for key share) as held
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on this database, as long as heartbeats keep it."""

    token: str

    async def beat(
        self, connection: AsyncConnection[TupleRow], *, observing: bool, allowed: AutoFix, next_scan: timedelta
    ) -> bool:
        """Keep the lease, and tell what the leader may do and in how long it will scan.

        False when the lease ran out or another has it, and then nothing more may be done under it.
        """
        cursor = await connection.execute(
            _BEAT, (observing, allowed.value, next_scan, self.token, LEASE_TIME), prepare=True
        )
        return cursor.rowcount == 1

    async def release(self, connection: AsyncConnection[TupleRow]) -> None:
        """Let the next listener take over at once."""
        await connection.execute(_RELEASE, (self.token,))

    async def hold(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Hold the row until the caller's transaction ends; False when the lease is another's."""
        return (await connection.execute(_HOLD, (self.token,), prepare=True)).rowcount == 1

    @asynccontextmanager
    async def one_flight(self, connection: AsyncConnection[TupleRow]) -> AsyncGenerator[None]:
        """A transaction that is one pipeline, committed at its end if the lease is ours; or part of the caller's.

        In autocommit mode a pipeline is a transaction by itself: nothing has to be said. Raises LeaseLost, and then
        nothing of it is stored. What is executed inside has no answers before the end.
        """
        try:
            async with connection.pipeline():
                await connection.execute(_HOLD_OR_FAIL, (self.token,), prepare=True)
                yield
        except psycopg.errors.DivisionByZero as error:
            raise LeaseLost("Another listener leads this database; what was to be stored is not.") from error


async def take_lease(connection: AsyncConnection[TupleRow], holder: str) -> Lease | None:
    """The lease, if it is free or ran out.

    Where a transaction of the last leader still holds the row, lock_timeout ends the wait (LockNotAvailable).
    """
    cursor = await connection.execute(_TAKE, {"holder": holder, "lease_time": LEASE_TIME})
    row = await cursor.fetchone()
    return Lease(row[0]) if row else None
