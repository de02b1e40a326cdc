"""The outbox loses no event, however late its transaction commits."""

from __future__ import annotations

from pgmend.listener.hearing.intent import NOTHING_SAYS_SO, Intent
from pgmend.listener.hearing.outbox import mark_processed, unprocessed

from tests.support.database import Database


async def test_rows_of_a_late_commit_are_found_after_newer_ones_were_processed(installed: Database) -> None:
    async with await installed.connect() as slow, await installed.connect() as quick:
        async with slow.transaction():
            await slow.execute("create table late (id int)")
            await quick.execute("create table early (id int)")
            events = await unprocessed(quick)
            assert {event.identity for event in events} == {"public.early"}
            await mark_processed(quick, {event.event_id: NOTHING_SAYS_SO for event in events})
        assert {event.identity for event in await unprocessed(quick)} == {"public.late"}


async def test_events_that_were_not_marked_come_again(installed: Database) -> None:
    async with await installed.connect() as connection:
        await connection.execute("create table kept (id int)")
        first = await unprocessed(connection)
        assert first == await unprocessed(connection)
        await mark_processed(connection, {event.event_id: NOTHING_SAYS_SO for event in first})
        assert await unprocessed(connection) == []


async def test_an_event_says_who_did_what_in_which_statement(installed: Database) -> None:
    async with await installed.connect(application_name="shop") as connection:
        await connection.execute("create table told (id int primary key, note text default 'hidden words')")
        await connection.execute("drop table told")
        events = await unprocessed(connection)
    made = next(event for event in events if event.kind == "command" and event.object_type == "table")
    gone = next(event for event in events if event.kind == "drop" and event.object_type == "table")
    assert made.identity == gone.identity == "public.told"
    assert made.object_id == gone.object_id
    assert made.application_name == "shop"
    assert made.command_tag == "CREATE TABLE"
    assert gone.command_tag == "DROP TABLE"
    assert made.statement is not None
    assert "create table told" in made.statement
    assert "hidden words" not in made.statement
    assert made.command != gone.command
    assert [event.kind for event in events][-1] == "drop"


async def test_whether_an_event_was_meant_is_stored_with_it(installed: Database) -> None:
    async with await installed.connect() as connection:
        await connection.execute("create table a (); create table b (); create table c ()")
        by_name = {event.identity: event.event_id for event in await unprocessed(connection)}
        intents = {
            by_name["public.a"]: Intent(meant=True, reason="a migration"),
            by_name["public.b"]: Intent(meant=None, reason="no right"),
            by_name["public.c"]: NOTHING_SAYS_SO,
        }
        await mark_processed(connection, intents)
    stored = "select object_identity, meant, meant_reason from pgmend.recent_ddl where processed_at is not null"
    assert sorted(installed.fetch(stored)) == [
        ("public.a", True, "a migration"),
        ("public.b", None, "no right"),
        ("public.c", False, None),
    ]
