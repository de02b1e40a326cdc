"""Who waits for what we read or build is seen however busy our connections are, and is not kept waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from pgmend.listener.connection import connect
from pgmend.listener.connections import Connections, SharedConnection
from pgmend.listener.errors import GaveWay
from pgmend.listener.fixes.execution.courtesy import Courtesy
from pgmend.listener.fixes.execution.executor import Executor, Outcome
from pgmend.listener.fixes.execution.glance import glance
from pgmend.listener.fixes.execution.interruption import Watch
from pgmend.listener.fixes.execution.waiters import Waiter
from pgmend.listener.fixes.limits import Limits
from pgmend.listener.fixes.plan import Check, Plan, Proof, Verdict
from pgmend.listener.fixes.preflight import preflight
from pgmend.listener.mending.erasure import erase_gone
from pgmend.listener.remedy import ChangeColumnType
from psycopg import sql

from tests.support.eventually import eventually
from tests.support.mending import APP, at, executing, foreign_key, index
from tests.support.workshop import Unrehearsed, Workshop

SLOW = Check("nothing is odd", "select pg_catalog.pg_sleep(60) from app.orders limit 1", "Odd rows.")
READS = "select count(*) from pg_catalog.pg_locks where relation = 'app.orders'::regclass and mode = 'AccessShareLock'"
BUILDS = "select count(*) from pg_catalog.pg_stat_activity where query ilike 'create index concurrently%'"
SLEEPS = "select count(*) from pg_catalog.pg_stat_activity where wait_event = 'PgSleep'"
HURRIED = Limits(yield_after=timedelta(milliseconds=50))


@asynccontextmanager
async def waiting_for(workshop: Workshop, statement: LiteralString) -> AsyncIterator[asyncio.Task[Any]]:
    """The statement on a session of a deployment, which is done by the end of the block."""
    session = await workshop.database.connect(application_name="deploy")
    task = asyncio.create_task(session.execute(statement))
    yield task
    await task


async def test_planning_gives_way_to_who_alters_the_table(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    async with workshop.connections.connection() as connection, await connect(workshop.database.dsn, "lease") as kept:
        courtesy = Courtesy(SharedConnection(kept), HURRIED)
        reading = asyncio.create_task(courtesy.read(connection, preflight(connection, [SLOW], HURRIED), "Planning"))
        await eventually(lambda: workshop.database.value(READS))
        async with waiting_for(workshop, "alter table app.orders add column more int"):
            with pytest.raises(GaveWay, match=r"^Planning: it gave way. Behind it: process \d+ of deploy"):
                await reading
        assert await connection.execute("select 1")


async def test_who_shares_the_table_keeps_no_reader_from_its_end(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    check = replace(SLOW, query="select pg_catalog.pg_sleep(0.3) from app.orders where id < 0")
    courtesy = Courtesy(workshop.connections, HURRIED)
    async with await workshop.database.connect(autocommit=False) as shop:
        await shop.execute("update app.orders set user_id = 1")
        reading = preflight(workshop.connection, [check], HURRIED)
        (proof,) = await courtesy.read(workshop.connection, reading, "Planning")
    assert proof.verdict is Verdict.PROVED


async def test_what_nobody_can_watch_is_not_read_for_long(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    async with Connections(workshop.database.dsn, size=1) as busy, busy.connection() as connection:
        limits = replace(HURRIED, unwatched=timedelta(milliseconds=300))
        with pytest.raises(GaveWay, match="Nobody could look who waits for it"):
            await Courtesy(busy, limits).read(connection, preflight(connection, [SLOW], limits), "Planning")


async def test_the_preflight_of_a_fix_gives_way_and_the_fix_is_deferred(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    claim = await workshop.claim(index(workshop))
    slow = replace(claim, plan=replace(claim.plan, checks=(SLOW,)))
    executor = workshop.executor(limits={"yield_after": timedelta(milliseconds=50)})
    healing = asyncio.create_task(executor.carry_on(slow, workshop.lease))
    await eventually(lambda: workshop.database.value(READS))
    async with waiting_for(workshop, "alter table app.orders add column more int"):
        outcome = await healing
    assert outcome.state == "deferred"
    assert "The preflight gave way. Behind it: process" in (outcome.reason or "")


async def looking_for_rows(workshop: Workshop, **options: Any) -> asyncio.Task[Outcome]:
    """A foreign key that failed for an orphan, and looks for as long as it may which rows those are."""
    workshop.database.execute(APP)
    claim = await workshop.claim(foreign_key(workshop))
    check = replace(SLOW, query="select pg_catalog.pg_sleep(60) from app.orders where user_id = 5000")
    slow = replace(claim, plan=replace(claim.plan, checks=(check,)))
    orphan = executing(workshop, "insert into app.orders values (1000, 5000)")
    executor = workshop.executor(
        limits={"yield_after": timedelta(milliseconds=50)}, checkpoint=at("apply 2 intended", orphan), **options
    )
    healing = asyncio.create_task(executor.carry_on(slow, workshop.lease))
    await eventually(lambda: workshop.database.value(SLEEPS))
    return healing


async def test_looking_for_the_rows_that_made_a_fix_fail_gives_way(workshop: Workshop) -> None:
    healing = await looking_for_rows(workshop)
    async with waiting_for(workshop, "set lock_timeout to '5s'; alter table app.orders add column more int"):
        outcome = await healing
    assert (outcome.state, workshop.leftovers()) == ("failed", [])
    assert "foreign key constraint" in (outcome.reason or "")


async def test_a_pause_ends_the_look_for_those_rows(workshop: Workshop) -> None:
    paused = asyncio.Event()
    healing = await looking_for_rows(workshop, pause_requested=paused.wait)
    paused.set()
    async with asyncio.timeout(30):
        outcome = await healing
    assert (outcome.state, "foreign key constraint" in (outcome.reason or "")) == ("rolling_back", True)
    ended = await workshop.again()
    assert (ended.state, ended.reason) == ("failed", outcome.reason)


async def test_what_is_looked_at_besides_the_checks_gives_way_too(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(
        connection: psycopg.AsyncConnection[Any], plan: Plan, limits: Limits, *_: object
    ) -> tuple[Proof, ...]:
        return await preflight(connection, [SLOW], limits)

    monkeypatch.setattr("pgmend.listener.fixes.execution.executor.outlook", slow)
    workshop.database.execute(APP)
    claim = await workshop.claim(index(workshop))
    executor = workshop.executor(limits={"yield_after": timedelta(milliseconds=50)})
    healing = asyncio.create_task(executor.carry_on(claim, workshop.lease))
    await eventually(lambda: workshop.database.value(SLEEPS))
    async with waiting_for(workshop, "set lock_timeout to '5s'; alter table app.orders add column more int"):
        outcome = await healing
    assert (outcome.state, workshop.leftovers()) == ("deferred", [])
    assert "Behind it: process" in (outcome.reason or "")


async def test_a_table_that_stays_locked_defers_its_fix_and_names_who_has_it(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    workshop.database.execute(APP)
    check = replace(SLOW, query="select from app.orders where id < 0")
    claim = await workshop.claim(index(workshop))
    await shop.execute("lock table app.orders in access exclusive mode")
    locked = replace(claim, plan=replace(claim.plan, checks=(check,), based_on=()))
    outcome = await workshop.executor(limits={"concurrent_patience": timedelta(seconds=1)}).carry_on(
        locked, workshop.lease
    )
    assert (outcome.state, workshop.leftovers()) == ("deferred", [])
    assert "In the way: process" in (outcome.reason or "")
    assert "of webshop" in (outcome.reason or "")
    told = workshop.database.fetch("select reason from pgmend.fix_history where state = 'deferred'")
    assert told == [(outcome.reason,)]


async def test_looking_for_what_was_erased_gives_way(workshop: Workshop) -> None:
    workshop.database.execute(
        "create schema app; create table app.notes (id int primary key, user_id text);"
        "insert into app.notes values (1, '007'), (2, '8'), (3, ' 9')"
    )
    outcome = await workshop.heal(ChangeColumnType(workshop.oid("app.notes"), 2, "integer"))
    assert outcome.state == "applied"
    workshop.database.execute("delete from app.notes")
    backup = sql.Identifier("pgmend_backup", f"spelling_{outcome.fix_id.hex}")
    courtesy = Courtesy(SharedConnection(workshop.connection), HURRIED)
    hour = timedelta(hours=1)
    async with await workshop.database.connect(autocommit=False) as holder:
        await holder.execute(sql.SQL("select from {} for update").format(backup))
        erasing = asyncio.create_task(erase_gone(workshop.connections, workshop.lease, hour, courtesy))
        locks = "select count(*) from pg_locks where relation = 'app.notes'::regclass"
        await eventually(lambda: workshop.database.value(locks))
        async with waiting_for(workshop, "alter table app.notes add column more int"):
            assert await erasing == 0
    assert await erase_gone(workshop.connections, workshop.lease, hour, courtesy) == 2


async def test_a_build_gives_way_though_every_connection_is_lent(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    old = await workshop.database.connect(autocommit=False)
    await old.execute("set transaction isolation level repeatable read")
    await old.execute("select count(*) from pg_catalog.pg_class")
    claim = await workshop.claim(index(workshop))
    limits = replace(workshop.limits, concurrent_patience=timedelta(minutes=5), unwatched=timedelta(hours=1))
    async with Connections(workshop.database.dsn, size=1) as single:
        watching = SharedConnection(workshop.connection)
        executor = Executor(single, limits, rehearsal=Unrehearsed(), watching=watching)
        healing = asyncio.create_task(executor.carry_on(claim, workshop.lease))
        await eventually(lambda: workshop.database.value(BUILDS))
        async with waiting_for(workshop, "vacuum app.orders"):
            outcome: Outcome = await healing
        await old.rollback()
    assert (outcome.state, "of deploy" in (outcome.reason or "")) == ("deferred", True)
    assert workshop.leftovers() == []


async def test_a_look_takes_no_longer_than_it_may_and_leaves_the_connection_as_it_was(workshop: Workshop) -> None:
    endless = sql.SQL("select 1 as pid, pg_catalog.pg_sleep(60)")
    with pytest.raises(psycopg.errors.QueryCanceled):
        await glance(workshop.connection, endless, Waiter)
    row = await (await workshop.connection.execute("show statement_timeout")).fetchone()
    assert row == ("1min",)


async def test_a_look_that_is_given_up_does_not_end_what_others_ask_over_the_same_connection(
    workshop: Workshop,
) -> None:
    beating = asyncio.create_task(workshop.connection.execute("select pg_catalog.pg_sleep(0.3)"))
    watch = Watch(SharedConnection(workshop.connection), yields=HURRIED)
    looking = asyncio.create_task(watch.look(workshop.connection.info.backend_pid))
    await asyncio.sleep(0.1)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert await (await beating).fetchone() is not None
