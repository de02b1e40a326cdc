"""A fix that makes things worse is told, with the undo at hand; one that does not is called quiet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pgmend.listener.aftermath.aftermath import Aftermath
from pgmend.listener.desk import FixFilter
from pgmend.listener.desk.fixes import read_fixes
from pgmend.listener.remedy import DropIndex

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.server import Server
from tests.support.workshop import Workshop

TWINS = """
create schema app;
create table app.orders (id int primary key, user_id int, filler text);
insert into app.orders select n, n, repeat('x', 100) from generate_series(1, 20000) n;
create index kept on app.orders (user_id); create index twin on app.orders (user_id);
analyze app.orders;
"""
QUERY = "select count(*) from app.orders where user_id = 5"
AT_ONCE = timedelta(0)
STATE = "select state, told from pgmend.aftermath"


@pytest.fixture(scope="module")
def counting(server_with: ServerWith) -> Server:
    return server_with(shared_preload_libraries="pg_stat_statements")


@pytest.fixture
async def shop(counting: Server) -> AsyncIterator[Workshop]:
    """Orders with twin indexes, on a server that counts statements."""
    with installed_database(counting) as database:
        database.execute("create extension pg_stat_statements")
        database.execute(TWINS)
        workshop = await Workshop.open(database)
        yield workshop
        await workshop.close()


def asked(database: Database, times: int = 30) -> None:
    """The application asks, so often."""
    for _ in range(times):
        database.execute(QUERY)


async def mended(workshop: Workshop, aftermath: Aftermath) -> str:
    """The twin dropped, as the mender does it; the fix."""
    remedy = DropIndex(workshop.oid("app.orders"), workshop.oid("app.twin"), workshop.oid("app.kept"))
    claim = await workshop.claim(remedy)
    await aftermath.expect(workshop.connection, claim.fix_id, claim.plan)
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "applied"
    await aftermath.begin(workshop.connection)
    return str(claim.fix_id)


async def test_a_statement_that_takes_longer_is_told_with_the_undo(shop: Workshop) -> None:
    aftermath = Aftermath(again_after=AT_ONCE)
    asked(shop.database)
    fix_id = await mended(shop, aftermath)
    shop.database.execute("drop index app.kept")  # somebody else's doing, yet it is since the fix that it is slow
    asked(shop.database)
    await aftermath.look(shop.connection)
    ((state, told),) = shop.database.fetch(STATE)
    assert state == "regressed", told
    assert told.startswith("select count(*) from app.orders where user_id = $1 takes ")
    assert f"select pgmend.rollback('{fix_id}')" in told
    (fix,) = (await read_fixes(shop.connection, FixFilter())).items
    assert (fix.aftermath, fix.aftermath_told) == ("regressed", told)
    assert shop.database.fetch("select aftermath from pgmend.fix_history") == [("regressed",)]
    await aftermath.look(shop.connection)
    assert shop.database.fetch(STATE) == [(state, told)]


async def test_what_goes_on_as_before_is_quiet_once_its_time_is_over(shop: Workshop) -> None:
    asked(shop.database)
    await mended(shop, Aftermath())
    asked(shop.database)
    await Aftermath(again_after=AT_ONCE).look(shop.connection)
    assert shop.database.fetch(STATE) == [("watching", None)]
    shop.database.execute("update pgmend.aftermath set ends_at = now()")
    await Aftermath().look(shop.connection)
    ((state, told),) = shop.database.fetch(STATE)
    assert (state, told) == ("quiet", "Nothing is worse after 10 minutes; 1 statement ran often enough to tell.")


async def test_what_is_undone_is_watched_no_longer(shop: Workshop) -> None:
    aftermath = Aftermath(again_after=AT_ONCE)
    fix_id = await mended(shop, aftermath)
    shop.database.execute("select pgmend.rollback(%s)", [fix_id])
    await aftermath.look(shop.connection)
    assert shop.database.fetch(STATE) == [("watching", None)]
    claim = await shop.next()
    assert claim is not None
    assert (await shop.executor().carry_on(claim, shop.lease)).state == "rolled_back"
    await aftermath.look(shop.connection)
    assert shop.database.fetch(STATE) == [("ended", "The fix was undone.")]


async def test_failing_transactions_are_told_where_statements_cannot_be_counted(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    aftermath = Aftermath(again_after=AT_ONCE)
    await mended(workshop, aftermath)
    async with await workshop.database.connect() as session:
        for _ in range(200):
            await session.execute("begin")
            await session.execute("rollback")
    await aftermath.look(workshop.connection)
    ((state, told),) = workshop.database.fetch(STATE)
    assert state == "regressed"
    assert "were rolled back since" in told


async def test_what_cannot_be_seen_is_called_unavailable(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    await mended(workshop, Aftermath())
    workshop.database.execute("update pgmend.aftermath set ends_at = now()")
    await Aftermath().look(workshop.connection)
    ((state, told),) = workshop.database.fetch(STATE)
    assert state == "quiet"
    assert "How long statements take is unavailable: pg_stat_statements is not there." in told


async def test_tables_that_are_gone_end_it(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    await mended(workshop, Aftermath())
    workshop.database.execute("drop table app.orders; update pgmend.aftermath set ends_at = now()")
    await Aftermath().look(workshop.connection)
    assert workshop.database.fetch(STATE) == [("ended", "Its tables are gone.")]


async def test_one_wait_for_a_lock_ends_nothing_and_waits_at_look_after_look_do(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    aftermath = Aftermath(again_after=AT_ONCE)
    await mended(workshop, aftermath)
    async with await workshop.database.connect(autocommit=False) as holder:
        await holder.execute("lock table app.orders in access exclusive mode")
        waiter = await workshop.database.connect()
        waiting = asyncio.create_task(waiter.execute("select from app.orders limit 1"))
        since = "select count(*) from pg_locks where not granted and waitstart < clock_timestamp() - interval '1 s'"
        await eventually(lambda: workshop.database.value(since))
        await aftermath.look(workshop.connection)
        assert workshop.database.fetch(STATE) == [("watching", None)]
        workshop.database.execute("update pgmend.aftermath set waits_seen = 0")  # as after a look without any
        for _ in range(2):
            await aftermath.look(workshop.connection)
        assert workshop.database.fetch(STATE) == [("watching", None)]
        await aftermath.look(workshop.connection)
        await holder.rollback()
        await waiting
    ((state, told),) = workshop.database.fetch(STATE)
    assert state == "regressed"
    assert "1 session waited for a lock on its tables for over a second, as at each of the last 3 looks" in told


async def test_a_wait_that_is_over_by_the_next_look_is_forgotten(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    aftermath = Aftermath(again_after=AT_ONCE)
    await mended(workshop, aftermath)
    workshop.database.execute("update pgmend.aftermath set waits_seen = 2")
    await aftermath.look(workshop.connection)
    assert workshop.database.value("select waits_seen from pgmend.aftermath") == 0


async def test_what_a_listener_applied_before_it_died_is_watched_by_the_next(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    remedy = DropIndex(workshop.oid("app.orders"), workshop.oid("app.twin"), workshop.oid("app.kept"))
    claim = await workshop.claim(remedy)
    await Aftermath().expect(workshop.connection, claim.fix_id, claim.plan)
    assert workshop.database.fetch("select aftermath from pgmend.fix_history") == [(None,)]
    ((outcome),) = await workshop.recover()
    assert outcome.state == "applied"
    await Aftermath().look(workshop.connection)
    assert workshop.database.fetch("select aftermath from pgmend.fix_history") == [("watching",)]
    assert workshop.database.value("select load_before ->> 'committed' from pgmend.aftermath") is not None


async def test_what_came_to_nothing_is_not_watched(workshop: Workshop) -> None:
    workshop.database.execute(TWINS)
    remedy = DropIndex(workshop.oid("app.orders"), workshop.oid("app.twin"), workshop.oid("app.kept"))
    claim = await workshop.claim(remedy)
    await Aftermath().expect(workshop.connection, claim.fix_id, claim.plan)
    workshop.database.execute("alter table app.orders add column more int")
    assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "superseded"
    await Aftermath().look(workshop.connection)
    assert workshop.database.fetch(STATE) == [("awaited", None)]
