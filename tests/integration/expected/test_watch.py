"""What the listener holds in mind after each event is what a fresh look at everything finds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pgmend.listener.catalog.diff import diff_snapshots
from pgmend.listener.catalog.exclusion import DEFAULT
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.connection import connect
from pgmend.listener.expected import expecting
from pgmend.listener.expected.watch import Watch
from pgmend.listener.hearing.outbox import unprocessed
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from tests.support.database import Database
from tests.support.installation import installed_database
from tests.support.portraits import EVERYTHING, told
from tests.support.role import Roles
from tests.support.server import Server

T1 = '"Größe, s"."T 1"'
STEPS = [
    ["drop view v", "create view v as select id from child", "drop view v"],
    ["alter table child rename x to y", "alter table child rename y to x"],
    [
        "alter table other rename to another",
        "alter table another add column z int",
        "alter table another drop column k cascade",
    ],
    [f"alter table {T1} rename to t1", 'alter sequence "Größe, s"."T 1_s_seq" maxvalue 77'],
    [f"alter table {T1} owner to pg_monitor", 'comment on sequence "Größe, s"."T 1_s_seq" is \'x\''],
    ['alter schema "Größe, s" rename to sizes', 'alter table sizes."T 1" alter n drop not null'],
    ["drop table lonely", "create table lonely (id serial primary key, note text)", "drop table lonely"],
    ["alter table child rename to c2", "create table child (id int)"],
    ["grant select on child to pg_monitor", "revoke all on child from pg_monitor"],
    ["comment on policy pol on child is 'x'", "alter policy pol on child using (true)", "drop policy pol on child"],
    ["alter table child disable trigger tr", "drop trigger tr on child"],
    ["drop function f", "create function f(a integer, out b integer) language sql as 'select $1'", "drop function f"],
    ["alter function f rename to f9", "alter function f9 volatile cost 7"],
    ["alter type mood rename to temper", "alter type temper rename value 'sad' to 'sorry'"],
    ["alter domain posint drop default", "comment on domain posint is 'p'"],
    ["drop index i1", "create index i1 on child (t1, lower(x)) where t1 > 3"],
    ["drop statistics st", "create statistics st on x, t1 from child"],
    ["drop rule r on other", "alter table parts detach partition parts1"],
    ["drop extension hstore", "create extension hstore"],
    ["alter aggregate agg(int) rename to agg2", "alter sequence sq owned by child.id", "drop table child cascade"],
]


@pytest.fixture
async def captured(server: Server, role: Roles) -> AsyncIterator[Database]:
    """One of everything, expected as it is."""
    with installed_database(server) as database:
        database.execute(EVERYTHING.encode())
        async with await connect(database.dsn, "test") as connection:
            await expecting.capture(connection, DEFAULT, lock=True)
        database.execute("update pgmend.ddl_log set processed_at = now()")
        yield database


@pytest.fixture
async def connection(captured: Database) -> AsyncIterator[AsyncConnection[TupleRow]]:
    async with await connect(captured.dsn, "test") as connection:
        yield connection


async def held(watch: Watch) -> list[tuple[int, str]]:
    several = watch.expected.differences.items()
    return sorted((oid, line) for oid, differences in several for line in told(list(differences)))


@pytest.mark.parametrize("statements", STEPS, ids=lambda statements: statements[0])
async def test_following_events_comes_to_the_same_as_looking_at_all(
    captured: Database, connection: AsyncConnection[TupleRow], statements: list[str]
) -> None:
    following, scanning = Watch(connection, DEFAULT), Watch(connection, DEFAULT)
    await following.look()
    await scanning.look()
    assert await held(following) == []
    seen = await read_snapshot(connection)
    for statement in statements:
        captured.execute(statement.encode())
        was, seen = seen, await read_snapshot(connection)
        before = following.expected.differences
        touched = await following.follow(await unprocessed(connection), diff_snapshots(was, seen, None))
        captured.execute("update pgmend.ddl_log set processed_at = now()")
        fresh = Watch(connection, DEFAULT)
        await fresh.look()
        assert await held(following) == await held(fresh), statement
        await scanning.look()
        assert await held(scanning) == await held(fresh), statement
        after = following.expected.differences
        assert touched == {oid for oid in before.keys() | after.keys() if before.get(oid) != after.get(oid)}


async def test_a_schema_that_is_expected_or_no_more_is_seen_by_the_next_look(
    installed: Database, connection: AsyncConnection[TupleRow]
) -> None:
    watch = Watch(connection, DEFAULT)
    await watch.look()
    assert watch.expected.expectation is not None
    await expecting.clear(connection)
    assert await watch.look()
    assert watch.expected.expectation is None


async def test_what_a_lock_hides_is_not_called_gone(captured: Database, connection: AsyncConnection[TupleRow]) -> None:
    watch = Watch(connection, DEFAULT)
    captured.execute("alter table other drop column v")
    await watch.look()
    locker = await captured.connect(autocommit=False)
    await locker.execute("lock table child in access exclusive mode")
    captured.execute("comment on materialized view mv is 'x'")
    await watch.look()
    assert "lock" in str(watch.expected.unseen)
    assert [line for _, line in await held(watch)] == ["existence column other.v"]
    await locker.rollback()
    await watch.look()
    assert watch.expected.unseen is None
    assert {line for _, line in await held(watch)} == {"existence column other.v", "comment materialized_view mv"}
