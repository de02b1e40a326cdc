"""Acting alone by the clock: only in maintenance windows, and only so often in an hour."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.errors import GaveWay
from pgmend.listener.fixes.execution.courtesy import Courtesy
from pgmend.listener.fixes.limits import limits_of
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.maintenance import DAYS, MaintenanceWindow
from pgmend.listener.mending.mender import Mender
from pgmend.listener.mending.proposals import Proposals
from pgmend.listener.mending.schedule import Schedule
from pgmend.listener.settings import AutoFix, Settings
from pgmend.listener.store.policy import read_policy
from psycopg import AsyncConnection

from tests.support.eventually import eventually
from tests.support.mending import APP as MENDED
from tests.support.mending import foreign_key
from tests.support.workshop import Workshop

APP = """
create table public.users (id int primary key);
create table public.orders (id int primary key, user_id int references public.users);
create table public.carts (id int primary key, user_id int references public.users);
"""
BREAK = """
alter table {0} drop constraint {0}_user_id_fkey,
  add constraint {0}_user_id_fkey foreign key (user_id) references users not valid
"""
QUEUED = "select count(*) from pgmend.fix where automatic"
STOPPED = "select reason, attempts from pgmend.fix where state = 'queued' and reason is not null"
WHY = "select why_not_auto from pgmend.open_issues where issue_type = 'UNVALIDATED_CONSTRAINT' order by table_name"


@asynccontextmanager
async def proposals(workshop: Workshop, **settings: Any) -> AsyncIterator[Proposals]:
    """Of a listener that saw both constraints become unvalidated, and has weighed them."""
    workshop.database.execute(APP)
    chosen = Settings(auto_fix=AutoFix.ALL, settle_time=timedelta(), **settings)
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(), LeftAlone(()))
        await analyst.begin()
        for table in ("carts", "orders"):
            workshop.database.execute(BREAK.format(table).encode())
            await analyst.react()
        found = Proposals(analyst, chosen, limits_of(chosen))
        await found.weigh(workshop.connection, AutoFix.ALL, None)
        yield found


def window(begins: timedelta, ends: timedelta) -> MaintenanceWindow:
    """One on today's weekday, or tomorrow's, that is so far from now."""
    start, end = (datetime.now(UTC) + each for each in (begins, ends))
    return MaintenanceWindow.parse(f"{DAYS[start.weekday()]} {start:%H:%M}-{end:%H:%M}")


async def test_outside_the_windows_nothing_is_queued_and_the_next_one_is_named(workshop: Workshop) -> None:
    later = window(timedelta(hours=2), timedelta(hours=3))
    async with proposals(workshop, maintenance_windows=(later,)) as found:
        assert await found.promote(workshop.connection) == 0
        assert workshop.database.value(QUEUED) == 0
        (first,), (second,) = workshop.database.fetch(WHY)
        assert str(first).startswith(f"it waits for a maintenance window ({later}): ")
        assert first == second
        assert timedelta(hours=1) < found.patience(timedelta(days=1)) <= timedelta(hours=2)


async def test_within_a_window_all_is_queued(workshop: Workshop) -> None:
    now = window(timedelta(minutes=-1), timedelta(hours=1))
    async with proposals(workshop, maintenance_windows=(now,)) as found:
        assert await found.promote(workshop.connection) == 2
        assert workshop.database.fetch(WHY) == [(None,), (None,)]


async def test_what_is_queued_when_the_window_closes_waits_for_the_next_one(workshop: Workshop) -> None:
    closed = Schedule(Settings(maintenance_windows=(window(timedelta(hours=2), timedelta(hours=3)),)))
    assert not await closed.is_open(workshop.connection)
    assert await Schedule(Settings()).is_open(workshop.connection)
    async with proposals(workshop) as found:
        assert await found.promote(workshop.connection) == 2
    assert await workshop.next(alone=await closed.is_open(workshop.connection)) is None
    assert await workshop.next() is not None


async def test_no_more_are_queued_in_an_hour_than_may_be(workshop: Workshop) -> None:
    async with proposals(workshop, fixes_per_hour=1) as found:
        assert await found.promote(workshop.connection) == 1
        assert await found.promote(workshop.connection) == 0
        waiting = [why for (why,) in workshop.database.fetch(WHY) if why]
        assert len(waiting) == 1
        assert waiting[0].startswith("fixes_per_hour is 1, and so many were queued: ")
        assert timedelta(minutes=59) < found.patience(timedelta(days=1)) <= timedelta(hours=1)


async def test_an_hour_later_the_next_one_may_follow(workshop: Workshop) -> None:
    schedule = Schedule(Settings(fixes_per_hour=1))
    async with proposals(workshop, fixes_per_hour=1) as found:
        assert await found.promote(workshop.connection) == 1
        full = await schedule.why_not_now(workshop.connection)
        assert full is not None
        workshop.database.execute("update pgmend.fix set created_at = created_at - interval '61 minutes'")
        assert await schedule.why_not_now(workshop.connection) is None


async def gives_way(_: Courtesy, __: object, work: Coroutine[Any, Any, Any], what: str) -> None:
    """In place of `Courtesy.read`: somebody waits at each try."""
    work.close()
    raise GaveWay(f"{what}: it gave way.")


async def test_what_gave_way_while_it_was_planned_anew_is_looked_at_again_soon(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proposals(workshop) as found:
        with monkeypatch.context() as patched:
            patched.setattr(Courtesy, "read", gives_way)
            assert await found.promote(workshop.connection) == 0
        assert await found.promote(workshop.connection) == 0
        assert timedelta(seconds=1) < found.patience(timedelta(days=1)) <= timedelta(seconds=10)
        assert workshop.database.value(QUEUED) == 0


async def test_an_approval_is_carried_over_though_the_new_plan_gave_way_at_first(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proposals(workshop) as found:
        workshop.database.execute("select pgmend.approve(fix_id) from pgmend.fix where state = 'proposed'")
        stale = await workshop.next()
        assert stale is not None
        workshop.database.execute("update pgmend.fix set state = 'superseded' where state = 'running'")
        with monkeypatch.context() as beside:
            beside.setattr(Courtesy, "read", gives_way)
            await found.renew(workshop.connection, stale)
            await found.renew_again(workshop.connection)
        assert found.patience(timedelta(hours=1)) <= timedelta(seconds=10)
        told = "select count(*) from pgmend.fix where issue_id = %s and state = 'approved'"
        assert workshop.database.value(told, [stale.plan.issue_id]) == 0
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + 60)
        monkeypatch.setattr("pgmend.listener.mending.proposals.time", later)
        await found.renew_again(workshop.connection)
        assert workshop.database.value(told, [stale.plan.issue_id]) == 1
        await found.renew_again(workshop.connection)
        assert workshop.database.value(told, [stale.plan.issue_id]) == 1


async def test_what_was_held_up_is_told_so_until_it_is_queued(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proposals(workshop, fixes_per_hour=1) as found:
        assert await found.promote(workshop.connection) == 1
        assert await found.promote(workshop.connection) == 0
        workshop.database.execute("update pgmend.fix set created_at = created_at - interval '61 minutes'")
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + 7200)
        monkeypatch.setattr("pgmend.listener.mending.proposals.time", later)
        assert [why for (why,) in workshop.database.fetch(WHY) if why] != []
        assert await found.promote(workshop.connection) == 1
        assert workshop.database.fetch(WHY) == [(None,), (None,)]


class Clock(Schedule):
    """A window that is open for so long."""

    open_for: timedelta = timedelta(milliseconds=100)

    async def is_open(self, connection: AsyncConnection[Any]) -> bool:
        return bool(self.open_for)

    async def left(self, connection: AsyncConnection[Any]) -> timedelta | None:
        left, Clock.open_for = self.open_for, timedelta()
        return left


async def test_what_runs_when_its_window_closes_stops_and_goes_on_in_the_next_one(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.mending.mender.Schedule", Clock)
    monkeypatch.setattr(Clock, "open_for", timedelta(hours=1))
    workshop.database.execute(APP)
    settings = Settings(auto_fix=AutoFix.ALL, settle_time=timedelta())
    async with (
        await connect(workshop.database.dsn, "analyst") as eyes,
        await workshop.database.connect(autocommit=False) as vacuum,
    ):
        analyst = Analyst(eyes, workshop.lease, Judge(), LeftAlone(()))
        await analyst.begin()
        workshop.database.execute(BREAK.format("orders").encode())
        await analyst.react()
        await vacuum.execute("lock table orders in share update exclusive mode")
        mender = Mender(
            workshop.connections, settings, analyst, workshop.lease,
            policy_now=partial(read_policy, workshop.connection), allowed=AutoFix.ALL, observe=False,
        )  # fmt: skip
        running = asyncio.create_task(mender.run())
        # The first `left` is for what was left on its way.
        await eventually(lambda: Clock.open_for == timedelta())
        Clock.open_for = timedelta(milliseconds=100)
        ((reason, attempts),) = await eventually(lambda: mender.wake() or workshop.database.fetch(STOPPED))
        assert (reason, attempts) == ("Its maintenance window closed; it goes on from here in the next one.", 1)
        await vacuum.rollback()
        await asyncio.sleep(0.3)
        assert workshop.database.fetch(STOPPED) == [(reason, attempts)]
        Clock.open_for = timedelta(hours=1)
        await eventually(
            lambda: mender.wake() or workshop.database.fetch("select from pgmend.fix where state = 'applied'")
        )
        mender.stop()
        await running


@asynccontextmanager
async def mending(workshop: Workshop) -> AsyncIterator[Mender]:
    """A listener that acts alone by `Clock`, and has looked at what there is."""
    settings = Settings(auto_fix=AutoFix.ALL, settle_time=timedelta())
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(), LeftAlone(()))
        await analyst.begin()
        yield Mender(
            workshop.connections, settings, analyst, workshop.lease,
            policy_now=partial(read_policy, workshop.connection), allowed=AutoFix.ALL, observe=False,
        )  # fmt: skip


async def half_done(workshop: Workshop) -> UUID:
    """An automatic foreign key that stands for new rows, which resolves its issue, and waits in the queue again."""
    workshop.database.execute(MENDED)
    fix_id, _ = await workshop.propose(foreign_key(workshop), automatic=True)
    claim = await workshop.next()
    assert claim is not None
    stop = asyncio.Event()

    async def close(name: str) -> None:
        if name == "apply 2 committed":
            stop.set()
            await asyncio.sleep(0)

    outcome = await workshop.executor(checkpoint=close, pause_requested=stop.wait).carry_on(claim, workshop.lease)
    assert outcome.state == "queued"
    workshop.database.execute("update pgmend.issue set status = 'resolved'")
    return fix_id


async def test_what_resolved_its_own_issue_before_its_window_closed_keeps_nobody_busy(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.mending.mender.Schedule", Clock)
    monkeypatch.setattr(Clock, "open_for", timedelta())
    fix_id = await half_done(workshop)
    async with mending(workshop) as mender:
        async with asyncio.timeout(30):
            await mender.turn(None)
        assert workshop.database.fetch("select state, attempts from pgmend.fix where attempts > 0") == [("queued", 1)]
        monkeypatch.setattr(Clock, "open_for", timedelta(hours=1))
        await mender.turn(None)
    assert workshop.state(fix_id) == "applied"


async def test_what_is_withdrawn_outside_its_window_is_undone_at_one_go(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.mending.mender.Schedule", Clock)
    monkeypatch.setattr(Clock, "open_for", timedelta())
    await half_done(workshop)
    workshop.database.execute("update pgmend.issue set status = 'open'")
    workshop.database.execute("select pgmend.ignore(issue_id, 'so') from pgmend.issue")
    async with mending(workshop) as mender:
        await mender.turn(None)
    told = workshop.database.fetch("select state, attempts from pgmend.fix where attempts > 0")
    assert told == [("superseded", 2)]


async def test_what_was_killed_half_done_is_finished_at_the_next_start_whatever_the_clock_says(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.mending.mender.Schedule", Clock)
    monkeypatch.setattr(Clock, "open_for", timedelta())
    fix_id = await half_done(workshop)
    workshop.database.execute("update pgmend.fix set state = 'running'")
    async with mending(workshop) as mender:
        running = asyncio.create_task(mender.run())
        await eventually(lambda: workshop.state(fix_id) != "running")
        mender.stop()
        await running
    assert workshop.state(fix_id) == "applied"


async def test_what_was_killed_before_it_did_anything_waits_for_the_next_window(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.mending.mender.Schedule", Clock)
    monkeypatch.setattr(Clock, "open_for", timedelta())
    workshop.database.execute(MENDED)
    fix_id, _ = await workshop.propose(foreign_key(workshop), automatic=True)
    before = workshop.structure()
    workshop.database.execute("update pgmend.fix set state = 'running'")
    async with mending(workshop) as mender:
        running = asyncio.create_task(mender.run())
        await eventually(lambda: workshop.state(fix_id) != "running")
        mender.stop()
        await running
    assert (workshop.state(fix_id), workshop.structure()) == ("queued", before)


async def test_what_a_person_approved_is_not_stopped_by_the_clock(workshop: Workshop) -> None:
    async with proposals(workshop) as found:
        assert await found.promote(workshop.connection) == 2
    automatic = await workshop.next()
    assert automatic is not None
    assert automatic.automatic
    workshop.database.execute("select pgmend.approve(fix_id) from pgmend.fix where state = 'queued'")
    approved = await workshop.next()
    assert approved is not None
    assert not approved.automatic
