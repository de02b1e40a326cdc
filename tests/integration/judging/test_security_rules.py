"""Triggers, row security and what has more rights than its caller, as a real server's catalogs tell of them."""

from __future__ import annotations

import pytest
from pgmend.listener.remedy import EnableTrigger

from tests.support.beholder import Beholder
from tests.support.database import Database
from tests.support.role import Roles
from tests.support.server import Server

TYPES = (
    "DISABLED_TRIGGER", "DISABLED_ROW_SECURITY", "POLICY_WITHOUT_ROW_SECURITY", "SECURITY_DEFINER_VIEW",
    "MUTABLE_SEARCH_PATH",
)  # fmt: skip
APP = """
create table users (id integer primary key, name text);
create table "Möve" (id integer, primary key (id)) partition by range (id);
create table "Möve 1" partition of "Möve" for values from (0) to (9);
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger "Touch" before update on users for each row execute function touch();
create trigger touch after insert on "Möve" for each row execute function touch();
create policy own on users using (name = current_user);
alter table users enable row level security;
"""


async def test_what_is_switched_off_is_told_with_what_was_seen(database: Database) -> None:
    database.execute(APP)
    beholder = Beholder(database)
    assert await beholder.told(*TYPES) == set()
    database.execute("""
        alter table users disable trigger "Touch"; alter table "Möve" disable trigger user;
        alter table users disable row level security;
    """)
    issues = {(each.issue_type, each.table): each for each in await beholder.issues(*TYPES)}
    assert issues.keys() == {
        ("DISABLED_TRIGGER", "users"),
        ("DISABLED_TRIGGER", "Möve"),
        ("DISABLED_ROW_SECURITY", "users"),
    }
    remedy = issues["DISABLED_TRIGGER", "users"].remedy
    assert isinstance(remedy, EnableTrigger)
    assert remedy.restores
    database.execute("alter table users enable trigger all, enable row level security")
    database.execute('alter table only "Möve" enable trigger touch')
    assert {(each.issue_type, each.table) for each in await beholder.issues(*TYPES)} == {("DISABLED_TRIGGER", "Möve 1")}


async def test_triggers_of_foreign_keys_and_for_replicas_are_not_told(database: Database) -> None:
    database.execute(APP)
    database.execute("""
        create table orders (id integer primary key, user_id integer references users);
        alter table orders disable trigger all; alter table users enable replica trigger "Touch";
    """)
    assert await Beholder(database).told("DISABLED_TRIGGER") == set()


async def test_a_view_over_row_security_is_told_until_it_reads_for_its_reader(
    database: Database, server: Server, role: Roles
) -> None:
    if server.version < 15:
        pytest.skip("security_invoker came with PostgreSQL 15")
    owner, reader = role().name, role().name
    database.execute(APP)
    database.execute(f"""
        create view shown as select name from users; grant select on shown to {reader};
        create view hidden as select name from users;
        create view bound as select name from users; grant select on bound to public;
        grant select on users to {owner}; alter view bound owner to {owner};
        create materialized view copied as select name from users; grant select on copied to public;
    """.encode())  # fmt: skip
    beholder = Beholder(database)
    assert await beholder.told("SECURITY_DEFINER_VIEW") == {("SECURITY_DEFINER_VIEW", "shown", "", "")}
    database.execute(f"alter table users owner to {owner}".encode())
    told = {(each.table) for each in await beholder.issues("SECURITY_DEFINER_VIEW")}
    assert told == {"shown", "bound"}
    database.execute("alter view shown set (security_invoker = 1); alter table users force row level security")
    assert await beholder.told("SECURITY_DEFINER_VIEW") == set()


async def test_others_false_alarms_about_functions_stay_silent(database: Database) -> None:
    database.execute("""
        create extension citext; create extension hstore; create schema auth;
        create function plain() returns integer language sql as 'select 1';
        create function fixed() returns integer language sql security definer set search_path = '' as 'select 1';
        create function closed() returns integer language sql security definer set search_path = pg_catalog, pg_temp
            as 'select 1';
        create function bound() returns integer language sql security definer begin atomic select 1; end;
        create function auth.uid() returns integer language sql security definer as 'select 1';
        create function own() returns integer language sql security definer as 'select 1';
        revoke execute on function own from public;
    """)
    beholder = Beholder(database)
    assert await beholder.told("MUTABLE_SEARCH_PATH") == set()
    database.execute("""
        create function risky(integer, text[]) returns integer language sql security definer as 'select 1';
        grant execute on function own to pg_monitor;
    """)
    assert await beholder.told("MUTABLE_SEARCH_PATH") == {
        ("MUTABLE_SEARCH_PATH", "risky", "", "risky(integer, text[])"),
        ("MUTABLE_SEARCH_PATH", "own", "", "own()"),
    }


async def test_schema_open_to_all_is_told_where_names_are_looked_up(database: Database) -> None:
    database.execute("""
        revoke create on schema public from public; create schema elsewhere; grant create on schema elsewhere to public;
    """)
    beholder = Beholder(database)
    assert await beholder.told("PUBLIC_SCHEMA_CREATE") == set()
    database.execute("grant create on schema public to public")
    assert await beholder.told("PUBLIC_SCHEMA_CREATE") == {("PUBLIC_SCHEMA_CREATE", "", "", "")}
    database.execute("revoke create on schema public from public")
    database.execute(f'alter database "{database.name}" set search_path = public, elsewhere'.encode())
    assert {each.where for each in await beholder.issues("PUBLIC_SCHEMA_CREATE")} == {"elsewhere"}
