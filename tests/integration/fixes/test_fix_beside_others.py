"""Fixes beside other sessions: locks, blockers, pauses, and what bounds our own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener import connections as connections_module
from pgmend.listener.connections import Connections
from pgmend.listener.fixes.execution.executor import Executor
from pgmend.listener.fixes.execution.session import fixer_session

from tests.support.eventually import eventually
from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.mending import APP, at, foreign_key, index
from tests.support.workshop import Workshop

PATIENT = {
    "lock_attempts": 10_000,
    "lock_patience": timedelta(minutes=10),
    "concurrent_patience": timedelta(minutes=10),
}
Connection = psycopg.AsyncConnection[Any]


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


async def waits_of_the_fixer(observer: Connection) -> set[Any]:
    """Since when the fixer's lock requests that are not granted wait."""
    cursor = await observer.execute(
        "select l.waitstart from pg_locks l join pg_stat_activity a using (pid)"
        " where a.application_name = 'pgmend fixer' and not l.granted and l.waitstart is not null"
    )
    return {since for (since,) in await cursor.fetchall()}


async def test_an_idle_writer_defers_the_fix_which_names_it_and_keeps_what_is_done(
    workshop: Workshop, shop: Connection
) -> None:
    await shop.execute("insert into app.users values (1000)")
    outcome = await workshop.heal(foreign_key(workshop))
    assert outcome.state == "deferred"
    reason = outcome.reason or ""
    assert f"process {shop.info.backend_pid} of webshop" in reason
    assert "idle in transaction" in reason
    assert "insert into app.users values ($1)" in reason
    assert workshop.leftovers() == []
    assert workshop.database.value(
        "select next_attempt_at between now() + '59 min' and now() + '60 min' from pgmend.fix"
    )
    assert await workshop.next() is None
    await shop.rollback()
    assert (await workshop.again()).state == "applied"
    steps = workshop.database.fetch("select ordinal, state from pgmend.fix_step order by ordinal, attempt")
    assert steps == [(1, "done"), (2, "failed"), (2, "done"), (3, "done")]


async def test_the_application_passes_between_our_tries_behind_an_idle_reader(
    workshop: Workshop, shop: Connection, observer: Connection
) -> None:
    applied = await workshop.heal(foreign_key(workshop))
    await shop.execute("select count(*) from app.orders")
    undo = asyncio.create_task(workshop.roll_back(applied, limits=PATIENT))
    waits: set[Any] = set()
    async with await workshop.database.connect() as other:
        await other.execute("set lock_timeout = '20s'")
        while len(waits) < 3:
            assert not undo.done()
            waits |= await waits_of_the_fixer(observer)
            await other.execute("select count(*) from app.orders")
    await shop.rollback()
    assert (await undo).state == "rolled_back"


async def test_an_idle_reader_defers_an_undo_which_names_it(workshop: Workshop, shop: Connection) -> None:
    applied = await workshop.heal(foreign_key(workshop))
    await shop.execute("select count(*) from app.orders")
    outcome = await workshop.roll_back(applied)
    assert outcome.state == "rolling_back"
    assert f"process {shop.info.backend_pid} of webshop" in (outcome.reason or "")
    await shop.rollback()
    assert (await workshop.again()).state == "rolled_back"


async def test_an_index_build_survives_lock_timeouts(workshop: Workshop, shop: Connection) -> None:
    await shop.execute("set transaction isolation level repeatable read")
    await shop.execute("select * from app.other")
    build = asyncio.create_task(workshop.heal(index(workshop), limits={"concurrent_attempts": 50}))
    await eventually(lambda: workshop.database.value("select count(*) from pgmend.fix_step where state = 'failed'") > 0)
    assert not build.done()
    await shop.rollback()
    outcome = await build
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.leftovers() == []
    assert workshop.database.value("select count(*) from pg_indexes where tablename = 'orders'") == 2


async def test_an_index_build_behind_an_old_snapshot_is_deferred_without_a_leftover(
    workshop: Workshop, shop: Connection
) -> None:
    before = workshop.structure()
    await shop.execute("set transaction isolation level repeatable read")
    await shop.execute("select * from app.other")
    outcome = await workshop.heal(index(workshop))
    assert outcome.state == "deferred"
    assert f"process {shop.info.backend_pid} of webshop" in (outcome.reason or "")
    assert workshop.structure() == before
    assert workshop.leftovers() == []


async def test_a_leftover_that_a_writer_keeps_is_cleaned_up_at_the_next_attempt(
    workshop: Workshop, shop: Connection
) -> None:
    await shop.execute("insert into app.orders values (1000)")
    outcome = await workshop.heal(index(workshop))
    assert outcome.state == "deferred"
    assert "could not be cleaned up yet" in (outcome.reason or "")
    assert workshop.leftovers() == [("index", "app.orders_user_id_idx")]
    await shop.rollback()
    assert (await workshop.again()).state == "applied"
    assert workshop.leftovers() == []


async def test_a_prepared_transaction_in_the_way_is_named_as_such(server_with: ServerWith) -> None:
    with installed_database(server_with(max_prepared_transactions="10")) as database:
        workshop = await Workshop.open(database)
        database.execute(APP)
        async with await database.connect(autocommit=False) as connection:
            await connection.tpc_begin("held")
            await connection.execute("insert into app.users values (1000)")
            await connection.tpc_prepare()
            outcome = await workshop.heal(foreign_key(workshop))
            await connection.tpc_rollback()
        await workshop.close()
    assert outcome.state == "deferred"
    assert "a prepared transaction" in (outcome.reason or "")


async def test_a_secret_in_the_blockers_statement_stays_out_of_the_reason(workshop: Workshop, shop: Connection) -> None:
    await shop.execute("insert into app.users values (1000)")
    await shop.execute("create role pgmend_test_secret password 'hunter2'")
    outcome = await workshop.heal(foreign_key(workshop))
    assert "of webshop" in (outcome.reason or "")
    assert "hunter2" not in (outcome.reason or "")


async def test_a_pause_waits_for_no_look_that_gets_no_connection(
    workshop: Workshop, shop: Connection, observer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections_module, "PATIENCE", timedelta(hours=1))
    await shop.execute("set transaction isolation level repeatable read")
    await shop.execute("select * from app.other")
    pause = asyncio.Event()
    claim = await workshop.claim(index(workshop))
    async with Connections(workshop.database.dsn, size=1) as only:
        executor = Executor(only, replace(workshop.limits, **PATIENT), pause_requested=pause.wait)
        build = asyncio.create_task(executor.carry_on(claim, workshop.lease))
        await eventually(lambda: waits_of_the_fixer(observer))
        await eventually(lambda: any(each.get_name() == "look who is in the way" for each in asyncio.all_tasks()))
        pause.set()
        async with asyncio.timeout(30):
            assert (await build).state == "queued"


async def test_a_pause_cancels_a_running_build_which_goes_on_later(
    workshop: Workshop, shop: Connection, observer: Connection
) -> None:
    await shop.execute("set transaction isolation level repeatable read")
    await shop.execute("select * from app.other")
    pause = asyncio.Event()
    build = asyncio.create_task(workshop.heal(index(workshop), limits=PATIENT, pause_requested=pause.wait))
    await eventually(lambda: waits_of_the_fixer(observer))
    pause.set()
    outcome = await build
    assert outcome.state == "queued"
    assert workshop.database.value("select count(*) from pgmend.own_backend") == 0
    await shop.rollback()
    assert (await workshop.again()).state == "applied"
    assert workshop.leftovers() == []


async def test_a_pause_stops_between_two_steps(workshop: Workshop) -> None:
    pause, heard = asyncio.Event(), asyncio.Event()

    async def pause_requested() -> None:
        await pause.wait()
        heard.set()

    async def request() -> None:
        pause.set()
        await heard.wait()

    outcome = await workshop.heal(
        foreign_key(workshop), pause_requested=pause_requested, checkpoint=at("apply 1 recorded", request)
    )
    assert outcome.state == "queued"
    assert workshop.database.fetch("select ordinal, state from pgmend.fix_step") == [(1, "done")]
    assert (await workshop.again()).state == "applied"


async def test_a_fix_stops_where_nobody_can_tell_whether_it_should_pause(workshop: Workshop) -> None:
    async def pause_requested() -> None:
        raise psycopg.OperationalError("the connection is lost")

    outcome = await workshop.heal(foreign_key(workshop), pause_requested=pause_requested)
    assert outcome.state == "queued"


async def test_a_pause_while_an_undo_waits_for_a_lock_leaves_it_requested(
    workshop: Workshop, shop: Connection, observer: Connection
) -> None:
    applied = await workshop.heal(foreign_key(workshop))
    await shop.execute("select count(*) from app.orders")
    pause = asyncio.Event()
    undo = asyncio.create_task(workshop.roll_back(applied, limits=PATIENT, pause_requested=pause.wait))
    await eventually(lambda: waits_of_the_fixer(observer))
    pause.set()
    assert (await undo).state == "rollback_requested"
    await shop.rollback()
    assert (await workshop.again()).state == "rolled_back"


async def test_a_statement_under_lock_that_takes_too_long_is_given_up(workshop: Workshop) -> None:
    workshop.database.execute("""
        create function app.slow() returns event_trigger language plpgsql as $$ begin perform pg_sleep(20); end $$;
        create event trigger slow on ddl_command_end when tag in ('ALTER TABLE') execute function app.slow();
    """)
    outcome = await workshop.heal(foreign_key(workshop), limits={"critical_section": timedelta(milliseconds=200)})
    assert outcome.state == "refused"
    assert "not done within 200 ms under its locks" in (outcome.reason or "")
    assert workshop.leftovers() == []


async def test_every_session_of_the_fixer_is_bounded_by_the_server(workshop: Workshop) -> None:
    names = (
        "idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout", "search_path", "row_security",
        "application_name",
    )  # fmt: skip
    async with fixer_session(workshop.connections, workshop.limits) as session:
        cursors = [await session.connection.execute("select current_setting(%s)", [name]) for name in names]
        assert [await cursor.fetchone() for cursor in cursors] == [
            ("30s",), ("30s",), ("300ms",), ("pg_catalog, pg_temp",), ("off",), ("pgmend fixer",)
        ]  # fmt: skip


async def test_a_transaction_of_a_fix_gives_its_locks_back_when_we_fall_silent(workshop: Workshop) -> None:
    async def fall_silent() -> None:
        await eventually(
            lambda: workshop.database.value("select count(*) = 0 from pg_locks where mode = 'ShareRowExclusiveLock'")
        )

    outcome = await workshop.heal(
        foreign_key(workshop),
        limits={"idle_in_transaction": timedelta(milliseconds=100)},
        checkpoint=at("apply 2 locked", fall_silent),
    )
    assert (outcome.state, outcome.reason) == ("applied", None)
