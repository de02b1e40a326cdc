"""Joins in the code that a real database holds: views, functions, and the statements that ran."""

from __future__ import annotations

from pathlib import Path

import pytest
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.check import check
from pgmend.listener.relations.reading.reader import CodeReader
from pgmend.listener.relations.reading.reading import Reading
from pgmend.listener.relations.sighting import SourceKind
from pgmend.listener.settings import Settings

from tests.support.database import Database
from tests.support.fixtures import ServerWith
from tests.support.server import Server

SHOP = """
    create schema app; create schema elsewhere;
    create table public.users (id int primary key, "E-Mail" text);
    create table app.users (id int primary key);
    create table elsewhere.users (id int primary key);
    create table public.orders (id int primary key, made_by int, user_id varchar(20));
"""


async def read(database: Database) -> tuple[Snapshot, Reading]:
    connection = await database.connect()
    snapshot = await read_snapshot(connection)
    return snapshot, await CodeReader(connection).everything(snapshot)


async def seen(database: Database) -> set[str]:
    """Source and what it compares."""
    snapshot, reading = await read(database)
    found: set[str] = set()
    for source, sightings in reading.seen.items():
        for each in sightings:
            told = each if snapshot.tables[each.table].name != "users" else each.turned()
            ours, theirs = snapshot.tables[told.table], snapshot.tables[told.other]
            columns, other = ",".join(ours.names(told.columns)), ",".join(theirs.names(told.other_columns))
            found.add(f"{source.name}: {ours.name}({columns}) = {theirs.qualified_name}({other})")
    return found


async def test_views_say_what_they_compare_whatever_the_search_path(database: Database) -> None:
    database.execute(SHOP)
    database.execute("""
        set search_path = app, public;
        create view public.a as select o.made_by from orders o join users u on u.id = o.made_by;
        create materialized view public."B, b" as select 1 from orders o, public.users u where o.user_id = u."E-Mail";
    """)
    assert await seen(database) == {
        "the view public.a: orders(made_by) = app.users(id)",
        "the view public.B, b: orders(user_id) = public.users(E-Mail)",
    }


async def test_a_view_of_a_view_is_followed_to_the_table(database: Database) -> None:
    database.execute(SHOP)
    database.execute("""
        create view recent as select o.id, o.made_by as who from orders o;
        create view named as select 1 from recent r join users u on u.id = r.who;
    """)
    assert await seen(database) == {"the view public.named: orders(made_by) = public.users(id)"}


async def test_functions_of_each_language_under_their_own_search_path(database: Database) -> None:
    database.execute(SHOP)
    database.execute("""
        create function plain() returns bigint language sql set search_path = app, public
            as 'select count(*) from orders join users on users.id = made_by';
        create function atomic() returns bigint language sql
            begin atomic; select count(*) from orders join elsewhere.users on users.id = made_by; end;
        create function told() returns bigint language sql return
            (select count(*) from orders join elsewhere.users on users.id = made_by);
        create procedure steps(inout total bigint) language plpgsql as $$
            declare r record;
            begin
                for r in select from orders join users on users.id = made_by loop
                    total := (select count(*) from orders join users on users."E-Mail" = orders.user_id);
                end loop;
                execute 'select from orders join app.users on users.id = made_by';
            end $$;
    """)
    assert await seen(database) == {
        "the function public.plain: orders(made_by) = app.users(id)",
        "the function public.atomic: orders(made_by) = elsewhere.users(id)",
        "the function public.told: orders(made_by) = elsewhere.users(id)",
        "the function public.steps: orders(made_by) = public.users(id)",
        "the function public.steps: orders(user_id) = public.users(E-Mail)",
    }


async def test_new_and_old_are_rows_of_the_table_that_has_the_trigger(database: Database) -> None:
    database.execute(SHOP)
    database.execute("""
        create function keep() returns trigger language plpgsql as $$
            begin
                if not exists (select from users where id = new.made_by) then raise exception 'nobody'; end if;
                return new;
            end $$;
        create trigger keep before insert on orders for each row execute function keep();
    """)
    assert await seen(database) == {"the function public.keep: orders(made_by) = public.users(id)"}


async def test_search_path_of_the_database_counts_for_functions_without_one(database: Database) -> None:
    database.execute(SHOP)
    database.execute(
        "create function plain() returns bigint language sql"
        " as 'select count(*) from public.orders join users on users.id = made_by'"
    )
    database.execute(f"alter database \"{database.name}\" set search_path = 'elsewhere', public".encode())
    assert await seen(database) == {"the function public.plain: orders(made_by) = elsewhere.users(id)"}


async def test_what_does_not_parse_is_counted(database: Database) -> None:
    database.execute(SHOP)
    database.execute(
        "set check_function_bodies = off; create function odd() returns int language sql as 'select from from'"
    )
    _, reading = await read(database)
    assert reading.seen == {}
    assert reading.unread == {SourceKind.FUNCTION: 1}


@pytest.mark.parametrize("language", ["sql", "plpgsql"])
async def test_what_is_nested_too_deeply_for_the_parser_ends_no_process(database: Database, language: str) -> None:
    database.execute(SHOP)
    deep = "1 + " * 60_000 + "1"
    body = f"select {deep}" if language == "sql" else f"begin return {deep}; end"
    database.execute(
        "set check_function_bodies = off;"
        f" create function deep() returns int language {language} as $$ {body} $$".encode()
    )
    _, reading = await read(database)
    assert reading.unread == {SourceKind.FUNCTION: 1}


async def test_a_view_that_somebody_has_locked_keeps_nobody_waiting(database: Database) -> None:
    database.execute(SHOP)
    database.execute("create view a as select 1 from orders o join users u on u.id = o.made_by")
    owner = await database.connect(autocommit=False)
    await owner.execute("create or replace view a as select 2 from orders o join users u on u.id = o.made_by")
    await owner.execute("alter table users add column more int")
    _, reading = await read(database)
    assert reading.seen == {}


async def test_only_what_is_asked_for_is_read_and_what_is_gone_is_silent(database: Database) -> None:
    database.execute(SHOP)
    database.execute("create view a as select 1 from orders o join users u on u.id = o.made_by")
    database.execute("create view b as select 1 from orders o join users u on u.id = o.made_by")
    connection = await database.connect()
    snapshot = await read_snapshot(connection)
    oid = database.value("select 'a'::regclass::oid::bigint")
    reading = await CodeReader(connection).named(snapshot, {oid, 4711}, set())
    assert [source.name for source in reading.seen] == ["the view public.a"]
    assert reading.asked == {(SourceKind.VIEW, str(oid)), (SourceKind.VIEW, "4711")}
    assert reading.whole == frozenset()


@pytest.fixture(scope="module")
def observing(server_with: ServerWith) -> Server:
    return server_with(shared_preload_libraries="pg_stat_statements")


async def test_statements_that_ran_say_what_they_compare(observing: Server) -> None:
    with observing.database() as database:
        database.execute(SHOP)
        database.execute("create schema watch; create extension pg_stat_statements schema watch")
        database.execute("select from orders o join users u on u.id = o.made_by where u.\"E-Mail\" = 'secret@x.org'")
        found = await seen(database)
        assert {each.partition(": ")[2] for each in found} == {"orders(made_by) = public.users(id)"}
        assert all("secret" not in each for each in found)


async def test_statements_are_not_read_where_another_could_put_his_view_in_their_place(observing: Server) -> None:
    with observing.database() as database:
        database.execute(SHOP)
        database.execute("create role keeper; create schema watch authorization keeper")
        database.execute("create extension pg_stat_statements schema watch")
        database.execute("select from orders o join users u on u.id = o.made_by")
        try:
            assert await seen(database) == set()
        finally:
            database.execute("drop extension pg_stat_statements; drop owned by keeper; drop role keeper")


async def test_statements_are_not_missed_where_the_extension_is_not_loaded(database: Database) -> None:
    database.execute(SHOP)
    database.execute("create extension pg_stat_statements")
    _, reading = await read(database)
    assert SourceKind.STATEMENT not in reading.whole


async def test_an_applications_code_says_what_it_compares(database: Database, tmp_path: Path) -> None:
    database.execute(SHOP)
    database.execute("""
        create table notes (id int primary key, user_id int);
        insert into users select n from generate_series(1, 100) as n;
        insert into notes select id, id from users; analyze;
    """)
    (tmp_path / "büro.py").write_text(
        "import psycopg\n\n\ndef read(cursor: psycopg.Cursor, n: int) -> None:\n"
        '    cursor.execute("select 1 from notes o join users u on u.id = o.user_id where o.id = %s", (n,))\n'
        """    cursor.execute('select 1 from notes where user_id in (select id from users where id > %s)', (n,))\n"""
        '    cursor.execute("drop table orders, users")\n',
        encoding="utf-8",
    )
    (tmp_path / "broken.py").write_text('import psycopg\nexecute("select 1"')
    result = await check(await database.connect(), Settings(code=tmp_path), with_plans=False)
    (issue,) = (each.issue for each in result.issues if each.issue.issue_type == "MISSING_FOREIGN_KEY")
    (joined,) = (each for each in issue.evidence if each.kind == "code_joins")
    assert joined.seen == "2 places, büro.py:5 among them, join user_id with public.users(id)."
    assert any("broken.py:2 of the code" in each for each in result.unread)
    without = await check(await database.connect(), Settings(), with_plans=False)
    assert not [each for each in without.issues if any(said.kind == "code_joins" for said in each.issue.evidence)]
