"""Whether a change was meant, decided on a real server, against owners who would have their code run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.connection import connect
from pgmend.listener.hearing import intent
from pgmend.listener.hearing.intent import NOTHING_SAYS_SO, Intent, decide, why_meant
from pgmend.listener.hearing.migration_history import MOST_BYTES, History, Unread, Writers, find_histories, read_writers
from pgmend.listener.hearing.outbox import mark_processed, unprocessed
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Role, Roles

MEANT = Intent(meant=True, reason="the same transaction wrote migration history (public.alembic_version)")
LATER = Intent(meant=None, reason="migration history public.alembic_version was written by it or after it")


@dataclass
class Stage:
    """A database of `app`, whose listener is a role of its own, and where `evil` may make schemas."""

    database: Database
    app: Role
    evil: Role
    listener: Role

    def run(self, statements: LiteralString, role: Role | None = None) -> None:
        """Run statements in autocommit mode, logged in as `role`; without one as superuser."""
        dsn = self.database.dsn_as(role.name, role.password) if role else self.database.dsn
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements.split(";\n"):
                text = sql.SQL(statement).format(
                    app=self.app.identifier, evil=self.evil.identifier, listener=self.listener.identifier
                )
                connection.execute(text)

    async def decided(self) -> dict[str, Intent]:
        """The decisions on the waiting events by object, made as the listener; no code of anybody may speak up."""
        ran: list[str] = []
        async with await self.connect() as connection:
            connection.add_notice_handler(lambda notice: ran.append(notice.message_primary or ""))
            events = await unprocessed(connection)
            intents = await decide(connection, events, await read_snapshot(connection))
            assert ran == []
            await mark_processed(connection, intents)
        return {event.identity or "": intents[event.event_id] for event in events}

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        return await connect(self.database.dsn_as(self.listener.name, self.listener.password), "test")


@pytest.fixture
def stage(installed: Database, role: Roles) -> Stage:
    stage = Stage(installed, role(), role(), role())
    stage.run("""grant create, usage on schema public to {app};
grant {app} to {listener};
grant pgmend_owner to {listener}""")
    stage.run("create table public.users (id integer primary key, email text)", stage.app)
    installed.execute(sql.SQL("grant create on database {} to {}").format(
        sql.Identifier(installed.name), stage.evil.identifier
    ))  # fmt: skip
    stage.run("""create schema evil;
create function evil.shout(given integer) returns boolean language plpgsql immutable as $$
    begin raise warning 'evil code ran as %', current_user; return true; end $$;
grant usage on schema evil to public""", stage.evil)  # fmt: skip
    installed.execute("delete from pgmend.ddl_log")
    return stage


ACCIDENT: LiteralString = "alter table public.users alter column email type varchar"
HISTORY: LiteralString = """create table public.alembic_version (version_num text);
insert into public.alembic_version values ('a')"""
MIGRATION: LiteralString = f"""begin;
{ACCIDENT};
update public.alembic_version set version_num = 'b';
commit"""


async def test_what_no_history_and_no_session_speaks_of_was_not_meant(stage: Stage) -> None:
    stage.run(HISTORY, stage.app)
    await stage.decided()
    stage.run(ACCIDENT, stage.app)
    assert await stage.decided() == {"public.users": NOTHING_SAYS_SO}


async def test_a_transaction_that_wrote_migration_history_was_meant_even_where_it_made_it(stage: Stage) -> None:
    stage.run(f"begin;\n{ACCIDENT};\n{HISTORY};\ncommit", stage.app)
    assert await stage.decided() == {"public.users": MEANT, "public.alembic_version": MEANT}


async def test_an_overwritten_row_is_no_denial(stage: Stage) -> None:
    stage.run(HISTORY, stage.app)
    await stage.decided()
    stage.run(MIGRATION, stage.app)
    stage.run("update public.alembic_version set version_num = 'c'", stage.app)
    assert await stage.decided() == {"public.users": LATER}


async def test_what_a_savepoint_wrote_may_be_the_transactions(stage: Stage) -> None:
    stage.run(HISTORY, stage.app)
    await stage.decided()
    stage.run(
        f"begin;\n{ACCIDENT};\nsavepoint s;\nupdate public.alembic_version set version_num = 'b';\ncommit", stage.app
    )
    assert await stage.decided() == {"public.users": LATER}


async def test_a_frozen_row_of_long_ago_says_nothing(stage: Stage) -> None:
    stage.run(HISTORY, stage.app)
    await stage.decided()
    stage.run("vacuum (freeze) public.alembic_version", stage.app)
    stage.run(ACCIDENT, stage.app)
    assert await stage.decided() == {"public.users": NOTHING_SAYS_SO}


async def test_a_sessions_word_holds_for_its_whole_transaction(stage: Stage) -> None:
    stage.run(
        "begin;\nalter table public.users add a int;\nset local pgmend.intended = 'release 7';\n"
        "create index at on public.users (a);\ncommit;\n" + ACCIDENT,
        stage.app,
    )
    said = Intent(meant=True, reason="the session said so: release 7")
    async with await stage.connect() as connection:
        events = await unprocessed(connection)
        intents = await decide(connection, events, await read_snapshot(connection))
    assert [intents[event.event_id].meant for event in events] == [True, True, None]
    assert [intents[event.event_id] for event in events[:2]] == [said, said]
    reason = intents[events[2].event_id].reason
    assert reason is not None
    assert "changed the same table at the same time" in reason


async def test_our_own_fix_was_no_migration(stage: Stage) -> None:
    stage.run(HISTORY, stage.app)
    stage.run(MIGRATION, stage.app)
    async with await stage.connect() as connection:
        events = [replace(event, fix_id=str(uuid4())) for event in await unprocessed(connection)]
        intents = await decide(connection, events, await read_snapshot(connection))
    assert set(intents.values()) == {NOTHING_SAYS_SO}


async def test_nothing_is_asked_where_there_is_no_history(stage: Stage) -> None:
    stage.run(ACCIDENT, stage.app)
    async with await stage.connect() as connection:
        events, snapshot = await unprocessed(connection), await read_snapshot(connection)
    assert connection.closed
    assert {each.meant for each in (await decide(connection, events, snapshot)).values()} == {False}


# What would run code of its owner in whoever selects from evil.alembic_version.
HOSTILE: dict[str, LiteralString] = {
    "policy": """alter table evil.alembic_version enable row level security;
create policy p on evil.alembic_version using (evil.shout(1))""",
    "index expression": "create index on evil.alembic_version ((evil.shout(1)))",
    "index predicate": "create index on evil.alembic_version (version_num) where evil.shout(1)",
    "statistics": "create statistics evil.s on version_num, (evil.shout(1)) from evil.alembic_version",
}


@asynccontextmanager
async def _heard(stage: Stage) -> AsyncIterator[tuple[psycopg.AsyncConnection[Any], list[str]]]:
    """A connection of the listener's role, and what it is told by code that runs on it."""
    async with await stage.connect() as connection:
        ran: list[str] = []
        connection.add_notice_handler(lambda notice: ran.append(notice.message_primary or ""))
        yield connection, ran


@pytest.mark.parametrize("shape", HOSTILE)
async def test_code_of_a_historys_owner_never_runs(stage: Stage, shape: str) -> None:
    """Not even where the owner's own table was changed and the listener is a member of him."""
    stage.run("""grant {evil} to {listener}""")
    stage.run("""create table evil.alembic_version (version_num text);
insert into evil.alembic_version values ('a');
grant all on evil.alembic_version to public;
create table evil.things (id integer)""", stage.evil)  # fmt: skip
    stage.run(HOSTILE[shape], stage.evil)
    async with _heard(stage) as (connection, ran):
        await connection.execute("set role " + (stage.listener.name if shape != "policy" else stage.app.name))
        await connection.execute("select xmin from evil.alembic_version")
        assert ran, "the trap does not snap"
    await stage.decided()

    stage.run(ACCIDENT, stage.app)
    assert await stage.decided() == {"public.users": NOTHING_SAYS_SO}
    stage.run("""begin;
alter table evil.things add a integer;
update evil.alembic_version set version_num = 'b';
commit""", stage.evil)  # fmt: skip
    decided = (await stage.decided())["evil.things"]
    if shape == "policy":  # does not apply to its owner, nor to whoever inherits his rights
        assert decided.meant is True
    else:
        assert decided.meant is None
        assert "not safe to read" in (decided.reason or "")


async def test_a_policy_that_applies_to_the_owner_keeps_us_from_reading(stage: Stage) -> None:
    stage.run("""grant {evil} to {listener}""")
    stage.run("""create table evil.alembic_version (version_num text);
create table evil.things (id integer)""", stage.evil)  # fmt: skip
    stage.run(HOSTILE["policy"], stage.evil)
    stage.run("alter table evil.alembic_version force row level security", stage.evil)
    await stage.decided()
    stage.run("alter table evil.things add a integer", stage.evil)
    decided = (await stage.decided())["evil.things"]
    assert decided.meant is None
    assert "row security" in (decided.reason or "")


SWAPPED: dict[str, LiteralString] = {
    "a view": """alter table evil.alembic_version rename to old;
create view evil.alembic_version as select case when evil.shout(1) then '1'::xid end as xmin from evil.old""",
    "another table": """create schema evil2;
create table evil2.alembic_version (version_num text);
create index on evil2.alembic_version ((evil.shout(1)));
alter schema evil rename to evil3;
alter schema evil2 rename to evil""",
    "nothing": "drop table evil.alembic_version",
    "a foreign table": """alter table evil.alembic_version rename to old;
create foreign table evil.alembic_version (version_num text) server elsewhere""",
}


@pytest.mark.parametrize("by", SWAPPED)
@pytest.mark.parametrize("trusted", [False, True])
async def test_a_name_that_leads_elsewhere_by_now_is_not_followed(stage: Stage, by: str, trusted: bool) -> None:
    """Whoever owns the schema may put another relation in the table's place between our look and our reading."""
    stage.run("grant {evil} to {listener}")
    stage.run("create extension postgres_fdw;\ncreate server elsewhere foreign data wrapper postgres_fdw;\n"
              "grant usage on foreign server elsewhere to {evil}")  # fmt: skip
    stage.run("create table evil.alembic_version (version_num text)", stage.evil)
    async with _heard(stage) as (connection, ran):
        history = await _history(connection, stage)
        assert isinstance(await read_writers(connection, history, [1]), Writers)
        stage.run(SWAPPED[by], stage.evil)
        reading = await read_writers(connection, replace(history, trusted=trusted), [1])
        assert isinstance(reading, Unread)
        assert ran == []
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


async def _history(connection: psycopg.AsyncConnection[Any], stage: Stage) -> History:
    ((oid,),) = stage.database.fetch("select 'evil.alembic_version'::regclass::oid::bigint")
    (history,) = await find_histories(connection, [oid], [])
    return history


async def test_a_large_or_a_locked_table_is_not_read(stage: Stage) -> None:
    stage.run("grant {evil} to {listener}")
    stage.run("create table evil.alembic_version (version_num text)", stage.evil)
    async with _heard(stage) as (connection, _), await stage.database.connect() as other:
        history = await _history(connection, stage)
        async with other.transaction():
            await other.execute("lock table evil.alembic_version in access exclusive mode")
            assert await read_writers(connection, history, [1]) == Unread("a lock was in the way for 50 ms")
        await other.execute("insert into evil.alembic_version select repeat('x', 500) from generate_series(1, 20000)")
        assert stage.database.value("select pg_relation_size('evil.alembic_version')") > MOST_BYTES
        assert await read_writers(connection, history, [1]) == Unread(
            "it is not safe to read: it is larger than 8192 kB"
        )


async def test_a_history_is_read_while_others_write_it_and_holds_up_nobody(stage: Stage) -> None:
    stage.run("grant {evil} to {listener}")
    stage.run("create table evil.alembic_version (version_num text)", stage.evil)
    async with _heard(stage) as (connection, _), await stage.database.connect() as other, other.transaction():
        await other.execute("insert into evil.alembic_version values ('a')")
        history = await _history(connection, stage)
        assert await read_writers(connection, history, [1]) == Writers(frozenset(), None)


async def test_many_histories_are_read_as_far_as_time_allows_and_those_of_others_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run("grant {evil} to {listener}")
    stage.run("create table evil.alembic_version (version_num text);\n"
              "create table evil.schema_migrations (version text);\ncreate table evil.things (id int)",
              stage.evil)  # fmt: skip
    stage.run(HISTORY, stage.app)
    await stage.decided()
    stage.run("alter table evil.things add a int", stage.evil)
    stage.run(MIGRATION, stage.app)
    read: list[str] = []

    async def slowly(connection: psycopg.AsyncConnection[Any], history: History, asked: Any) -> Writers | Unread:
        read.append(history.qualified_name)
        await asyncio.sleep(0.02)
        return await read_writers(connection, history, asked)

    monkeypatch.setattr(intent, "read_writers", slowly)
    monkeypatch.setattr(intent, "BUDGET", timedelta(milliseconds=10))
    decided = await stage.decided()
    assert read == ["public.alembic_version"]
    assert decided["public.users"] == MEANT
    assert decided["evil.things"].meant is None
    assert "more of them than could be read" in (decided["evil.things"].reason or "")


async def test_what_others_call_a_history_makes_nothing_doubtful(stage: Stage) -> None:
    stage.run("create table evil.alembic_version (version_num text);\ngrant all on evil.alembic_version to public",
              stage.evil)  # fmt: skip
    await stage.decided()
    stage.run(ACCIDENT, stage.app)
    stage.run("insert into evil.alembic_version values ('later')", stage.evil)
    assert await stage.decided() == {"public.users": NOTHING_SAYS_SO}


async def test_a_superusers_history_that_the_role_cannot_write_is_not_asked(stage: Stage) -> None:
    stage.run("create schema other;\ncreate table other.schema_migrations (version text)")
    await stage.decided()
    stage.run(ACCIDENT, stage.app)
    assert await stage.decided() == {"public.users": NOTHING_SAYS_SO}
    stage.run("grant insert on other.schema_migrations to {app}")
    stage.run(ACCIDENT, stage.app)
    assert (await stage.decided())["public.users"].meant is None


async def test_what_the_catalogs_do_not_tell_is_not_known(stage: Stage) -> None:
    stage.run(HISTORY, stage.app)
    await stage.decided()
    stage.run(ACCIDENT, stage.app)
    async with await stage.connect() as connection:
        events, snapshot = await unprocessed(connection), await read_snapshot(connection)
        await connection.execute("set statement_timeout = '100ms'")
        async with await stage.database.connect() as other, other.transaction():
            await other.execute("lock table pg_catalog.pg_namespace in access exclusive mode")
            intents = await decide(connection, events, snapshot)
    assert intents[events[0].event_id] == Intent(meant=None, reason="the server refused with SQLSTATE 57014")


@pytest.mark.parametrize("owner", ["superuser", "another role"])
async def test_a_missing_right_is_named_with_the_grant_that_cures_it(stage: Stage, owner: str) -> None:
    stage.run('create schema "Other ""1""";\ncreate table "Other ""1""".schema_migrations (version text)')
    if owner == "another role":
        stage.run('grant usage on schema "Other ""1""" to public;\n'
                  'alter table "Other ""1""".schema_migrations owner to {evil};\n'
                  'create table public.theirs (id int);\nalter table public.theirs owner to {evil}')  # fmt: skip
    table: LiteralString = "public.theirs" if owner == "another role" else "public.users"
    await stage.decided()
    migration: LiteralString = (
        f'begin;\nalter table {table} add a_b int;\ninsert into "Other ""1""".schema_migrations values (1);\ncommit'
    )
    stage.run(migration)
    decided = (await stage.decided())[table]
    assert decided.meant is None
    assert decided.reason is not None
    expected: LiteralString = {
        "superuser": 'grant usage on schema "Other ""1""" to {listener}; '
        'grant select on "Other ""1"""."schema_migrations" to {listener}',
        "another role": "grant {evil} to {listener}",
    }[owner]
    names = {"listener": stage.listener.identifier, "evil": stage.evil.identifier}
    grants = sql.SQL(expected).format(**names).as_string()
    assert decided.reason.partition("this cures for later changes: ")[2] == grants

    stage.run(expected)
    stage.run(migration.replace("a_b", "c_d"))
    assert (await stage.decided())[table].meant is True


async def test_what_is_not_known_or_no_longer_is_no_leave_to_revert(stage: Stage) -> None:
    stage.run("create table public.a (id int);\ncreate table public.b (id int);\ncreate table public.c (id int);\n"
              "create table public.d (id int)", stage.app)  # fmt: skip
    async with await stage.connect() as connection:
        events = {event.identity: event.event_id for event in await unprocessed(connection)}
        intents = {
            events["public.a"]: NOTHING_SAYS_SO,
            events["public.b"]: Intent(meant=True, reason="a migration"),
            events["public.c"]: Intent(meant=None, reason="no right"),
        }
        await mark_processed(connection, intents)

        async def why(*names: str) -> str | None:
            return await why_meant(connection, [events[f"public.{name}"] for name in names])

        assert await why() is None
        assert await why("a") is None
        assert await why("a", "b", "c") == "the change was meant: a migration"
        assert await why("a", "c") == "whether the change was meant is not known: no right"
        assert "not decided" in (await why("d") or "")
        gone = await why_meant(connection, [uuid4()])
        assert gone is not None
        assert "no longer in pgmend.ddl_log" in gone
