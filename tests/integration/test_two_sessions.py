"""A look of two sessions comes to what one comes to, and a second one that is not to be had is no matter."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import psycopg
import pytest
from pgmend.listener.check import CheckResult, check
from pgmend.listener.connection import connected
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.settings import Settings
from pgmend.listener.two_sessions import TwoSessions
from psycopg import AsyncConnection

from tests.support.database import Database

SICK = """
create table "Kunden" (id bigint primary key, name text);
create table "Bestellungen" (id bigint primary key, "Kunden_id" bigint references "Kunden", note text);
create table lines (id bigint primary key, bestellungen_id bigint not null, kunden_id text not null);
create table notes (id bigint, bestellungen_id bigint);
create index on notes (bestellungen_id); create index on notes (bestellungen_id);
insert into "Kunden" select n, n::text from generate_series(1, 50) as n;
insert into "Bestellungen" select n, n, n::text from generate_series(1, 50) as n;
insert into lines select n, n, n::text from generate_series(1, 50) as n;
insert into notes select n, n from generate_series(1, 60) as n;
"""


async def pid(connection: AsyncConnection[Any], number: int) -> tuple[int, int]:
    """Which session answers, and when it has, so that neither does all."""
    await connection.execute("select pg_sleep(0.02)")
    return number, connection.info.backend_pid


def nowhere() -> AbstractAsyncContextManager[AsyncConnection[Any]]:
    return connected("host=127.0.0.1 port=1 user=x", "check")


async def test_work_is_shared_and_comes_in_order(database: Database) -> None:
    first = await database.connect()
    async with TwoSessions(first, partial(connected, database.dsn, "check")) as sessions:
        done = await sessions.each(pid, range(8))
        second = await sessions.second()
        assert second is not None
        assert [number for number, _ in done] == list(range(8))
        assert {session for _, session in done} == {first.info.backend_pid, second.info.backend_pid}
        assert await sessions.second() is second
    assert second.closed
    assert not first.closed


@pytest.mark.parametrize("opening", [None, nowhere])
async def test_one_session_does_all_where_there_is_no_other(database: Database, opening: Any) -> None:
    first = await database.connect()
    async with TwoSessions(first, opening) as sessions:
        assert {session for _, session in await sessions.each(pid, range(3))} == {first.info.backend_pid}
        with pytest.raises(CouldNotLook):
            async with sessions.lent():
                pass


async def test_error_of_one_ends_the_other_and_is_raised(database: Database) -> None:
    ended = asyncio.Event()

    async def fail_in_the_second(connection: AsyncConnection[Any], number: int) -> None:
        if number:
            await connection.execute("select 1 / 0")
        try:
            await connection.execute("select pg_sleep(60)")
        finally:
            ended.set()

    async with TwoSessions(await database.connect(), partial(connected, database.dsn, "check")) as sessions:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await asyncio.wait_for(sessions.each(fail_in_the_second, range(2)), 20)
    assert ended.is_set()


async def test_check_of_two_sessions_says_what_one_says(database: Database) -> None:
    database.execute(SICK)

    async def looked(second: Any) -> CheckResult:
        return await check(await database.connect(), Settings(), second=second)

    of_two, of_one = await looked(partial(connected, database.dsn, "check")), await looked(None)
    assert [(each.issue.issue_id, each.issue.current_state, each.why_not_auto) for each in of_two.issues] == [
        (each.issue.issue_id, each.issue.current_state, each.why_not_auto) for each in of_one.issues
    ]
    assert [each.plan and each.plan.plan_hash for each in of_two.issues] == [
        each.plan and each.plan.plan_hash for each in of_one.issues
    ]
    assert sum(each.plan is not None for each in of_one.issues) > 3
    assert of_two.checks == of_one.checks
