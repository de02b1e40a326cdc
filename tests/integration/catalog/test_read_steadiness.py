"""What others do at the same time neither blocks a reading nor makes it wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from pgmend.listener.catalog.fingerprint import fingerprint
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.errors import CouldNotLook, SnapshotTorn
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.eventually import eventually

SETTINGS = """
select name, setting from pg_settings
where name in ('search_path', 'lock_timeout', 'statement_timeout', 'plan_cache_mode', 'jit',
  'max_parallel_workers_per_gather', 'transaction_isolation', 'transaction_read_only')
order by name
"""


@asynccontextmanager
async def while_running(coroutine: Any) -> AsyncIterator[None]:
    """The block runs while another task does; its failure is the block's."""
    task = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled() and task.exception():
            raise task.exception()  # pyright: ignore[reportGeneralTypeIssues]


async def test_uncommitted_alter_is_neither_waited_for_nor_seen(database: Database) -> None:
    database.execute(
        """
        create table t (a integer, b text);
        create index partial on t (a) where b = 'x'; create index expression on t (lower(b));
        """
    )
    one, two = await database.connect(), await database.connect()
    before = await read_snapshot(one)
    async with two.transaction():
        await two.execute("alter table t alter column a type bigint, add column c integer")
        await two.execute("create table other (a integer)")
        during = await asyncio.wait_for(read_snapshot(one), 5)
        assert during.tables.keys() == before.tables.keys()
        (was,), (now,) = before.tables.values(), during.tables.values()
        assert now.columns == was.columns
        assert {index.name for index in now.indexes if index.definition == ""} == {"partial", "expression"}
        assert not any(index.plain for index in now.indexes)
        remembered = await asyncio.wait_for(read_snapshot(one, known=before), 5)
        assert remembered.tables == before.tables
    after = await read_snapshot(one)
    assert after.by_name["public", "t"].column_named("c")
    assert all(index.definition for index in after.by_name["public", "t"].indexes)


async def test_definitions_are_asked_again_where_something_is_called_otherwise(database: Database) -> None:
    database.execute(
        "create table t (a integer, b text); create index on t (lower(b)); create index on t (a) where a > 1"
    )
    connection = await database.connect()
    before = await read_snapshot(connection)
    for statement in ("alter table t rename b to c", "alter table t rename to u", "alter index t_a_idx rename to v"):
        await connection.execute(statement)
        now = await read_snapshot(connection, known=before)
        assert now.tables == (await read_snapshot(connection)).tables
        before = now


async def test_full_reading_asks_for_definitions_that_may_have_changed_elsewhere(database: Database) -> None:
    database.execute(
        """
        create function one(integer) returns integer immutable language sql as 'select 1';
        create table t (a integer); create index i on t (one(a));
        """
    )
    connection = await database.connect()
    before = await read_snapshot(connection)
    await connection.execute("alter function one rename to two")
    (table,) = (await read_snapshot(connection, known=before)).tables.values()
    assert "two(a)" in (table.indexes[0].definition or "")
    assert fingerprint(table) == fingerprint(before.tables[table.oid])


async def test_tables_dropped_and_made_meanwhile_are_there_whole_or_not_at_all(database: Database) -> None:
    reader, writer = await database.connect(), await database.connect()
    make = """
        create table k (id integer primary key, name text default 'a');
        create table t (id integer primary key, k integer references k, name text, check (id > 0));
        create index on t (lower(name)); create index on t (k) where id > 5;
        comment on table t is 'x'; comment on column t.name is 'y';
    """
    rounds = 0

    async def churn() -> None:
        nonlocal rounds
        while True:
            async with writer.transaction():
                await writer.execute(make)
            await writer.execute("alter table t rename to u")
            await writer.execute("alter table u drop column name")
            async with writer.transaction():
                await writer.execute("drop table u, k")
            rounds += 1

    shapes = set[tuple[tuple[str, int, int, int], ...]]()
    async with while_running(churn()):
        while rounds < 40:
            try:
                snapshot = await read_snapshot(reader)
            except SnapshotTorn:
                continue
            shapes.add(
                tuple(
                    sorted(
                        (table.name, len(table.columns), len(table.indexes), len(table.constraints))
                        for table in snapshot.tables.values()
                    )
                )
            )
            for table in snapshot.tables.values():
                for key in table.foreign_keys:
                    assert key.referenced_table in snapshot.tables
    key = ("k", 2, 1, 1)
    assert shapes <= {
        (),
        (key, ("t", 3, 3, 3)),
        (key, ("u", 3, 3, 3)),
        (key, ("u", 2, 2, 3)),
    }
    assert len(shapes) > 1


@pytest.mark.parametrize(
    ("made", "dropped"),
    [
        ("create type mood as enum ('a'); create table t (m mood)", "drop table t; drop type mood"),
        ("create type mood as enum ('a'); create table t (m mood[])", "drop table t; drop type mood"),
        (
            "create role pgmend_test_gone; create table t (a integer); alter table t owner to pgmend_test_gone",
            "drop table t; drop role pgmend_test_gone",
        ),
    ],
)
async def test_what_the_server_cannot_name_any_more_is_torn(database: Database, made: str, dropped: str) -> None:
    """The rows are of the transaction's moment, but names of types and roles are of the present."""
    database.execute(made)  # pyright: ignore[reportArgumentType]
    connection = await database.connect()
    await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
    async with connection.transaction():
        await connection.execute("select 1")
        database.execute(dropped)  # pyright: ignore[reportArgumentType]
        with pytest.raises(SnapshotTorn):
            await read_snapshot(connection)
    assert (await read_snapshot(connection)).tables == {}


async def test_statement_is_prepared_once_whatever_is_asked(database: Database) -> None:
    database.execute("create table t (a integer)")
    connection = await database.connect()
    for oids in ([], [1], [70_000], [3_000_000_000], range(5000)):
        await read_snapshot(connection, oids)
    prepared = await (await connection.execute("select count(*) from pg_prepared_statements")).fetchone()
    assert prepared == (2,)


@pytest.mark.parametrize("autocommit", [True, False])
async def test_reading_leaves_no_trace_on_the_connection(database: Database, autocommit: bool) -> None:
    database.execute("create table t (a integer)")
    connection = await database.connect(autocommit=autocommit)
    await connection.execute("set search_path = public; set lock_timeout = '7s'")
    before = await (await connection.execute(SETTINGS)).fetchall()
    await connection.commit()
    await read_snapshot(connection)
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert await (await connection.execute(SETTINGS)).fetchall() == before


async def test_reading_within_a_transaction_sees_what_that_did_and_leaves_it_going(database: Database) -> None:
    connection = await database.connect()
    async with connection.transaction():
        await connection.execute("create table mine (a integer); create index on mine ((a + 1))")
        before = await (await connection.execute(SETTINGS)).fetchall()
        snapshot = await read_snapshot(connection)
        assert snapshot.by_name["public", "mine"].indexes[0].definition
        assert await (await connection.execute(SETTINGS)).fetchall() == before
        await connection.execute("insert into mine values (1)")
    assert database.value("select count(*) from mine") == 1


async def test_failure_within_a_transaction_leaves_it_going(database: Database) -> None:
    connection, blocker = await database.connect(), await database.connect()
    async with blocker.transaction(), connection.transaction():
        await connection.execute("create table mine (a integer)")
        await blocker.execute("lock table pg_catalog.pg_attrdef in access exclusive mode")
        with pytest.raises(SnapshotTorn, match="55P03"):
            await read_snapshot(connection)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        await connection.execute("insert into mine values (1)")
    assert database.value("select count(*) from mine") == 1


async def test_locked_catalog_is_waited_for_briefly_and_then_told(database: Database) -> None:
    database.execute("create table t (a integer)")
    connection, blocker = await database.connect(), await database.connect()
    async with blocker.transaction():
        await blocker.execute("lock table pg_catalog.pg_constraint in access exclusive mode")
        with pytest.raises(CouldNotLook, match="55P03"):
            await asyncio.wait_for(read_snapshot(connection), 10)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        task = asyncio.create_task(read_snapshot(connection))
        await asyncio.sleep(0)
    assert len((await task).tables) == 1


async def test_cancelled_reading_gives_the_connection_back(database: Database) -> None:
    connection, blocker = await database.connect(), await database.connect()
    async with blocker.transaction():
        await blocker.execute("lock table pg_catalog.pg_constraint in access exclusive mode")
        task = asyncio.create_task(read_snapshot(connection))

        def waits() -> bool:
            return bool(
                database.value(
                    "select count(*) from pg_locks where not granted and pid = %s", (connection.info.backend_pid,)
                )
            )

        await eventually(waits)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await eventually(
        lambda: connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE or connection.closed
    )


async def test_lost_connection_could_not_look(database: Database) -> None:
    connection = await database.connect()
    database.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
    with pytest.raises(CouldNotLook):
        await read_snapshot(connection)


async def test_broken_transaction_is_not_looked_from(database: Database) -> None:
    connection = await database.connect(autocommit=False)
    with pytest.raises(psycopg.errors.DivisionByZero):
        await connection.execute("select 1 / 0")
    with pytest.raises(CouldNotLook, match="INERROR"):
        await read_snapshot(connection)


async def test_connection_without_an_encoding_is_refused(database: Database) -> None:
    connection = await database.connect(client_encoding="sql_ascii")
    with pytest.raises(CouldNotLook, match="client_encoding"):
        await read_snapshot(connection)


async def test_other_client_encodings_are_understood(database: Database) -> None:
    database.execute('create table "größe" ("ä" integer)')
    connection = await database.connect(client_encoding="latin1")
    (table,) = (await read_snapshot(connection)).tables.values()
    assert (table.name, table.columns[0].name) == ("größe", "ä")


async def test_role_without_any_right_sees_the_same(database: Database) -> None:
    database.execute(
        """
        create role pgmend_test_nobody login password 'x';
        create schema closed; create table closed.k (id integer primary key);
        create table t (a integer references closed.k, b text default 'x' check (b <> ''));
        create index on t (lower(b)); comment on table closed.k is 'secret';
        revoke all on schema closed from public; revoke all on t from public;
        alter table t enable row level security;
        """
    )
    try:
        everything = await read_snapshot(await database.connect())
        poor: AsyncConnection[Any] = await AsyncConnection.connect(
            database.dsn_as("pgmend_test_nobody", "x"), autocommit=True
        )
        async with poor:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await poor.execute("select from closed.k")
            assert (await read_snapshot(poor)).tables == everything.tables
    finally:
        database.execute("drop role pgmend_test_nobody")


async def test_names_from_dict_rows_and_own_cursors_do_not_matter(database: Database) -> None:
    database.execute("create table t (a integer)")
    connection = await database.connect(row_factory=psycopg.rows.dict_row, cursor_factory=psycopg.AsyncClientCursor)
    assert len((await read_snapshot(connection)).tables) == 1
