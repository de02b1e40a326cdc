"""Code against a server whose other users mean harm, or that does not let us look."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extraction import extract

from tests.support.database import Database
from tests.support.role import Roles

SCHEMA = 'create table users (id integer primary key, name text); create table "Übung" (id integer)'
HEAD = "import psycopg\ndef f(conn: psycopg.Connection):\n"


@pytest.fixture
def schema(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


async def judged(database: Database, folder: Path, *statements: str) -> Analysis:
    (folder / "app.py").write_text(HEAD + "".join(f"    conn.execute({each!r})\n" for each in statements))
    return await analyze(await database.connect(), extract(folder), Settings())


def said(analysis: Analysis) -> list[tuple[str, str, str]]:
    return sorted((each.issue_type, each.where if each.table else "", each.column) for each in analysis.issues)


async def test_operators_of_others_are_not_run(schema: Database, role: Roles, tmp_path: Path) -> None:
    mallory = role("nologin")
    schema.execute(
        "create table loot (who text); grant insert on loot to public; grant create on schema public to public"
    )
    for left, right in (*(("oid", each) for each in ("regclass", "int8", "int4", "int2", "oid")), ("text", "text")):
        schema.execute(
            f"set role {mallory.name};"
            f"create function evil({left}, {right}) returns boolean language plpgsql as"
            " $$begin insert into public.loot values (current_user); return true; end$$;"
            f"create operator public.= (leftarg = {left}, rightarg = {right}, function = evil);"
        )
    schema.execute(
        f"set role {mallory.name}; create function joined(text, text) returns text language plpgsql as"
        " $$begin insert into public.loot values (current_user); return ''; end$$;"
        "create operator public.|| (leftarg = text, rightarg = text, function = joined);"
        "create domain public.text as pg_catalog.text check (value is null)"
    )
    name = schema.value("select current_database()")
    with psycopg.connect(schema.dsn, autocommit=True) as connection:
        connection.execute(f'alter database "{name}" set search_path = public, pg_catalog')
    analysis = await judged(
        schema, tmp_path, "select nope from users", "select id::text from public.users where id::text = 'a'",
        "select 1 from gone", 'select "Ä" from "Übung"',
    )  # fmt: skip
    assert schema.value("select count(*) from public.loot") == 0
    assert ("UNKNOWN_COLUMN", "public.users", "nope") in said(analysis)
    assert ("UNKNOWN_COLUMN", "public.Übung", "Ä") in said(analysis)
    assert ("UNKNOWN_TABLE", ".gone", "") in said(analysis)


async def test_names_are_looked_up_as_the_role_does(schema: Database, role: Roles, tmp_path: Path) -> None:
    reader = role()
    schema.execute(
        "create schema app; create table app.users (id integer, nick text); create schema closed;"
        f"create table closed.t (a int); grant usage on schema app to {reader.name};"
        f"grant select on app.users to {reader.name}; alter role {reader.name} set search_path = app, public"
    )
    other = schema.seen_by(reader.name, reader.password)
    analysis = await judged(
        other, tmp_path, "select nick, nope from users", "select a from closed.t", "select id, none from public.users"
    )
    assert said(analysis) == [("UNKNOWN_COLUMN", "app.users", "nope"), ("UNKNOWN_COLUMN", "public.users", "none")]


async def test_the_session_is_ours_and_reads_only(schema: Database, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HEAD + "    conn.execute('select nope from users')\n")
    connection = await schema.connect()
    await analyze(connection, extract(tmp_path), Settings())
    shown = [
        await (await connection.execute(f"show {each}")).fetchone()
        for each in ("search_path", "default_transaction_read_only")
    ]
    assert shown == [("pg_catalog, pg_temp",), ("on",)]
