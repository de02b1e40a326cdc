"""A large catalog is read over two sessions, and what they tell is of one moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from pgmend.listener.catalog import look, read
from pgmend.listener.catalog.look import Answer
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.errors import CouldNotLook
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.server import Server

SCHEMA = """
create schema "Größe";
create table "Größe"."a.b" (id integer primary key, "é" text default 'x' check ("é" <> ''));
create table t (id integer primary key, k integer references "Größe"."a.b", name text);
create index on t (lower(name));
create view v as select k from t;
"""

# Locks are told as they are, whatever moment a transaction sees.
UNTIL_THE_OTHER_HAS_BEGUN = """
create function waited() returns boolean language plpgsql as $$
begin
    for attempt in 1..600 loop
        exit when exists (select from pg_catalog.pg_locks where locktype = 'advisory');
        perform pg_catalog.pg_sleep(0.005);
    end loop;
    return true;
end $$
"""


class Opener:
    """Opens sessions on a database, and knows how often it was asked and whether they were closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.opened: list[AsyncConnection[Any]] = []

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[AsyncConnection[Any]]:
        async with await psycopg.AsyncConnection.connect(self._database.dsn, autocommit=True) as connection:
            self.opened.append(connection)
            yield connection


@pytest.fixture
def anything_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MUCH_BYTES", 0)


@pytest.mark.usefixtures("anything_is_much")
async def test_two_sessions_tell_what_one_does(database: Database) -> None:
    database.execute(SCHEMA)
    connection, second = await database.connect(), Opener(database)
    of_two = await read_snapshot(connection, second=second)
    of_one = await read_snapshot(connection)
    assert (of_two.tables, of_two.surroundings) == (of_one.tables, of_one.surroundings)
    assert [each.closed for each in second.opened] == [True]
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


@pytest.mark.usefixtures("anything_is_much")
async def test_what_commits_between_the_two_is_seen_by_neither(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(SCHEMA)
    database.execute(UNTIL_THE_OTHER_HAS_BEGUN)
    connection, second = await database.connect(), Opener(database)
    before, of_one_moment = await read_snapshot(connection), look.answers_of_one_moment

    def after_a_change(
        session: AsyncConnection[Any], queries: Sequence[str], moment: str | None = None
    ) -> AsyncGenerator[Answer]:
        if moment is None:
            exported, opening, *rest = queries
            return of_one_moment(session, [exported, f"select o.* from ({opening}) as o where public.waited()", *rest])
        database.execute("alter table t add check (id > 0); create index on t (k); create view w as select 1 as one")
        opening, *rest = queries
        begun = f"select o.* from ({opening}) as o where pg_catalog.pg_try_advisory_lock(1)"
        return of_one_moment(session, [begun, *rest], moment)

    monkeypatch.setattr(look, "answers_of_one_moment", after_a_change)
    during = await read_snapshot(connection, second=second)
    assert len(second.opened) == 1
    assert (during.tables, during.surroundings) == (before.tables, before.surroundings)
    monkeypatch.undo()
    assert (await read_snapshot(connection)).tables != before.tables


@pytest.mark.usefixtures("anything_is_much")
async def test_session_of_another_database_is_passed_over(database: Database, server: Server) -> None:
    """A pooler or a list of hosts may lead elsewhere: the moment is unknown there, and one session tells all."""
    database.execute(SCHEMA)
    with server.database() as elsewhere:
        second = Opener(elsewhere)
        snapshot = await read_snapshot(await database.connect(), second=second)
    assert len(second.opened) == 1
    assert {table.name for table in snapshot.tables.values()} == {"a.b", "t"}


@pytest.mark.usefixtures("anything_is_much")
async def test_session_that_cannot_be_had_is_done_without(database: Database) -> None:
    database.execute(SCHEMA)

    @asynccontextmanager
    async def refused() -> AsyncGenerator[AsyncConnection[Any]]:
        raise CouldNotLook("sorry, too many clients already")
        yield

    assert len((await read_snapshot(await database.connect(), second=refused)).tables) == 2


@pytest.mark.usefixtures("anything_is_much")
async def test_second_session_that_is_lost_is_done_without(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute(SCHEMA)
    second, of_one_moment = Opener(database), look.answers_of_one_moment

    def of_a_lost_one(
        session: AsyncConnection[Any], queries: Sequence[str], moment: str | None = None
    ) -> AsyncGenerator[Answer]:
        if moment is not None:
            database.execute("select pg_terminate_backend(%s, 5000)", (session.info.backend_pid,))
        return of_one_moment(session, queries, moment)

    monkeypatch.setattr(look, "answers_of_one_moment", of_a_lost_one)
    assert len((await read_snapshot(await database.connect(), second=second)).tables) == 2
    assert len(second.opened) == 1


async def test_small_database_is_read_over_one(database: Database) -> None:
    database.execute(SCHEMA)
    second = Opener(database)
    await read_snapshot(await database.connect(), second=second)
    await read_snapshot(await database.connect(), [], second=second)
    assert second.opened == []
