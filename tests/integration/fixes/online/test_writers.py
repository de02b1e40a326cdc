"""Nobody's write fails or is lost while a column changes, and what has no place is found."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener.fixes.execution.older_snapshots import none_from_before
from pgmend.listener.fixes.plan import Sweep
from pgmend.listener.fixes.sqlstates import OLDER_SNAPSHOT

from tests.support.mending import at, executing
from tests.support.role import Roles
from tests.support.workshop import Workshop

from .subject import each_time, left_over, setup, to_type, type_of, values


class Writer:
    """A task of the application: writes keys of its own, and remembers what each has to be."""

    def __init__(self, place: int, rows: int) -> None:
        self.place = place
        self.oracle = {key: key for key in range(1, rows + 1) if key % 4 == place}
        self._random = random.Random(place)
        self._next = rows + 1 + place
        self.writes = 0

    async def work(self, dsn: str, stop: asyncio.Event) -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            # A statement that was prepared takes the parameters it took.
            connection.prepare_threshold = None
            while not stop.is_set():
                await self._write(connection)
                self.writes += 1

    async def _write(self, connection: psycopg.AsyncConnection[Any]) -> None:
        key, value = self._random.choice([*self.oracle]), self._random.randint(-99999, 99999)
        match self._random.randrange(8):
            case 0:
                await self._put(connection, "insert into app.sessions (id, user_id) values (%s, %s)", value)
            case 1:
                await connection.execute("delete from app.sessions where id = %s", (key,))
                del self.oracle[key]
            case 2:
                await connection.execute("update app.sessions set seen = seen || '.' where id = %s", (key,))
            case 3:
                upsert = (
                    "insert into app.sessions (id, user_id) values (%s, %s)"
                    " on conflict (id) do update set user_id = excluded.user_id"
                )
                await connection.execute(upsert, (key, str(value)))
                self.oracle[key] = value
            case 4:
                async with connection.cursor() as cursor:
                    async with cursor.copy("copy app.sessions (id, user_id) from stdin") as copy:
                        await copy.write_row((self._next, str(value)))
                    self._kept(value)
            case 5:
                merge = (
                    "merge into app.sessions as t using (values (%s::int, %s)) as v (id, user_id) on t.id = v.id"
                    " when matched then update set user_id = v.user_id"
                    if connection.info.server_version >= 150000
                    else "update app.sessions as t set user_id = v.user_id from (values (%s::int, %s))"
                    " as v (id, user_id) where t.id = v.id"
                )
                await self._typed(connection, merge, key, value)
            case 6:
                async with connection.transaction():
                    await connection.execute("select from app.sessions where id = %s for update", (key,))
                    await asyncio.sleep(0.002)
                    await self._update(connection, key, value)
            case _:
                await self._update(connection, key, value)

    async def _typed(self, connection: psycopg.AsyncConnection[Any], statement: str, key: int, value: int) -> None:
        """A value in a list has a type of its own, which follows the column's only where it is told so."""
        try:
            await connection.execute(statement.encode(), (key, str(value)))
        except psycopg.errors.DatatypeMismatch:
            await connection.execute(statement.encode(), (key, value))
        self.oracle[key] = value

    async def _update(self, connection: psycopg.AsyncConnection[Any], key: int, value: int) -> None:
        await connection.execute("update app.sessions set user_id = %s where id = %s", (str(value), key))
        self.oracle[key] = value

    async def _put(self, connection: psycopg.AsyncConnection[Any], statement: str, value: int) -> None:
        await connection.execute(statement.encode(), (self._next, str(value)))
        self._kept(value)

    def _kept(self, value: int) -> None:
        self.oracle[self._next] = value
        self._next += 4


@asynccontextmanager
async def writing(workshop: Workshop, rows: int) -> AsyncIterator[list[Writer]]:
    """Four writers at work; their failures are the test's."""
    writers, stop = [Writer(place, rows) for place in range(4)], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.work(workshop.database.dsn, stop))
        try:
            yield writers
        finally:
            stop.set()


def oracle(writers: list[Writer]) -> dict[int, int]:
    return {key: value for writer in writers for key, value in writer.oracle.items()}


async def test_concurrent_writers_lose_nothing_there_and_back(workshop: Workshop) -> None:
    setup(workshop, rows=8000, more="create unique index on app.sessions (id, user_id)")
    async with writing(workshop, 8000) as writers:
        outcome = await workshop.heal(to_type(workshop))
        there = sum(writer.writes for writer in writers)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (type_of(workshop), left_over(workshop)) == ("integer", [])
    assert values(workshop) == oracle(writers)
    assert there > 100
    held = oracle(writers)
    async with writing(workshop, 0) as writers:
        for writer in writers:
            writer.oracle = {key: value for key, value in held.items() if key % 4 == writer.place}
            writer._next = max(held) // 4 * 4 + 4 + writer.place
        undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert (type_of(workshop), left_over(workshop)) == ("text", [])
    assert values(workshop) == {key: str(value) for key, value in oracle(writers).items()}


STAGES = ["apply 3 committed", "apply 4 filled", "apply 4 batch", "apply 4 swept", "apply 5 ran", "apply 6 ran",
          "apply 7 intended"]  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
async def test_a_value_without_its_like_is_written_and_ends_the_fix(workshop: Workshop, stage: str) -> None:
    setup(workshop)
    before = workshop.structure()
    write = "insert into app.sessions values (9000, 'seven'); update app.sessions set user_id = '007' where id = 1999"
    outcome = await workshop.heal(to_type(workshop), checkpoint=at(stage, executing(workshop, write)))
    assert outcome.state == "refused", outcome.reason
    for row in ("id=9000, value=seven", "id=1999, value=007"):
        assert row in (outcome.reason or "")
    assert (workshop.structure(), left_over(workshop)) == (before, [])
    assert {values(workshop)[9000], values(workshop)[1999]} == {"seven", "007"}


async def test_a_value_without_its_like_that_is_gone_again_is_no_matter(workshop: Workshop) -> None:
    setup(workshop)
    write = executing(workshop, "update app.sessions set user_id = 'seven' where id = 7")
    mend = executing(workshop, "update app.sessions set user_id = '7' where id = 7")
    first, then = at("apply 4 batch", write), at("apply 6 ran", mend)

    async def both(point: str) -> None:
        await first(point)
        await then(point)

    outcome = await workshop.heal(to_type(workshop), checkpoint=both)
    assert (outcome.state, values(workshop)[7]) == ("applied", 7)


async def test_a_row_that_moves_behind_the_walk_is_filled(workshop: Workshop) -> None:
    setup(workshop, more="delete from app.sessions where id < 300", rows=4000)
    workshop.database.execute("vacuum app.sessions")
    move = executing(
        workshop, "update app.sessions set seen = 'moved' where id in (select 3500 + n from generate_series(1, 90) n)"
    )
    outcome = await workshop.heal(to_type(workshop), checkpoint=each_time("4 batch", move, most=3))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert values(workshop) == {n: n for n in range(300, 4001)}


async def test_a_table_written_anew_in_between_is_walked_anew(workshop: Workshop) -> None:
    setup(workshop, more="delete from app.sessions where id < 1000", rows=4000)
    full = executing(workshop, "vacuum full app.sessions")
    outcome = await workshop.heal(to_type(workshop), checkpoint=each_time("4 batch", full, most=2))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert values(workshop) == {n: n for n in range(1000, 4001)}


async def test_locked_rows_are_waited_for_and_not_passed_over(workshop: Workshop) -> None:
    setup(workshop)
    async with await workshop.database.connect(autocommit=False, application_name="webshop") as shop:
        waited = 0

        async def checkpoint(point: str) -> None:
            nonlocal waited
            if point == "apply 3 committed":
                await shop.execute("select from app.sessions where id in (5, 1500) for update")
            elif point == "apply 4 batch" and workshop.database.value(_ALL_BUT_LOCKED):
                waited += 1
                await shop.rollback()

        outcome = await workshop.heal(to_type(workshop), checkpoint=checkpoint)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert waited > 0
    assert values(workshop) == {n: n for n in range(1, 2001)}


_ALL_BUT_LOCKED = "select count(*) < 200 from app.sessions where user_id_pgmend_new is null"


async def test_rows_that_stay_locked_defer_the_fix_and_are_named(workshop: Workshop) -> None:
    setup(workshop)
    async with await workshop.database.connect(autocommit=False, application_name="webshop") as shop:
        lock = at("apply 3 committed", lambda: shop.execute("select from app.sessions where id = 5 for update"))
        short = {"lock_patience": timedelta(milliseconds=300)}
        outcome = await workshop.heal(to_type(workshop), limits=short, checkpoint=lock)
        assert outcome.state == "deferred"
        assert "Rows of the table stay locked" in (outcome.reason or "")
        assert "of webshop" in (outcome.reason or "")
        workshop.database.execute("update app.sessions set user_id = '77' where id = 1999")
        await shop.rollback()
    assert (await workshop.again()).state == "applied"
    assert values(workshop) == {n: n for n in range(1, 2001)} | {1999: 77}


async def test_a_snapshot_from_before_the_backfill_defers_the_fix(workshop: Workshop) -> None:
    setup(workshop)
    async with await workshop.database.connect(autocommit=False, application_name="report") as report:
        await report.execute("set transaction isolation level repeatable read")
        await report.execute("select count(*) from app.sessions")
        outcome = await workshop.heal(to_type(workshop))
        assert outcome.state == "deferred"
        assert "of report" in (outcome.reason or "")
        workshop.database.execute("update app.sessions set user_id = '77' where id = 1999")
        found = await (await report.execute("select user_id from app.sessions where id = 1999")).fetchone()
        assert found == ("1999",)
        await report.rollback()
    assert (await workshop.again()).state == "applied"
    assert values(workshop) == {n: n for n in range(1, 2001)} | {1999: 77}


async def test_only_a_snapshot_from_before_the_end_of_a_sweep_is_in_the_way(workshop: Workshop) -> None:
    setup(workshop)
    sweep = Sweep(workshop.oid("app.sessions"), "3", "", "", "", as_replica=True)
    fix_id, _ = await workshop.propose(to_type(workshop))
    async with (
        await workshop.database.connect(autocommit=False, application_name="older") as older,
        await workshop.database.connect(autocommit=False, application_name="newer") as newer,
    ):
        await older.execute("set transaction isolation level repeatable read")
        await older.execute("create temporary table t (n int)")
        workshop.database.execute(
            "insert into pgmend.backfill (table_oid, column_number, fix_id, file, next_page, end_page, finished_at,"
            " finished_by) values (%s, 3, %s, 1, 1, 1, clock_timestamp(), pg_current_xact_id())",
            [sweep.table, fix_id],
        )
        await newer.execute("set transaction isolation level repeatable read")
        await newer.execute("select count(*) from app.sessions")
        with pytest.raises(psycopg.Error) as raised:
            await workshop.connection.execute(none_from_before(sweep))
        assert raised.value.sqlstate == OLDER_SNAPSHOT
        assert "of older" in (raised.value.diag.message_detail or "")
        assert "of newer" not in (raised.value.diag.message_detail or "")
        await older.rollback()
        await workshop.connection.execute(none_from_before(sweep))
        await newer.rollback()


async def test_sessions_of_every_kind_write_in_step(workshop: Workshop, role: Roles) -> None:
    """A role with no right on our schema, row security that is forced, and a search_path full of traps."""
    writer = role().name
    setup(
        workshop,
        more=f"""
        create schema evil; grant usage, create on schema evil to public; grant usage on schema app to {writer};
        create function evil.wrong(text, text) returns boolean language sql as 'select 1 / 0 = 1';
        create operator evil.~ (leftarg = text, rightarg = text, function = evil.wrong);
        create operator evil.= (leftarg = text, rightarg = text, function = evil.wrong);
        create function evil.wrong(numeric, numeric) returns boolean language sql as 'select 1 / 0 = 1';
        create operator evil.>= (leftarg = numeric, rightarg = numeric, function = evil.wrong);
        create operator evil.<= (leftarg = numeric, rightarg = numeric, function = evil.wrong);
        create function evil.char_length(text) returns int language sql as 'select 1 / 0';
        create domain evil.int4 as text check (value = 'trap'); create domain evil.text as int;
        grant select, insert, update, delete on app.sessions to {writer};
        alter table app.sessions enable row level security, force row level security;
        create policy p on app.sessions using (id <> 13) with check (true);
        """,
    )
    hostile = (
        f"set role {writer}; set search_path = evil, pg_catalog; set datestyle = 'German'; set extra_float_digits = 0;"
        "set standard_conforming_strings = off; set escape_string_warning = off;"
        "insert into app.sessions values (9001, '41'); update app.sessions set user_id = '42' where id = 7;"
        "update app.sessions set seen = 'x' where id = 1998; insert into app.sessions values (9002, null)"
    )
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 4 batch", executing(workshop, hostile)))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert values(workshop) == {n: n for n in range(1, 2001)} | {7: 42, 9001: 41, 9002: None}
    assert workshop.database.value("select count(*) from app.sessions where seen = 'x'") == 1


async def test_who_writes_the_new_column_is_overruled(workshop: Workshop) -> None:
    setup(workshop)
    write = executing(
        workshop,
        "update app.sessions set user_id_pgmend_new = 1 where id in (5, 1999);"
        "insert into app.sessions (id, user_id, user_id_pgmend_new) values (9000, '9', 10)",
    )
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 4 batch", write))
    assert outcome.state == "applied"
    assert values(workshop) == {n: n for n in range(1, 2001)} | {9000: 9}


async def test_a_trigger_that_somebody_disables_ends_the_fix(workshop: Workshop) -> None:
    setup(workshop)
    before = workshop.structure()
    off = executing(
        workshop,
        "alter table app.sessions disable trigger user; update app.sessions set user_id = '8' where id = 7;"
        "alter table app.sessions enable trigger user",
    )
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 6 ran", off))
    assert outcome.state in ("refused", "failed", "superseded")
    assert (workshop.structure(), left_over(workshop), values(workshop)[7]) == (before, [], "8")


async def test_what_a_replica_writes_is_in_step(workshop: Workshop) -> None:
    setup(workshop)
    applied = executing(
        workshop,
        "set session_replication_role = replica; update app.sessions set user_id = '78' where id in (8, 1998);"
        "insert into app.sessions values (9000, '79')",
    )
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 6 ran", applied))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert values(workshop) == {n: n for n in range(1, 2001)} | {8: 78, 1998: 78, 9000: 79}
