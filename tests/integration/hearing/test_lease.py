"""One leader per database, by a row."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import timedelta

import psycopg
import pytest
from pgmend.listener.errors import LeaseLost
from pgmend.listener.hearing.lease import Lease, take_lease
from pgmend.listener.settings import AutoFix

from tests.support.database import Database

SOON = timedelta(seconds=300)


async def test_the_first_who_asks_leads_and_the_second_stands_by(installed: Database) -> None:
    async with await installed.connect() as one, await installed.connect() as two:
        lease = await take_lease(one, "one")
        assert lease is not None
        assert await take_lease(two, "two") is None
        assert await lease.beat(one, observing=False, allowed=AutoFix.ALL, next_scan=SOON)


async def test_a_released_lease_is_taken_at_once(installed: Database) -> None:
    async with await installed.connect() as one, await installed.connect() as two:
        first = await take_lease(one, "one")
        assert first is not None
        await first.release(one)
        second = await take_lease(two, "two")
        assert second is not None
        assert second.token != first.token
        assert not await first.beat(one, observing=False, allowed=AutoFix.ALL, next_scan=SOON)
        assert not await first.hold(one)


async def test_a_lease_that_ran_out_cannot_be_revived_by_its_last_holder(installed: Database) -> None:
    async with await installed.connect() as one:
        lease = await take_lease(one, "one")
        assert lease is not None
        await one.execute("update pgmend.lease set heartbeat_at = heartbeat_at - interval '6 seconds'")
        assert not await lease.beat(one, observing=False, allowed=AutoFix.ALL, next_scan=SOON)


async def test_a_step_under_way_lets_heartbeats_through_and_makes_a_takeover_wait(installed: Database) -> None:
    async with (
        await installed.connect() as beating,
        await installed.connect() as working,
        await installed.connect() as rival,
    ):
        lease = await take_lease(beating, "one")
        assert lease is not None
        async with working.transaction():
            assert await lease.hold(working)
            assert await lease.beat(beating, observing=False, allowed=AutoFix.ALL, next_scan=SOON)
            await beating.execute("update pgmend.lease set heartbeat_at = heartbeat_at - interval '6 seconds'")
            await rival.execute("set lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await take_lease(rival, "two")
        assert await take_lease(rival, "two") is not None


@pytest.mark.parametrize("lost", [False, True], ids=["held", "lost"])
@pytest.mark.parametrize("within", [False, True], ids=["by itself", "within a transaction"])
async def test_one_flight_stores_all_or_nothing(installed: Database, lost: bool, within: bool) -> None:
    installed.execute("create table kept (n integer primary key)")
    async with await installed.connect() as connection:
        lease = await take_lease(connection, "one")
        assert lease is not None
        if lost:
            installed.execute("update pgmend.lease set token = gen_random_uuid()")
        with pytest.raises(LeaseLost) if lost else nullcontext():
            async with (
                connection.transaction() if within else nullcontext(),
                lease.one_flight(connection),
                connection.cursor() as cursor,
            ):
                await connection.execute("insert into public.kept values (0)")
                await cursor.executemany("insert into public.kept values (%s)", [(n,) for n in range(1, 10)])
        assert connection.info.transaction_status.name == "IDLE"
        await connection.execute("select 1")
    assert installed.value("select count(*) from kept") == (0 if lost else 10)


async def test_what_fails_in_a_flight_undoes_all_of_it(installed: Database) -> None:
    installed.execute("create table kept (n integer primary key)")
    async with await installed.connect() as connection:
        lease = await take_lease(connection, "one")
        assert lease is not None
        with pytest.raises(psycopg.errors.UniqueViolation):
            async with lease.one_flight(connection):
                await connection.execute("insert into public.kept values (0)")
                await connection.execute("insert into public.kept values (0)")
    assert installed.value("select count(*) from kept") == 0


async def test_of_many_who_ask_at_once_one_leads(installed: Database) -> None:
    connections = [await installed.connect() for _ in range(8)]
    try:
        leases = await asyncio.gather(*(take_lease(each, str(n)) for n, each in enumerate(connections)))
    finally:
        for each in connections:
            await each.close()
    assert sum(isinstance(lease, Lease) for lease in leases) == 1


async def test_what_the_leader_is_up_to_shows_in_the_status_view(installed: Database) -> None:
    async with await installed.connect() as one:
        lease = await take_lease(one, "host pid 1")
        assert lease is not None
        await lease.beat(one, observing=True, allowed=AutoFix.ALL, next_scan=SOON)
        row = await (
            await one.execute("select status, fixing, leader, next_check > now() from pgmend.status")
        ).fetchone()
    assert row == ("running", "observing", "host pid 1", True)
