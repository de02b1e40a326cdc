"""What runs for long blocks no reader and no writer; somebody's DDL waits for it all the same, and it gives way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString

import pytest
from pgmend.listener.connection import connect
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.execution.waiters import Waiter, waiters_for
from pgmend.listener.fixes.limits import Limits
from pgmend.listener.remedy import ValidateConstraint

from tests.support.eventually import eventually
from tests.support.mending import APP, index
from tests.support.role import Roles
from tests.support.workshop import Workshop

PATIENT = {"concurrent_patience": timedelta(minutes=5), "build_time": timedelta(minutes=5)}
WAITS = "select count(*) from pg_catalog.pg_locks where not granted"
BUILDS = "select count(*) from pg_catalog.pg_stat_activity where query ilike 'create index concurrently%'"


@asynccontextmanager
async def doing(workshop: Workshop, statement: LiteralString, application: str) -> AsyncIterator[asyncio.Task[Any]]:
    """The statement on a session of that application, which may have to wait."""
    session = await workshop.database.connect(application_name=application)
    task = asyncio.create_task(session.execute(statement))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def build_that_waits(workshop: Workshop, **limits: Any) -> AsyncIterator[asyncio.Task[Outcome]]:
    """A concurrent build of an index on app.orders that an old snapshot keeps from its end."""
    workshop.database.execute(APP)
    old = await workshop.database.connect(autocommit=False)
    await old.execute("set transaction isolation level repeatable read")
    await old.execute("select count(*) from pg_catalog.pg_class")
    healing = asyncio.create_task(_heal(workshop, limits))
    await eventually(lambda: workshop.database.value(BUILDS))
    try:
        yield healing
    finally:
        await old.rollback()
        await healing


async def _heal(workshop: Workshop, limits: dict[str, Any]) -> Outcome:
    claim = await workshop.claim(index(workshop))
    return await workshop.executor(limits={**PATIENT, **limits}).carry_on(claim, workshop.lease)


async def test_a_build_gives_way_to_who_waits_for_it(workshop: Workshop) -> None:
    async with build_that_waits(workshop) as healing, doing(workshop, "vacuum app.orders", "cron") as vacuum:
        await vacuum
        outcome = await healing
    assert outcome.state == "deferred"
    assert "it gave way. Behind it: process" in (outcome.reason or "")
    assert "of cron" in (outcome.reason or "")
    assert workshop.leftovers() == []
    assert workshop.database.value("select to_regclass('app.orders_user_id_idx')") is None


async def test_after_a_migration_it_needs_another_plan_and_leaves_nothing(workshop: Workshop) -> None:
    alter = "alter table app.orders add column more int"
    async with build_that_waits(workshop) as healing, doing(workshop, alter, "deploy") as migration:
        await migration
        outcome = await healing
    assert (outcome.state, "was changed since the plan was made" in (outcome.reason or "")) == ("superseded", True)
    assert workshop.leftovers() == []


async def test_it_gives_way_much_sooner_where_others_queue_up_behind(workshop: Workshop) -> None:
    lock = "lock table app.orders in access exclusive mode"
    async with (
        build_that_waits(workshop, yield_after=timedelta(hours=1)) as healing,
        doing(workshop, f"begin; {lock}; commit", "deploy") as migration,
    ):
        await eventually(lambda: workshop.database.value(WAITS) == 1)
        async with doing(workshop, "select count(*) from app.orders", "shop") as reader:
            await asyncio.gather(migration, reader)
            outcome = await healing
    assert outcome.state == "deferred"
    assert "with 1 more behind it" in (outcome.reason or "")
    assert workshop.leftovers() == []


async def test_who_waits_alone_waits_for_a_while(workshop: Workshop) -> None:
    async with (
        build_that_waits(workshop, yield_after=timedelta(hours=1)) as healing,
        doing(workshop, "vacuum app.orders", "cron"),
    ):
        await eventually(lambda: workshop.database.value(WAITS) == 1)
        await asyncio.sleep(0.5)
        assert not healing.done()


async def test_readers_and_writers_do_not_make_it_give_way(workshop: Workshop) -> None:
    async with build_that_waits(workshop, yield_after=timedelta()) as healing:
        workshop.database.execute("insert into app.orders values (1000, 1)")
        workshop.database.execute("update app.orders set user_id = 2 where id = 1000")
        await asyncio.sleep(0.5)
        assert not healing.done()
    assert healing.result().state == "applied"


async def test_a_validation_gives_way_too(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    workshop.database.execute(
        "alter table app.orders add constraint slow check (length(repeat(md5(id::text), 100000)) > 0) not valid"
    )
    oid = workshop.database.value("select oid::bigint from pg_constraint where conname = 'slow'")
    claim = await workshop.claim(ValidateConstraint(workshop.oid("app.orders"), oid))
    healing = asyncio.create_task(
        workshop.executor(limits={**PATIENT, "yield_after": timedelta()}).carry_on(claim, workshop.lease)
    )
    await eventually(
        lambda: workshop.database.value(
            "select count(*) from pg_catalog.pg_locks where relation = 'app.orders'::regclass"
            " and mode = 'ShareUpdateExclusiveLock' and granted"
        ),
        30,
    )
    async with doing(workshop, "vacuum app.orders", "cron") as vacuum:
        await vacuum
        outcome = await healing
    assert (outcome.state, "it gave way" in (outcome.reason or "")) == ("deferred", True)
    assert not workshop.database.value("select convalidated from pg_constraint where conname = 'slow'")
    assert workshop.leftovers() == []


async def test_a_waiter_is_told_with_its_time_and_what_is_behind_it(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    async with await workshop.database.connect(autocommit=False) as holder:
        await holder.execute("lock table app.orders in share update exclusive mode")
        async with doing(workshop, "vacuum app.orders", "cron"):
            await eventually(lambda: workshop.database.value(WAITS) == 1)
            (waiter,) = await waiters_for(workshop.connection, holder.info.backend_pid)
            assert (waiter.application, waiter.behind) == ("cron", 0)
            assert waiter.seconds >= 0


async def test_who_may_not_see_others_sees_that_they_wait(workshop: Workshop, role: Roles) -> None:
    """A role without pg_read_all_stats is not told what sort of process another is, nor what it runs."""
    plain = role()
    workshop.database.execute(APP)
    async with (
        await workshop.database.connect(autocommit=False) as holder,
        await connect(workshop.database.seen_by(plain.name, plain.password).dsn, "listener") as eyes,
    ):
        await holder.execute("lock table app.orders in share update exclusive mode")
        async with doing(workshop, "vacuum app.orders", "cron"):
            await eventually(lambda: workshop.database.value(WAITS) == 1)
            (waiter,) = await waiters_for(eyes, holder.info.backend_pid)
    assert (waiter.application, waiter.role) == ("cron", "postgres")
    assert "with:" not in str(waiter)


@pytest.mark.parametrize(
    ("seconds", "behind", "too_much"),
    [(0.04, 0, False), (0.06, 0, False), (0.06, 1, True), (0.04, 9, False), (1.1, 0, True)],
)
def test_how_long_is_too_long(seconds: float, behind: int, too_much: bool) -> None:
    assert Waiter(1, None, None, None, seconds, behind).is_too_much(Limits()) is too_much
