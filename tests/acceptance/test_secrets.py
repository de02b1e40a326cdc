"""Law 3 with a listener at work: what it sees, stores, plans, mends and says shows no literal of anybody's schema.

What it takes to put something back as it was has to have the text; those columns are listed, and no other may hold one.
Why, and who may read them: docs/decisions/0042-what-is-kept-of-a-text.md.
"""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.acceptance.listener import Listener, listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes
from tests.support.secrets import NUMBER, PREPARATION, SECRET, STATEMENTS

KEPT_TO_HEAL = {
    ("expected_object", "definition"),
    ("expected_object", "fields"),
    ("expected_object", "comment"),
    ("issue", "remedy"),
    ("fix", "plan"),
    ("fix_step", "statements"),
}
BREAKS = [
    "alter table whole.known alter key set default 'hunter2-x'",
    "alter table whole.known alter id set default 4111111111111111",
    "alter table whole.known drop constraint known_key_check",
    "comment on table whole.known is 'hunter2-x'",
    "comment on column whole.known.key is null",
    "drop index whole.i",
    "create or replace view whole.v as select 'hunter2-x' as key",
    "create or replace function whole.g() returns text language sql set app.key to 'hunter2-x' as 'select 1::text'",
    "drop trigger r on whole.known",
    "drop policy p on whole.known",
    "alter domain whole.d set default 'hunter2-x'",
    "drop table whole.gone",
]
WHOLE = """
create schema whole;
create table whole.known (id numeric default 4222222222222222, key text default 'hunter2' check (key <> 'hunter2'));
comment on table whole.known is 'hunter2';
comment on column whole.known.key is 'no foreign key: hunter2';
create index i on whole.known ((key || 'hunter2')) where key <> 'hunter2';
create view whole.v as select 'hunter2' as key;
create function whole.g() returns text language sql set app.key to 'hunter2' as 'select ''hunter2''';
create function whole.fire() returns trigger language plpgsql as 'begin return new; end';
create trigger r before update on whole.known for each row execute function whole.fire('hunter2');
create policy p on whole.known using (key = 'hunter2');
create domain whole.d as text default 'hunter2' check (value <> 'hunter2');
create table whole.gone (key text default 'hunter2');
create index doubled on whole.gone ((key || 'hunter2'));
create index doubled_too on whole.gone ((key || 'hunter2'));
insert into whole.known values (1, 'x');
"""


def held(database: Database) -> set[tuple[str, str]]:
    """The table and column of ours where a secret stands."""
    with database.session() as session:
        columns = session.execute(
            "select c.oid::regclass::text, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid"
            " where c.relnamespace::regnamespace::text in ('pgmend', 'pgmend_backup') and c.relkind in ('r', 'p', 'm')"
            " and a.attnum > 0 and not a.attisdropped"
        ).fetchall()
        return {
            (table.removeprefix("pgmend."), column)
            for table, column in columns
            for text in (SECRET, NUMBER[:6], "422222", "104 117 110 116 101 114 50")
            if session.execute(
                sql.SQL("select from {} where {}::text ilike %s limit 1").format(
                    sql.SQL(table), sql.Identifier(column)
                ),
                [f"%{text}%"],
            ).rowcount
        }


async def settled(database: Database) -> None:
    """Every event was worked upon, and what it led to is stored."""
    await eventually(lambda: not database.value("select count(*) from pgmend.ddl_log where processed_at is null"), 30)


def run_everything(database: Database) -> None:
    """Every statement, each in a schema of its own, committed."""
    with psycopg.connect(database.dsn, autocommit=True, options="-c client_min_messages=error") as session:
        (role,) = session.execute("select 'pgmend_test_' || pg_backend_pid()").fetchone() or ("",)
        shared, own = PREPARATION.split("create table known", 1)
        own, subscription = own.rsplit("create subscription", 1)
        session.execute(f"create role {role}; {shared}".encode())
        try:
            session.execute(f"create subscription {subscription.format(role=role)}".encode())
            for number, statement in enumerate(STATEMENTS):
                session.execute(f"create schema w{number}; set search_path = w{number}, public".encode())
                session.execute(f"create table known{own}".encode())
                session.execute(statement.replace("{role}", role).encode())
        finally:
            for (name,) in session.execute("select subname from pg_subscription").fetchall():
                session.execute(f"alter subscription {name} set (slot_name = none)".encode())
                session.execute(f"drop subscription {name}".encode())
            session.execute(f"drop owned by {role}; drop role {role}".encode())


@pytest.fixture
async def listener(pgmend: Processes, installed: Database) -> Listener:
    return await listen(pgmend, installed, auto_fix="all", log_level="debug")


def said(listener: Listener) -> list[str]:
    """The lines of the listener that show a secret."""
    return [line for line in listener.process.output.splitlines() if SECRET in line or NUMBER[:6] in line]


async def test_nothing_of_ours_holds_a_secret_while_a_listener_watches(listener: Listener) -> None:
    database = listener.database
    run_everything(database)
    await settled(database)
    assert database.value("select count(*) from pgmend.change") > len(STATEMENTS)
    assert held(database) == set()
    assert said(listener) == []


async def test_what_heals_alone_keeps_the_text(pgmend: Processes, installed: Database) -> None:
    installed.execute(WHOLE)
    captured = await pgmend.run("expect", "capture", "--lock", "--dsn", installed.dsn)
    assert captured.code == 0, captured
    listener = await listen(pgmend, installed, auto_fix="all", log_level="debug")
    for statement in BREAKS:
        installed.execute(statement.encode())  # pyright: ignore[reportArgumentType]
    await settled(installed)
    await eventually(lambda: installed.value("select count(*) from pgmend.issue") >= len(BREAKS), 30)
    await eventually(lambda: installed.value("select count(*) from pgmend.fix where state = 'applied'") > 1, 30)
    assert held(installed) == KEPT_TO_HEAL
    assert said(listener) == []
    told = installed.fetch("select current_state, expected_state, evidence from pgmend.issue")
    assert SECRET not in str(told)
