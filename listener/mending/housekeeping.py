"""What the leading listener does once a day: it forgets old history. With each safety scan it drops the backups that
are kept no longer, and erases from the others what was erased from their tables (`erasure.py`).

A backup is dropped in one transaction with its row of `pgmend.backup`, and that it will be is written down before: who
is killed in between leaves it before or after, and the next round finds it by its row. When it may go was decided when
its fix was applied (`fixes/limits.py`); whoever asks for the undo in time keeps it until that has come to its end.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog
from pglast import ast
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from ..connections import ConnectionSource
from ..errors import CouldNotLook, LeaseLost
from ..fixes.backup_record import SCHEMA, is_still_it
from ..fixes.composed import identifier, lock, statement, verbatim
from ..fixes.execution.courtesy import Courtesy
from ..fixes.execution.session import milliseconds
from ..fixes.execution.work import Checkpoint, pass_by
from ..fixes.limits import Limits
from ..fixes.sqlstates import in_words
from ..hearing.lease import Lease
from ..store.instance import why_a_copy
from ..store.policy import read_policy
from .erasure import erase_gone

INTERVAL = timedelta(days=1)
AGAIN = timedelta(hours=1)
log = structlog.get_logger()

# The undo of any other fix was asked for, or its way is not at its end.
_EXPIRED = """
from pgmend.backup as b join pgmend.fix as f on f.fix_id = b.fix_id
where b.expires_at <= pg_catalog.clock_timestamp()
  and f.state in ('applied', 'refused', 'failed', 'superseded', 'rolled_back')
"""
_LIST = f"select b.backup_id, b.relation_name {_EXPIRED} order by b.expires_at, b.backup_id"
_INTEND = f"""
update pgmend.backup set drop_intended_at = pg_catalog.clock_timestamp()
where drop_intended_at is null and backup_id = (select b.backup_id {_EXPIRED} and b.backup_id = %s)
"""
_HOLD = f"""
select b.relation_oid::bigint, b.relation_name, b.fix_id, b.row_count {_EXPIRED} and b.backup_id = %s
for no key update of b, f
"""
_STRIKE_OUT = "delete from pgmend.backup where backup_id = %s"
_AUDIT = "insert into pgmend.audit (action, object, detail) values ('backup.expired', %s, %s)"


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one round came to: how many rows of history went, and which relations of pgmend_backup went or had to stay.

    `gone` are backups that somebody else has dropped, moved or renamed: only their rows went.
    """

    forgotten: int = 0
    dropped: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    put_off: tuple[str, ...] = ()


class Housekeeper:
    """Works under one lease, on a connection that it borrows for each transaction.

    Tables that are read are read with `courtesy`. `observe` (as a pause, or a copy of the database) lets it forget
    history and touch no backup.
    """

    def __init__(
        self,
        connections: ConnectionSource,
        lease: Lease,
        lock_timeout: timedelta,
        *,
        observe: bool,
        checkpoint: Checkpoint = pass_by,
        courtesy: Courtesy | None = None,
    ) -> None:
        self._courtesy = courtesy or Courtesy(None, Limits(lock_timeout=lock_timeout))
        self._connections = connections
        self._lease = lease
        self._lock_timeout = lock_timeout
        self._observe = observe
        self._checkpoint = checkpoint

    async def run(self) -> None:
        """Tidy up at once and every day, what was in the way an hour later, until cancelled; raises LeaseLost."""
        while True:
            pause = INTERVAL
            try:
                tidied = await self.tidy()
            except (CouldNotLook, psycopg.Error) as error:
                log.warning("housekeeping put off", reason=str(error).strip())
                pause = AGAIN
            else:
                if tidied.put_off:
                    pause = AGAIN
            await asyncio.sleep(pause.total_seconds())

    async def keep_erasing(self, every: timedelta) -> None:
        """Drop what has expired and erase as `erase` does, so often, until cancelled; raises LeaseLost."""
        while True:
            try:
                await self.drop_expired()
                await self.erase()
            except (CouldNotLook, psycopg.Error) as error:
                log.warning("backups not looked through", reason=str(error).strip())
            await asyncio.sleep(every.total_seconds())

    async def erase(self) -> int:
        """Erase from backups what is gone from their tables; how many rows. Raises as `tidy` does."""
        async with self._borrowed() as connection:
            if await self._why_not_touch(connection):
                return 0
        erased = await erase_gone(self._connections, self._lease, self._lock_timeout, self._courtesy)
        if erased:
            log.info("erased from backups", rows=erased)
        return erased

    async def tidy(self) -> Tidied:
        """One round. Raises LeaseLost; CouldNotLook or psycopg's errors where the server is out of reach."""
        forgotten = await self._forget()
        await self._checkpoint("history forgotten")
        tidied = replace(await self.drop_expired(), forgotten=forgotten)
        log.info(
            "housekeeping done",
            forgotten=tidied.forgotten,
            dropped=len(tidied.dropped),
            put_off=len(tidied.put_off),
        )
        return tidied

    async def drop_expired(self) -> Tidied:
        """Drop the backups that are kept no longer. Raises as `tidy` does."""
        async with self._borrowed() as connection:
            expired = await (await connection.execute(_LIST)).fetchall()
            why_not = await self._why_not_touch(connection) if expired else None
        if why_not:
            log.info("expired backups stay", reason=why_not, backups=len(expired))
            return Tidied(put_off=tuple(name for _, name in expired))
        return await self._drop_all(expired)

    def _borrowed(self) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        return self._connections.connection("housekeeper")

    async def _forget(self) -> int:
        """Delete what history is older than its retention, a batch in each transaction; how many rows."""
        forgotten = 0
        while True:
            async with self._borrowed() as connection, connection.transaction():
                await self._hold(connection)
                row = await (await connection.execute("select pgmend.expire()")).fetchone()
            if not (row and row[0]):
                return forgotten
            forgotten += row[0]
            await self._checkpoint("batch forgotten")

    async def _why_not_touch(self, connection: AsyncConnection[TupleRow]) -> str | None:
        if self._observe:
            return "it was started with --observe"
        if (await read_policy(connection)).paused:
            return "fixing is paused"
        return await why_a_copy(connection)

    async def _drop_all(self, expired: list[TupleRow]) -> Tidied:
        ends: dict[str, list[str]] = {"dropped": [], "gone": [], "put_off": [], "kept": []}
        for backup_id, name in expired:
            async with self._borrowed() as connection:
                ends[await self._expire(connection, backup_id, name)].append(name)
        return Tidied(0, tuple(ends["dropped"]), tuple(ends["gone"]), tuple(ends["put_off"]))

    async def _expire(self, connection: AsyncConnection[TupleRow], backup_id: UUID, name: str) -> str:
        """Drop one backup: `dropped`, `gone` where there was nothing to drop, `kept` where it is wanted after all, or
        `put_off` where the server would not let us now."""
        async with connection.transaction():
            await self._hold(connection)
            await connection.execute(_INTEND, (backup_id,))
        await self._checkpoint("drop intended")
        try:
            async with connection.transaction():
                end = await self._drop(connection, backup_id)
                await self._checkpoint("before commit")
        except psycopg.Error as error:
            if connection.closed:
                raise
            log.warning("backup not dropped", backup=name, reason=in_words(error))
            return "put_off"
        await self._checkpoint("backup struck out")
        return end

    async def _drop(self, connection: AsyncConnection[TupleRow], backup_id: UUID) -> str:
        """All in the caller's transaction: nobody asks for the undo meanwhile, and nobody waits for us for long."""
        await self._hold(connection)
        await connection.execute(
            "select pg_catalog.set_config('lock_timeout', %s, true)", (milliseconds(self._lock_timeout),)
        )
        row = await (await connection.execute(_HOLD, (backup_id,))).fetchone()
        if row is None:
            return "kept"
        relation_oid, name, fix_id, row_count = row
        there = await is_still_it(connection, relation_oid, name)
        if there:
            quoted = identifier(SCHEMA, name)
            drop = statement(sql.SQL("drop table {}").format(quoted), ast.DropStmt, (SCHEMA, name))
            await connection.execute(verbatim(lock(quoted.as_string(), "access exclusive")))
            there = await is_still_it(connection, relation_oid, name)
            if there:
                await connection.execute(verbatim(drop))
        await connection.execute(_STRIKE_OUT, (backup_id,))
        detail = {"relation": name, "rows": row_count, "dropped": there}
        await connection.execute(_AUDIT, (str(fix_id), Jsonb(detail)))
        return "dropped" if there else "gone"

    async def _hold(self, connection: AsyncConnection[TupleRow]) -> None:
        if not await self._lease.hold(connection):
            raise LeaseLost("Housekeeping stops here: another listener leads by now.")
