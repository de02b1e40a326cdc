"""A listener and the expected schema: what somebody drops comes back alone only where the schema is locked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

SHOP = """
create table users (id integer primary key, email text not null);
create table sessions (id integer primary key, user_id integer not null references users);
create index sessions_user_id_idx on sessions (user_id);
create view active as select id from users;
insert into users select n, 'x' from generate_series(1, 20) as n;
insert into sessions select id, id from users;
"""
INDEX = "select count(*) from pg_indexes where indexname = 'sessions_user_id_idx'"


@pytest.fixture
def shop(installed: Database) -> Database:
    installed.execute(SHOP)
    return installed


async def expect(pgmend: Processes, database: Database, *words: str) -> None:
    finished = await pgmend.run("expect", *words, "--dsn", database.dsn)
    assert finished.code == 0, finished


async def open_issues(database: Database) -> set[tuple[str, str]]:
    return set(database.fetch("select issue_type, table_name from pgmend.issue where status = 'open'"))


async def test_a_dropped_index_and_foreign_key_come_back_alone_under_a_locked_schema(
    pgmend: Processes, shop: Database
) -> None:
    await expect(pgmend, shop, "capture", "--lock")
    listener = await listen(pgmend, shop, auto_fix="all")
    shop.execute("drop index sessions_user_id_idx")
    issue = await listener.resolved("MISSING_OBJECT", "sessions")
    assert not issue["backlog"]
    assert (await listener.fix(issue["issue_id"], "applied"))["automatic"]
    assert shop.value(INDEX) == 1
    shop.execute("alter table sessions drop constraint sessions_user_id_fkey")
    issue = await listener.resolved("MISSING_CONSTRAINT", "sessions")
    assert (await listener.fix(issue["issue_id"], "applied"))["automatic"]
    assert (
        shop.value("select count(*) from pg_constraint where conname = 'sessions_user_id_fkey' and convalidated") == 1
    )
    seen = {name for (name,) in shop.fetch("select issue_type from pgmend.issue")}
    assert seen == {"MISSING_OBJECT", "MISSING_CONSTRAINT"}


async def test_a_schema_that_is_not_locked_only_reports(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop, auto_fix="all")
    await expect(pgmend, shop, "capture")
    shop.execute("drop index sessions_user_id_idx")
    issue = await listener.issue("MISSING_OBJECT", "sessions")
    why = await eventually(lambda: _why(shop, issue["issue_id"]), 20)
    assert "not locked" in why
    assert shop.value(INDEX) == 0
    shop.execute("create index sessions_user_id_idx on sessions (user_id)")
    await listener.resolved("MISSING_OBJECT", "sessions")


async def test_what_is_in_no_table_is_seen_and_a_check_sees_it_too(pgmend: Processes, shop: Database) -> None:
    await expect(pgmend, shop, "capture")
    listener = await listen(pgmend, shop, "--observe")
    shop.execute("drop view active; alter table sessions rename to visits")
    missing = await listener.issue("MISSING_OBJECT", "active")
    assert not missing["backlog"]
    renamed = await listener.issue("CHANGED_DEFINITION", "visits")
    assert renamed["event_id"] is not None
    checked = await pgmend.run("check", "--format", "json", "--dsn", shop.dsn)
    types = {(each["issue_type"], each["table"]) for each in json.loads(checked.stdout)["issues"]}
    assert types == {("MISSING_OBJECT", "active"), ("CHANGED_DEFINITION", "visits")} == await open_issues(shop)


async def test_what_differs_when_a_schema_is_declared_is_backlog(
    pgmend: Processes, shop: Database, tmp_path: Path
) -> None:
    file = tmp_path / "schema.sql"
    file.write_text("create table users (id integer primary key, email text not null, age integer);")
    listener = await listen(pgmend, shop, auto_fix="all")
    await expect(pgmend, shop, "load", str(file))
    issue = await listener.issue("MISSING_COLUMN", "users")
    assert issue["backlog"]


def _why(database: Database, issue_id: str) -> str | None:
    return database.value("select why_not_auto from pgmend.issue where issue_id = %s", (issue_id,))
