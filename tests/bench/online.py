"""A column of a large table gets another type while four sessions write: what they notice, beside the plain ALTER.

Both run on the same server, one after the other, on a table of the same rows with the same writers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.limits import Limits
from pgmend.listener.remedy import ChangeColumnType
from pgmend.sql.install import adopt, install

from tests.support.database import Database
from tests.support.workshop import Workshop

from .figure import Figure, Goal, percentile
from .ground import Ground
from .writers import Writes, writers

_TABLE = """
create table public.orders (id int primary key, user_id text not null, note text, made timestamptz default now());
insert into public.orders select n, (n % 50000)::text, md5(n::text) from generate_series(1, {rows}) n;
create index orders_user_id on public.orders (user_id);
alter table public.orders set (autovacuum_enabled = off);
"""
_WRITE = "update public.orders set user_id = %s where id = %s"
_ALTER = "alter table public.orders alter user_id type integer using user_id::integer"
_QUIET_SECONDS = 3.0
_STALL = Goal(now=100, final=100)
_WHOLE = Goal(now=20, final=4)


@dataclass(frozen=True, slots=True)
class Course:
    """What a change took, the writes that were under way during it, and those of the time before."""

    seconds: float
    during: list[float]
    before: list[float]

    @property
    def stall(self) -> float:
        """The longest write, in milliseconds."""
        return max(self.during)


def measure(place: Ground, rows: int) -> list[Figure]:
    """Stalls, times and percentiles of the change, its undo and the plain ALTER."""
    with _table(place, rows) as database:
        plain = asyncio.run(_plain(database, rows))
    with _table(place, rows) as database:
        there, back = asyncio.run(_online(database, rows))
    subject = f"{rows:,} rows, 4 writers"
    p99, p99_before = percentile(there.during, 99), percentile(there.before, 99)

    def figure(name: str, value: float, unit: str, goal: Goal | None = None, remark: str = "") -> Figure:
        return Figure(subject, name, value, unit, goal, remark)

    return [
        figure("longest write, plain ALTER", plain.stall, "ms", None, f"the ALTER took {plain.seconds:.2f} s"),
        figure("longest write, online", there.stall, "ms", _STALL, f"of {len(there.during):,} writes"),
        figure("longest write, online / ALTER", there.stall / plain.stall, "x", Goal(0.1, 0.1)),
        figure("longest write, undo", back.stall, "ms", _STALL, f"of {len(back.during):,} writes"),
        figure("whole change, online / ALTER", there.seconds / plain.seconds, "x", _WHOLE, _took(there)),
        figure("whole undo, online / ALTER", back.seconds / plain.seconds, "x", None, _took(back)),
        figure("write p99, during / before", p99 / p99_before, "x", Goal(2, 2), f"{p99:.1f} ms, {p99_before:.1f} ms"),
    ]


@contextmanager
def _table(place: Ground, rows: int) -> Generator[Database]:
    def fill(dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            install(connection, event_triggers=True)
            connection.execute(_TABLE.format(rows=rows).encode())
            connection.execute("vacuum analyze public.orders")

    with place.server.database(place.server.template(f"orders of {rows}", fill)) as database:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            adopt(connection)
            connection.execute("checkpoint")
        yield database


async def _plain(database: Database, rows: int) -> Course:
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as connection:

        async def alter() -> None:
            await connection.execute(_ALTER)

        return await _under_writes(database, rows, alter)


async def _online(database: Database, rows: int) -> tuple[Course, Course]:
    workshop = await Workshop.open(database)
    try:
        workshop.limits = replace(Limits(), online_changes=True, online_above=timedelta(milliseconds=1))
        claim = await workshop.claim(ChangeColumnType(workshop.oid("public.orders"), 2, "integer"))
        outcomes: list[Outcome] = []

        async def heal() -> None:
            outcomes.append(await workshop.executor().carry_on(claim, workshop.lease))
            _expect(outcomes[-1], "applied")

        async def roll_back() -> None:
            _expect(await workshop.roll_back(outcomes[-1]), "rolled_back")

        return await _under_writes(database, rows, heal), await _under_writes(database, rows, roll_back)
    finally:
        await workshop.close()


def _expect(outcome: Outcome, state: str) -> None:
    if outcome.state != state:
        raise RuntimeError(f"the fix is {outcome.state}: {outcome.reason}")


async def _under_writes(database: Database, rows: int, change: Callable[[], Awaitable[None]]) -> Course:
    with writers(database.dsn, _WRITE, rows) as writes:
        await asyncio.sleep(_QUIET_SECONDS)
        began = time.monotonic()
        await change()
        ended = time.monotonic()
    return _course(writes, began, ended)


def _course(writes: Writes, began: float, ended: float) -> Course:
    # The first writes of a session read the catalogs; they are no measure of a quiet time.
    return Course(ended - began, writes.between(began, ended), writes.between(began - _QUIET_SECONDS / 2, began))


def _took(course: Course) -> str:
    return f"{course.seconds:.2f} s"
