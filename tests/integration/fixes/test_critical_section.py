"""Nobody waits for a step that holds its locks for longer than it may; what took too long is not tried forever."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest
from pgmend.listener.fixes.execution.critical_section import enter
from pgmend.listener.fixes.execution.session import fixer_session
from pgmend.listener.fixes.limits import Limits, limits_of
from pgmend.listener.fixes.plan import Hazard
from pgmend.listener.remedy import ChangeColumnType
from pgmend.listener.settings import Settings
from psycopg import sql

from tests.support.mending import at
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.sessions (id int primary key, user_id text);
insert into app.sessions select n, n from generate_series(1, 50) n;
"""
# Built-in functions alone, yet for each row what the estimate allows for thousands.
DEAR = "length(repeat('x', 5000000 + id)) > 0 and user_id is not null"
SLOW = """
create function app.slow(x int) returns boolean language plpgsql immutable
  as $$ begin perform pg_sleep(0.008); return true; end $$;
"""
MOMENT = {"critical_section": timedelta(milliseconds=100)}


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def to_integer(workshop: Workshop) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.sessions"), 2, "integer", restores=True)


def type_of(workshop: Workshop) -> str:
    return workshop.database.value(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'app.sessions'::regclass and attnum = 2"
    )


async def test_a_step_that_takes_too_long_is_refused_with_what_was_expected_and_not_tried_at_once_again(
    workshop: Workshop,
) -> None:
    workshop.database.execute(f"alter table app.sessions add check ({DEAR})".encode())
    fix_id, plan = await workshop.propose(to_integer(workshop), automatic=True)
    assert (plan.waits_for, plan.needs_approval) == (None, None)
    claim = await workshop.next()
    assert claim is not None
    outcome = await workshop.executor(limits=MOMENT).carry_on(claim, workshop.lease)
    assert outcome.state == "refused"
    assert "not done within 100 ms under its locks" in (outcome.reason or "")
    assert f"where {plan.estimate_ms:.0f} ms were expected" in (outcome.reason or "")
    assert (type_of(workshop), workshop.leftovers()) == ("text", [])
    await workshop.propose(to_integer(workshop), automatic=True)
    assert await workshop.next() is None
    assert workshop.state(fix_id) == "refused"


async def test_the_time_is_that_of_all_statements_together(workshop: Workshop) -> None:
    async with fixer_session(workshop.connections, workshop.limits) as session:
        connection = session.connection
        await connection.execute("begin")
        length = timedelta(seconds=1)
        section = await enter(connection, ["lock table app.sessions in share mode"], length, timedelta(seconds=1))
        naps = [sql.SQL("select pg_catalog.pg_sleep(0.4)")] * 50
        with pytest.raises(psycopg.errors.QueryCanceled):
            await connection.execute(sql.SQL("; ").join(section.bounded(naps)))
        await connection.rollback()
        assert await section.is_over(connection)
        await connection.execute("begin")
        section = await enter(connection, [], timedelta(minutes=5), timedelta(seconds=1))
        await connection.execute(sql.SQL("; ").join(section.bounded([sql.SQL("select 1")])))
        assert not await section.is_over(connection)
        await connection.rollback()


async def test_a_statement_that_somebody_cancels_is_only_deferred(workshop: Workshop) -> None:
    workshop.database.execute("""
        create function app.cancelled() returns event_trigger language plpgsql
          as $$ begin perform pg_cancel_backend(pg_backend_pid()); perform pg_sleep(10); end $$;
        create event trigger cancelled on ddl_command_end when tag in ('ALTER TABLE')
          execute function app.cancelled();
    """)
    outcome = await workshop.heal(to_integer(workshop))
    assert outcome.state == "deferred"
    assert "57014" in (outcome.reason or "")
    assert type_of(workshop) == "text"


async def test_our_own_slowness_under_locks_counts_as_well(workshop: Workshop) -> None:
    async def dawdle(point: str) -> None:
        if point == "apply 1 locked":
            await asyncio.Event().wait()

    outcome = await workshop.heal(to_integer(workshop), limits=MOMENT, checkpoint=dawdle)
    assert outcome.state == "refused"
    assert "not done within 100 ms" in (outcome.reason or "")
    assert (type_of(workshop), workshop.leftovers()) == ("text", [])


async def test_a_single_slow_try_does_no_harm(workshop: Workshop) -> None:
    limits = {"critical_section": timedelta(seconds=1)}
    outcome = await workshop.heal(
        to_integer(workshop), limits=limits, checkpoint=at("apply 1 locked", asyncio.Event().wait)
    )
    assert (outcome.state, outcome.reason) == ("applied", None)


def test_the_time_follows_from_what_may_be_estimated() -> None:
    assert Limits().critical_section == 2 * Limits().online_above
    limits = limits_of(Settings(online_above=timedelta(milliseconds=300)))
    assert limits.critical_section == timedelta(milliseconds=600)


@pytest.mark.parametrize(
    ("made", "needs"),
    [
        ("alter table app.sessions add check (app.slow(id) and user_id is not null)", "function app.slow(integer)"),
        ("create index lazy on app.sessions (app.slow(id))", "function app.slow(integer)"),
        ("create index lazy on app.sessions (id) where app.slow(id)", "function app.slow(integer)"),
        ("create statistics app.lazy on (app.slow(id)) from app.sessions", "function app.slow(integer)"),
        (
            "create operator app.~~~ (function = app.slow, rightarg = int);"
            "alter table app.sessions add check (operator(app.~~~) id and user_id is not null)",
            "operator app.~~~(NONE,integer)",
        ),
        (
            "create domain app.lazy as int check (app.slow(value));"
            "alter table app.sessions add check (id::app.lazy > 0 and user_id is not null)",
            "type app.lazy",
        ),
    ],
)
async def test_a_function_of_people_for_each_row_takes_an_approval(workshop: Workshop, made: str, needs: str) -> None:
    workshop.database.execute((SLOW + made).encode())
    plan = await workshop.plan(to_integer(workshop))
    assert plan.refusal is None
    assert Hazard.UNKNOWN_DURATION in plan.hazards
    assert "How long everybody would be kept out is not known" in (plan.needs_approval or "")
    assert needs in (plan.needs_approval or "")


@pytest.mark.parametrize(
    "made",
    [
        "alter table app.sessions add check (length(user_id) < 20)",
        "create index lazy on app.sessions (lower(user_id))",
        "create type app.mood as enum ('a', 'b'); alter table app.sessions add mood app.mood, add moods app.mood[];"
        "alter table app.sessions add check (mood = 'a' or moods = '{b}' or user_id is not null)",
        "alter table app.sessions add check (app.slow(id))",
    ],
)
async def test_what_postgresql_brings_along_or_need_not_run_takes_none(workshop: Workshop, made: str) -> None:
    workshop.database.execute((SLOW + made).encode())
    plan = await workshop.plan(ChangeColumnType(workshop.oid("app.sessions"), 2, "varchar(30)", restores=True))
    assert (plan.refusal, plan.needs_approval) == (None, None)
    assert Hazard.UNKNOWN_DURATION not in plan.hazards
