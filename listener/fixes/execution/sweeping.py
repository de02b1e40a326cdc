"""Rows of a table changed in many short transactions: each holds the lease, and commits with how far it came.

Nobody waits for us for longer than one of them takes, and no transaction of ours waits for anybody while it has rows:
where one is locked, the free rows of those pages are done, and the others once all else is. What was locked is never
passed over for good.

Each stretch of pages is gone over in turns, some rows of each page at a time. Rows of the first turn leave their full
page, which costs an entry in every index; those of the others find the room that these have left, and need none. Where
somebody's old snapshot keeps the room from being used, it only takes longer. (docs/decisions/0029)
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor, sql
from psycopg.rows import TupleRow

from ...errors import FixDeferred, PlanStale
from ..composed import verbatim
from ..plan import TURNS, Step, Sweep
from ..sqlstates import is_passing
from .alone import failure, registered
from .interruption import Watch
from .pressure import Pressure
from .session import milliseconds
from .work import Work

# Pages of dead rows are quickly done, and what comes after them may be dense.
_MOST_PAGES = 512
_WAIT_SECONDS = 0.1
_SHORTEST_TIMEOUT = timedelta(milliseconds=50)
# While rows of ours are locked, nobody is waited for.
_NO_WAIT = timedelta(milliseconds=1)

Pages = tuple[int, int]

_BEGUN = sql.SQL("""
update pgmend.backfill as b set fix_id = {fix_id}, file = now.file,
  next_page = case when b.file = now.file then b.next_page else 0 end,
  end_page = case when b.file = now.file then b.end_page else now.pages end
from (select c.oid, pg_catalog.pg_relation_filenode(c.oid) as file,
  pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8 as pages
  from pg_catalog.pg_class as c where c.oid = {table}::oid) as now
where b.table_oid = now.oid and b.column_number = {column} and b.swapped_at is null
returning b.column_number, b.next_page, b.end_page
""")
_COME = """
update pgmend.backfill as b set next_page = %(next)s, filled = b.filled + %(filled)s, batches = b.batches + 1
where b.table_oid = %(table)s::oid and b.column_number = %(column)s
  and b.file = pg_catalog.pg_relation_filenode(b.table_oid)
returning (select pg_catalog.count(*) from pg_catalog.pg_locks l
  where l.locktype = 'transactionid' and not l.granted and l.transactionid = pg_catalog.pg_current_xact_id()::xid)
"""
_ENDED = """
update pgmend.backfill as b
set finished_at = pg_catalog.clock_timestamp(), finished_by = pg_catalog.pg_current_xact_id(), next_page = b.end_page
where b.table_oid = %(table)s::oid and b.column_number = %(column)s
  and b.file = pg_catalog.pg_relation_filenode(b.table_oid)
returning true
"""
_BOUNDS = sql.SQL("""
select pg_catalog.set_config('lock_timeout', {}, true), pg_catalog.set_config('statement_timeout', {}, true),
  pg_catalog.set_config('synchronous_commit', 'off', true)""")
_REPLICA = sql.SQL(", pg_catalog.set_config('session_replication_role', 'replica', true)")
_LOOK = "pgmend_look"
_EXAMPLES = 10


class _Moved(Exception):
    """The table's rows have moved to another file: those before our place may be others by now."""


@dataclass(slots=True)
class _Walk:
    """One go through the table. All before `page` is done but for `locked`: (first, end) of pages with locked rows."""

    work: Work
    ordinal: int
    sweep: Sweep
    column: int
    page: int
    end: int
    pages: int
    locked: list[Pages] = field(default_factory=list[Pages])

    async def finish(self) -> None:
        """Go to the end of the table, and then to what was locked."""
        pressure = Pressure(self.work)
        while self.page < self.end:
            await pressure.ease()
            await self._next()
        while self.locked:
            await self._unlocked()
        async with _transaction(self.work, self.sweep, _NO_WAIT):
            await _answer(self.work.session.connection, _ENDED, {"table": self.sweep.table, "column": self.column})
        await self.work.reach(self.ordinal, "swept")

    async def _next(self) -> None:
        """The next pages, in turns; where rows of them are locked, those that are free."""
        pages = (self.page, min(self.page + self.pages, self.end))
        slowest, some_locked = 0.0, False
        for turn in range(TURNS):
            self.work.interruption.check()
            try:
                waiting, took, free = await self._turn(pages, turn)
            except psycopg.errors.QueryCanceled:
                if pages[1] - pages[0] == 1:
                    raise
                self.pages = max(1, (pages[1] - pages[0]) // 4)
                return
            slowest, some_locked = max(slowest, took), some_locked or not free
            if waiting:
                await self.work.interruption.sleep(took)
        self.page = pages[1]
        if some_locked and await self._are_left(pages):
            self.locked.append(pages)
        factor = min(2.0, max(0.5, self.work.limits.batch_time.total_seconds() / max(slowest, 0.001)))
        self.pages = min(_MOST_PAGES, max(1, round(self.pages * factor)))
        await self.work.reach(self.ordinal, "batch")

    async def _turn(self, pages: Pages, turn: int) -> tuple[bool, float, bool]:
        """Whether somebody waits for us after one turn, for how long we had rows, and whether no row was locked."""
        try:
            return *await self._fill(self.sweep.statement, pages, turn), True
        except psycopg.Error as error:
            if not is_passing(error):
                raise
        try:
            return *await self._fill(self.sweep.free_rows, pages, turn), False
        except psycopg.Error as error:
            if not is_passing(error):
                raise
        # Somebody has locked the table itself.
        self.locked.append(pages)
        await self._unlocked()
        return False, 0.0, True

    async def _are_left(self, pages: Pages) -> bool:
        """Whether rows of those pages are left to do."""
        connection = self.work.session.connection
        async with connection.transaction(), AsyncRawCursor(connection) as cursor:
            await cursor.execute(self.sweep.left.encode(), _places(pages))
            return await cursor.fetchone() is not None

    async def _unlocked(self) -> None:
        """The last pages that had locked rows, each page by itself; raises FixDeferred where one stays locked."""
        first, end = self.locked[-1]
        for page in range(first, end):
            await self._one(page)
        self.locked.pop()

    async def _one(self, page: int) -> None:
        """All rows of one page, waiting for those who have locked some."""
        work, watch, wait = self.work, Watch(self.work.connections), self.work.limits.lock_timeout
        until = time.monotonic() + work.limits.lock_patience.total_seconds()
        while True:
            work.interruption.check()
            try:
                await self._fill(self.sweep.statement, (page, page + 1), None, wait=wait, watch=watch)
            except psycopg.Error as error:
                if not is_passing(error):
                    raise
                if time.monotonic() > until:
                    raise FixDeferred(f"Rows of the table stay locked. In the way: {watch}.") from error
            else:
                await work.reach(self.ordinal, "batch")
                return
            await work.interruption.sleep(_WAIT_SECONDS)

    async def _fill(
        self,
        statement: str,
        pages: Pages,
        turn: int | None,
        *,
        wait: timedelta = _NO_WAIT,
        watch: Watch | None = None,
    ) -> tuple[bool, float]:
        """Commit that turn of those pages, or all of them; whether somebody waits for us by then, and for how many
        seconds we had rows. Raises _Moved.
        """
        filling = self._filled(statement, (*_places(pages), turn), wait, bounded=pages[1] - pages[0] > 1)
        every = self.work.limits.lock_timeout.total_seconds() / 5
        return await self.work.interruption.attend(filling, self.work.session, watch, every=every)

    async def _filled(
        self, statement: str, where: tuple[str, str, int | None], wait: timedelta, *, bounded: bool
    ) -> tuple[bool, float]:
        """One transaction; one page is as little as can be done, however long that takes."""
        connection = self.work.session.connection
        longest = max(_SHORTEST_TIMEOUT, 2 * self.work.limits.batch_time) if bounded else None
        async with _transaction(self.work, self.sweep, wait, longest), AsyncRawCursor(connection) as cursor:
            began = time.monotonic()
            await cursor.execute(statement.encode(), where)
            values = {
                "next": min([self.page, *(first for first, _ in self.locked)]),
                "filled": cursor.rowcount,
                "table": self.sweep.table,
                "column": self.column,
            }
            waiting = await _answer(connection, _COME, values)
            if where[-1] in (0, None):
                await self.work.reach(self.ordinal, "filled")
        return bool(waiting), time.monotonic() - began


async def run_sweep(work: Work, ordinal: int, step: Step, sweep: Sweep) -> None:
    """Do all that is left of the sweep.

    Raises FixDeferred naming who was in the way, FixFailed, LeaseLost, FixInterrupted; or OperationalError where the
    connection is gone: then a probe has to tell.
    """
    try:
        async with registered(work, ordinal, step):
            while not await _is_finished(work, ordinal, sweep):
                pass
    except psycopg.Error as error:
        if work.session.connection.closed:
            raise
        raise failure(step, error, Watch(work.connections)) from error
    work.taken.append(step)


async def _is_finished(work: Work, ordinal: int, sweep: Sweep) -> bool:
    """Go to the end; False where all has to begin anew."""
    try:
        await (await _walk(work, ordinal, sweep)).finish()
    except _Moved:
        return False
    return True


async def _walk(work: Work, ordinal: int, sweep: Sweep) -> _Walk:
    """The walk from where the last one came to."""
    connection = work.session.connection
    await _get_ready_to_look(connection, sweep)
    begun = _BEGUN.format(fix_id=str(work.journal.fix_id), table=sweep.table, column=verbatim(sweep.column))
    async with connection.transaction():
        await work.journal.hold(connection)
        row = await (await connection.execute(begun)).fetchone()
    if row is None:
        raise PlanStale("The column that was to be filled is gone.")
    return _Walk(work, ordinal, sweep, *row, pages=work.limits.first_batch)


def _places(pages: Pages) -> tuple[str, str]:
    first, end = pages
    return f"({first},0)", f"({end},0)"


@asynccontextmanager
async def _transaction(
    work: Work, sweep: Sweep, wait: timedelta, longest: timedelta | None = None
) -> AsyncGenerator[None]:
    """A transaction of the sweep; each statement of it may wait for a lock and take so long."""
    connection, limits = work.session.connection, work.limits
    async with connection.transaction():
        # Whoever takes the lease over is waited for as anywhere: nothing of anybody's is locked yet.
        await work.session.bound(limits.lock_timeout, limits.statement_time, local=True)
        await work.journal.hold(connection)
        bounds = _BOUNDS.format(milliseconds(wait), milliseconds(longest or limits.statement_time))
        bounded = bounds + _REPLICA if sweep.as_replica else bounds
        await _look_again(connection, sweep, [bounded, *([verbatim(sweep.lock)] if sweep.lock else [])])
        yield


async def _get_ready_to_look(connection: AsyncConnection[TupleRow], sweep: Sweep) -> None:
    """Let the server plan all checks once: they are asked in each transaction."""
    looks = [
        f"(select {place}, pg_catalog.to_jsonb(found)::pg_catalog.text from ({check.query}) as found limit {_EXAMPLES})"
        for place, check in enumerate(sweep.checks)
    ]
    await connection.execute("deallocate all")
    await connection.execute(verbatim(f"prepare {_LOOK} as {' union all '.join(looks) or 'select 0, null limit 0'}"))


async def _look_again(connection: AsyncConnection[TupleRow], sweep: Sweep, ahead: Sequence[sql.Composable]) -> None:
    """Under the lock, which is the last of what goes `ahead` in the same message: find that all is as it was when the
    change began; raises PlanStale.
    """
    cursor = await connection.execute(sql.SQL("; ").join([*ahead, verbatim(f"execute {_LOOK}")]))
    while cursor.nextset():
        pass
    found: list[tuple[int, str]] = [(place, said) for place, said in await cursor.fetchall()]
    if found:
        check = sweep.checks[found[0][0]]
        rows = "".join(
            "\n  " + ", ".join(f"{key}={value}" for key, value in json.loads(said).items()) for _, said in found
        )
        raise PlanStale(f"{check.name} does not hold any more ({check.meaning}){rows}")


async def _answer(connection: AsyncConnection[TupleRow], query: str, values: Mapping[str, object]) -> object:
    row = await (await connection.execute(query.encode(), values)).fetchone()
    if row is None:
        raise _Moved
    return row[0]
