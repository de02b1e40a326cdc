"""What DDL was run, as it is shown."""

from __future__ import annotations

from pgmend.listener.desk import Desk

from tests.support.database import Database


async def test_ddl_is_shown_latest_first_with_who_ran_it(desk: Desk, installed: Database) -> None:
    installed.execute("create table first (id int)")
    installed.execute("create table second (id int)")
    found = await desk.ddl()
    assert [event.object_identity for event in found.items] == ["public.second", "public.first"]
    assert found.total == 2
    latest = found.items[0]
    assert (latest.command_tag, latest.session_role, latest.kind) == ("CREATE TABLE", "postgres", "command")
    assert (latest.statement, latest.processed_at) == ("create table second (id int)", None)
    assert [event.object_identity for event in (await desk.ddl(limit=1, offset=1)).items] == ["public.first"]


async def test_ddl_is_shown_with_what_was_meant_by_it(desk: Desk, installed: Database) -> None:
    installed.execute("create table first (id int)")
    (event,) = (await desk.ddl()).items
    assert (event.meant, event.meant_reason) == (None, None)
    installed.execute("update pgmend.ddl_log set meant = true, meant_reason = 'a migration'")
    (event,) = (await desk.ddl()).items
    assert (event.meant, event.meant_reason) == (True, "a migration")


async def test_secret_in_a_statement_is_not_shown(desk: Desk, installed: Database) -> None:
    installed.execute(
        "create table t (id int); create role pgmend_test_secret password 'hunter2'; drop role pgmend_test_secret"
    )
    (event,) = (await desk.ddl()).items
    assert "hunter2" not in repr(event)
