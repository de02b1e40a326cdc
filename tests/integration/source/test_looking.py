"""Code against a server whose other users mean harm, or that does not let us look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pgmend.api.report.code import analysis_document
from pgmend.api.report.view import view_in_code
from pgmend.listener.settings import Settings
from pgmend.listener.source import asking
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.outcome import Outcome
from pgmend.listener.source.rewriting.menders import mend

from tests.support.database import Database
from tests.support.role import Roles

SCHEMA = 'create table users (id integer primary key, name text); create table "Übung" (id integer)'
HEAD = "import psycopg\ndef f(conn: psycopg.Connection):\n"


@pytest.fixture
def schema(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the server is asked about."""
    texts: list[str] = []
    original = asking._flight  # pyright: ignore[reportPrivateUsage] - where all that is sent goes through

    async def recorded(connection: Any, questions: Sequence[asking.Question]) -> list[asking.Answer]:
        texts.extend(each.sql for each in questions)
        return await original(connection, questions)

    monkeypatch.setattr(asking, "_flight", recorded)
    return texts


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


async def test_what_is_locked_is_told_and_not_waited_for_by_each(
    schema: Database, tmp_path: Path, sent: list[str]
) -> None:
    schema.execute("create table logs (line text)")
    statements = [f"select name, {number} from users" for number in range(500)]
    with psycopg.connect(schema.dsn) as other:
        other.execute("lock table users in access exclusive mode")
        analysis = await judged(schema, tmp_path, "select nope from logs", *statements)
    assert (analysis.asked, analysis.judged, analysis.saw_everything) == (501, 1, False)
    assert len(analysis.unseen) == 500
    assert "55P03" in analysis.unseen[0].reason
    assert sum("users" in each for each in sent) < 100
    assert said(analysis) == [("UNKNOWN_COLUMN", "public.logs", "nope")]


async def test_what_the_role_may_not_see_is_told(schema: Database, role: Roles, tmp_path: Path) -> None:
    reader = role()
    schema.execute("create schema closed; create table closed.t (a int)")
    analysis = await judged(
        schema.seen_by(reader.name, reader.password), tmp_path, "select a from closed.t", "select 1"
    )
    assert (analysis.judged, [each.site.line for each in analysis.unseen]) == (1, [3])


UTILITIES = [
    "copy users (nope) from stdin", "alter table nopetable add x int", "create index on users (nope)",
    "create view v as select nope from users", "refresh materialized view nopemv",
    "do $$begin update users set nope = 1; end$$", "prepare p as select nope from users",
]  # fmt: skip


@pytest.mark.parametrize("statement", UTILITIES)
async def test_what_no_server_looks_into_is_not_called_judged(schema: Database, tmp_path: Path, statement: str) -> None:
    analysis = await judged(schema, tmp_path, statement)
    assert (analysis.asked, analysis.judged) == (1, 0)
    assert analysis.saw_everything


async def test_what_names_nothing_or_is_looked_into_is_judged(schema: Database, tmp_path: Path) -> None:
    statements = ("begin", "set x.y = '1'", "listen a", "truncate users", "-- a\nexplain select id from users")
    analysis = await judged(schema, tmp_path, *statements, "declare c cursor for select id from users")
    assert (analysis.asked, analysis.judged, analysis.issues) == (6, 6, ())


WITH_HOLES = {
    'f"LISTEN {channel}"': 1,
    "f'notify \"{channel}_x\"'": 1,
    'f"insert into users (id) values ({number})"': 1,
    'f"insert into users (id, name) values ({numbers})"': 0,
    'f"select 1 from users where id = {number} limit {number}"': 1,
    'f"select {column} from users"': 0,
    'f"create table if not exists {name} (id integer)"': 0,
    '"create table if not exists made (id bigint primary key, at timestamptz default now(), texts text[])"': 1,
    '"create table if not exists made (id bigint references users)"': 0,
    '"create table if not exists made (mood mood)"': 0,
    '"create table if not exists made (id integer default next_one())"': 0,
    'sql.SQL("notify a, {}").format(text)': 0,
    'sql.SQL("select 1 from users where name = {}").format(text)': 1,
}


@pytest.mark.parametrize("statement", WITH_HOLES)
async def test_holes_that_are_no_names_leave_all_to_judge(schema: Database, tmp_path: Path, statement: str) -> None:
    parameters = "channel, number, numbers, column, name, text: str"
    code = (
        f"from psycopg import Connection, sql\ndef f(conn: Connection, {parameters}):\n    conn.execute({statement})\n"
    )
    (tmp_path / "app.py").write_text(code)
    analysis = await analyze(await schema.connect(), extract(tmp_path), Settings())
    assert (analysis.asked, analysis.judged) == (1, WITH_HOLES[statement])
    assert not analysis.issues


async def test_null_is_written_where_a_driver_writes_values(schema: Database, tmp_path: Path) -> None:
    code = "import psycopg2\ndef f(cursor):\n    cursor.execute('select 1 from users where name is %s', (None,))\n"
    (tmp_path / "app.py").write_text(code)
    analysis = await analyze(await schema.connect(), extract(tmp_path), Settings())
    assert (analysis.asked, analysis.judged, analysis.issues) == (1, 1, ())


@pytest.mark.parametrize("statement", ["select 'a\0b' from users", "select '\ud800', nope from users"])
async def test_what_is_no_text_is_told(schema: Database, tmp_path: Path, statement: str) -> None:
    (tmp_path / "app.py").write_text(
        HEAD + f"    conn.execute({statement!a})\n    conn.execute('select id from users')\n"
    )
    analysis = await analyze(await schema.connect(), extract(tmp_path), Settings())
    assert (analysis.asked, analysis.judged, len(analysis.unseen)) == (2, 1, 1)
    json.dumps([each.sql for each in analysis.extraction.statements], ensure_ascii=False).encode()


SECRETS = [
    "alter user app password 'hunter2'", "create role app login password E'hunter2'",
    "alter usr app password 'hunter2'",
    "do $$begin alter user app password 'hunter2'; end$$",
    "create user mapping for app server s options (pass 'hunter2')",
    "alter user app password 'hunter2", "update users set password = 'hunter2' where id = 'x'",
    "insert into users (id, password) values (1, $$hunter2$$)",
    "alter user app /* hunter2 */ password 'it''s hunter2'",
    "create subscription s connection 'host=h password=hunter2' publication p",
    "select nope from users where passwort = 'hunter2' and password = 'hunter2'",
    "select nope from users; create subscription s connection 'host=h password=hunter2' publication p",
    "select nope from users; create subscription s connection 'host=h pass=hunter2' publication p",
    "select nope from users; create user mapping for app server s options (pass 'hunter2')",
    "select nope, dblink('host=h password=hunter2', 'select 1') from users",
    "select nope, dblink('postgresql://app:hunter2@h/db', 'select 1') from users",
    "/* a /* b */ don't */ alter role x password 'hunter2'",
    "/* a /* b */ select */ alter role x password 'hunter2'",
    "-- don't\r alter role x password 'hunter2'",
    "select nope, $é$it's $é$, 1 from users where password = $é1$'hunter2$é1$",
    "select nope, name'\\' from users where password = 'hunter2'",
    "/*" * 9 + "*/" * 9 + "alter role x password 'hunter2'",
]  # fmt: skip


@pytest.mark.parametrize("statement", SECRETS)
async def test_a_password_is_neither_shown_nor_sent(
    schema: Database, tmp_path: Path, sent: list[str], statement: str
) -> None:
    code = HEAD + f"    conn.execute({statement!r})\n    conn.execute(build({statement!r}) + x)\n"
    (tmp_path / "app.py").write_text(code)
    connection = await schema.connect()
    analysis = await analyze(connection, extract(tmp_path), Settings())
    mendings = await mend(connection, analysis, tmp_path)
    views = [view_in_code(each) for each in analysis.issues]
    assert "hunter2" not in json.dumps(analysis_document(Outcome(analysis, analysis.issues), views, mendings))
    assert "hunter2" not in repr(analysis.issues)
    assert "hunter2" not in repr(sent)


async def test_a_query_with_a_password_in_it_is_still_judged(schema: Database, tmp_path: Path) -> None:
    schema.execute("alter table users add password text")
    found = await judged(schema, tmp_path, "select nope from users where password = 'hunter2' and name = $$a$$")
    assert said(found) == [("UNKNOWN_COLUMN", "public.users", "nope")]
    (issue,) = found.issues
    assert issue.site is not None
    assert (issue.site.line, issue.site.column_offset) == (3, 25)


async def test_what_the_code_makes_itself_is_no_defect(schema: Database, tmp_path: Path) -> None:
    made = (
        "create sequence if not exists my_seq",
        "create or replace function My_fn(int) returns int language sql as 'select 1'",
        "create type app.mood as enum ('a')",
    )  # fmt: skip
    using = ("select nextval('my_seq')", "select my_fn(1) from users", "select 'a'::mood from users")
    assert said(await judged(schema, tmp_path, *made, *using)) == []
    assert len(said(await judged(schema, tmp_path, *using))) == 3
    extended = await judged(schema, tmp_path, "create extension pg_trgm", "select similarity(name, 'x') from users")
    assert said(extended) == []
