"""An index that somebody builds right now is not an invalid one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from pgmend.listener.catalog import read
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.snapshot import Index
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.eventually import eventually


async def invalid(connection: AsyncConnection[Any], **options: Any) -> list[Index]:
    snapshot = await read_snapshot(connection, **options)
    return [index for table in snapshot.tables.values() for index in table.indexes if not index.valid]


def counted(monkeypatch: pytest.MonkeyPatch, after_first: Callable[[], Awaitable[Any]] | None = None) -> list[str]:
    """The looks at the catalogs, by the functions that make them; something may happen right after the first."""
    looks: list[str] = []

    def counting(name: str) -> Callable[..., Awaitable[Any]]:
        look = getattr(read, name)

        async def counted_look(*args: Any, **options: Any) -> Any:
            looks.append(name)
            answer = await look(*args, **options)
            if len(looks) == 1 and after_first is not None:
                await after_first()
            return answer

        return counted_look

    for name in ("_in_stages", "_flight"):
        monkeypatch.setattr(read, name, counting(name))
    return looks


@pytest.mark.parametrize("role", ["postgres", "pgmend_test_nobody"])
async def test_build_under_way_is_told_from_an_abandoned_one(database: Database, role: str) -> None:
    database.execute(
        """
        create role pgmend_test_nobody login password 'x';
        create table t (a integer); insert into t values (1);
        """
    )
    try:
        reader = await database.connect()
        if role != "postgres":
            reader = await AsyncConnection.connect(database.dsn_as(role, "x"), autocommit=True)
        builder, holder = await database.connect(), await database.connect()
        async with holder.transaction():
            await holder.execute("insert into t values (2)")
            task = asyncio.create_task(builder.execute("create index concurrently later on t (a)"))

            def there() -> bool:
                return bool(database.value("select count(*) from pg_class where relname = 'later'"))

            await eventually(there)
            (index,) = await invalid(reader)
            assert (index.name, index.being_built) == ("later", True)
            database.execute("select pg_cancel_backend(%s)", (builder.info.backend_pid,))
            with pytest.raises(psycopg.errors.QueryCanceled):
                await task
            (index,) = await invalid(reader)
            assert (index.name, index.being_built) == ("later", False)
        if reader.info.user != "postgres":
            await reader.close()
    finally:
        database.execute("drop role pgmend_test_nobody")


async def test_rebuild_under_way_is_told_too(database: Database) -> None:
    database.execute("create table t (a integer); create index old on t (a)")
    reader, builder, holder = [await database.connect() for _ in range(3)]
    async with holder.transaction():
        await holder.execute("insert into t values (2)")
        task = asyncio.create_task(builder.execute("reindex index concurrently old"))

        async def under_way() -> list[Index]:
            return await invalid(reader)

        (index,) = await eventually(under_way)
        assert (index.name, index.being_built) == ("old_ccnew", True)
    await task
    assert await invalid(reader) == []


async def test_vacuum_builds_nothing(database: Database) -> None:
    database.execute("create table t (a integer); insert into t values (1), (1)")
    reader, other = await database.connect(), await database.connect()
    with pytest.raises(psycopg.errors.UniqueViolation):
        await other.execute("create unique index concurrently broken on t (a)")
    database.execute("insert into t select generate_series(1, 100000); delete from t where a % 2 = 0")
    await other.execute("set vacuum_cost_delay = '20ms'; set vacuum_cost_limit = 1")
    task = asyncio.create_task(other.execute("vacuum t"))

    def vacuums() -> bool:
        return bool(database.value("select count(*) from pg_stat_progress_vacuum"))

    await eventually(vacuums)
    (index,) = await invalid(reader)
    assert not index.being_built
    assert vacuums()
    database.execute("select pg_cancel_backend(%s)", (other.info.backend_pid,))
    with pytest.raises(psycopg.errors.QueryCanceled):
        await task


async def test_index_that_becomes_valid_while_one_looks_was_being_built(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locks are looked at after the rows: a build may have ended in between, and its lock is gone."""
    database.execute("create table t (a integer); insert into t values (1), (1)")
    reader, builder = await database.connect(), await database.connect()
    with pytest.raises(psycopg.errors.UniqueViolation):
        await builder.execute("create unique index concurrently ending on t (a)")
    database.execute("delete from t")
    looks = counted(monkeypatch, lambda: builder.execute("reindex index ending"))
    (index,) = await invalid(reader)
    assert (index.name, index.being_built, looks) == ("ending", True, ["_in_stages", "_flight"])
    assert await invalid(reader) == []


async def test_index_known_to_be_abandoned_is_looked_at_with_its_locks_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("create table t (a integer); insert into t values (1), (1)")
    reader = await database.connect()
    with pytest.raises(psycopg.errors.UniqueViolation):
        await reader.execute("create unique index concurrently broken on t (a)")
    known = await read_snapshot(reader)
    looks = counted(monkeypatch)
    (index,) = await invalid(reader, known=known)
    assert (index.being_built, looks) == (False, ["_in_stages", "_flight"])
    looks.clear()
    (index,) = await invalid(reader, oids=known.tables, known=known)
    assert (index.being_built, looks) == (False, ["_flight"])


async def test_index_that_seems_abandoned_for_the_first_time_is_looked_at_with_its_locks_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("create table t (a integer); insert into t values (1), (1)")
    reader = await database.connect()
    with pytest.raises(psycopg.errors.UniqueViolation):
        await reader.execute("create unique index concurrently broken on t (a)")
    looks = counted(monkeypatch)
    (index,) = await invalid(reader)
    assert (index.being_built, looks) == (False, ["_in_stages", "_flight", "_flight"])


async def test_builds_that_begin_and_end_while_one_reads_are_never_taken_for_abandoned(database: Database) -> None:
    database.execute("create table t (a integer); insert into t select generate_series(1, 100)")
    reader, builder = await database.connect(), await database.connect()
    done = asyncio.Event()

    async def build() -> None:
        for _ in range(60):
            await builder.execute("create index concurrently passing on t (a)")
            await builder.execute("drop index concurrently passing")
        done.set()

    task = asyncio.create_task(build())
    known = await read_snapshot(reader)
    states = set[tuple[bool, bool]]()
    while not done.is_set():
        snapshot = await read_snapshot(reader, known=known)
        states |= {(index.valid, index.being_built) for table in snapshot.tables.values() for index in table.indexes}
        known = snapshot
    await task
    assert (False, False) not in states
