"""What was found good is not asked about again, until anything changes that the server could see it otherwise by."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pgmend.listener.settings import Settings
from pgmend.listener.source import asking
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.recollection import Recollection
from psycopg import AsyncConnection, sql

from tests.support.database import Database
from tests.support.role import Roles

CODE = """\
import asyncpg


async def f(conn: asyncpg.Connection, name: str, mood: str):
    await conn.fetch("select name from users where name = $1", name)
    await conn.fetch("select weigh(id) from users where mood = 'sad' and id = 1")
    await conn.execute("insert into totals values (1)")
"""
SCHEMA = """
create type mood as enum ('sad');
create table users (id integer primary key, name text, mood mood, gone text);
create function weigh(integer) returns integer language sql as 'select $1';
create table "Übung" (n integer);
create view totals as select n from "Übung";
"""


class Watch:
    """Analyses of one tree, one after the other, over one connection."""

    def __init__(self, connection: AsyncConnection[Any], folder: Path, sent: list[str]) -> None:
        self.folder, self.sent = folder, sent
        self.connection = connection
        self._recollection = Recollection()

    async def look(self) -> Analysis:
        """What is found, with what was asked about in `sent`."""
        self.sent.clear()
        return await analyze(self.connection, extract(self.folder), Settings(), recollection=self._recollection)


@pytest.fixture
async def watch(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Watch]:
    database.execute(SCHEMA)
    (tmp_path / "app.py").write_text(CODE)
    texts: list[str] = []
    original = asking._flight  # pyright: ignore[reportPrivateUsage] - where all that is sent goes through

    async def recorded(connection: Any, questions: Sequence[asking.Question]) -> list[asking.Answer]:
        texts.extend(each.sql for each in questions)
        return await original(connection, questions)

    monkeypatch.setattr(asking, "_flight", recorded)
    one = Watch(await database.connect(), tmp_path, texts)
    first = await one.look()
    assert not first.issues, first.issues
    yield one


async def test_nothing_is_asked_twice(watch: Watch) -> None:
    again = await watch.look()
    assert (watch.sent, again.asked, again.judged) == ([], 3, 3)


async def test_only_what_changed_is_asked_about(watch: Watch) -> None:
    (watch.folder / "other.py").write_text('def g(conn):\n    conn.execute("select nmae from users")\n')
    assert [each.issue_type for each in (await watch.look()).issues] == ["UNKNOWN_COLUMN"]
    assert set(watch.sent) == {"select nmae from users"} | {each for each in watch.sent if "null" in each}


async def test_what_was_found_bad_is_looked_at_each_time(watch: Watch) -> None:
    (watch.folder / "other.py").write_text('def g(conn):\n    conn.execute("select nmae from users")\n')
    await watch.look()
    assert len((await watch.look()).issues) == 1
    assert watch.sent


TURNED = {
    "a column's type": ("alter table users alter name type integer using 1", "PARAMETER_TYPE_MISMATCH"),
    "a column's name": ("alter table users rename name to title", "UNKNOWN_COLUMN"),
    "a column": ("alter table users drop name", "UNKNOWN_COLUMN"),
    "a table": ("alter table users rename to people", "UNKNOWN_TABLE"),
    "a function": ("drop function weigh; create function weigh(text) returns text language sql as 'select $1'", None),
    "an overload that makes it ambiguous": (
        "drop function weigh(integer); create function weigh(real) returns real language sql as 'select $1';"
        "create function weigh(money) returns money language sql as 'select $1'",
        None,
    ),
    "a label": ("alter type mood rename value 'sad' to 'glad'", "INVALID_SQL"),
    "a view that takes no rows": ('create or replace view totals as select n from "Übung" limit 1', None),
}


@pytest.mark.parametrize("case", TURNED)
async def test_a_change_of_anything_that_names_lead_to_is_seen(watch: Watch, database: Database, case: str) -> None:
    ddl, found = TURNED[case]
    database.execute(ddl)
    again = await watch.look()
    assert watch.sent
    fresh = await analyze(watch.connection, extract(watch.folder), Settings())
    assert again.issues == fresh.issues
    assert found is None or found in [each.issue_type for each in again.issues]


async def test_another_path_of_the_role_is_seen(watch: Watch, database: Database, role: Roles) -> None:
    me = role("login")
    database.execute("create schema theirs; create table theirs.users (id integer)")
    database.execute(sql.SQL("grant usage on schema theirs to {}").format(me.identifier))
    path = sql.SQL("alter role {} set search_path to theirs, public").format(me.identifier)
    seen = database.seen_by(me.name, me.password)
    own = Watch(await seen.connect(), watch.folder, watch.sent)
    assert not (await own.look()).issues
    database.execute(path)
    assert not (await own.look()).issues  # the session's own path did not change yet
    anew = Watch(await seen.connect(), watch.folder, watch.sent)
    anew._recollection = own._recollection  # pyright: ignore[reportPrivateUsage]
    assert "UNKNOWN_COLUMN" in [each.issue_type for each in (await anew.look()).issues]


async def test_a_role_of_any_name_is_looked_for(watch: Watch, database: Database, role: Roles) -> None:
    me = role("login", name='pgmend_test_Größe. "x"')
    seen = database.seen_by(me.name, me.password)
    own = Watch(await seen.connect(), watch.folder, watch.sent)
    assert not (await own.look()).issues


async def test_a_right_that_hides_a_schema_is_seen(watch: Watch, database: Database, role: Roles) -> None:
    me = role("login")
    seen = database.seen_by(me.name, me.password)
    own = Watch(await seen.connect(), watch.folder, watch.sent)
    assert not (await own.look()).issues
    database.execute("revoke usage on schema public from public")
    assert [each.issue_type for each in (await own.look()).issues] == ["UNKNOWN_TABLE"] * 3


async def test_rows_and_statistics_are_no_change(watch: Watch, database: Database) -> None:
    for each in ("insert into users (id) values (1)", "analyze users", "vacuum users"):
        database.execute(each)
    await watch.look()
    assert not watch.sent


async def test_code_that_makes_an_object_changes_what_is_said_of_all(watch: Watch, database: Database) -> None:
    database.execute("drop function weigh")
    assert await watch.look()
    (watch.folder / "make.py").write_text(
        "def g(conn):\n    conn.execute(\"create function weigh(integer) returns int language sql as 'select 1'\")\n"
    )
    again = await watch.look()
    fresh = await analyze(watch.connection, extract(watch.folder), Settings())
    assert (again.issues, again.judged) == (fresh.issues, fresh.judged)
