r"""Law 3: no secret is ever stored.

None of our tables and no line that the server logs for us may show what stands in the statements. What a listener makes
of them: tests/acceptance/test_secrets.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.sql import scripts

from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.secrets import NUMBER, PREPARATION, SECRET, STATEMENTS
from tests.support.server import Server

from .conftest import Connect

Connection = psycopg.Connection[Any]


def holding(connection: Connection, text: str) -> list[str]:
    """The tables of schema pgmend with a row that shows `text` anywhere."""
    tables = connection.execute(
        "select oid::regclass::text from pg_class where relnamespace = 'pgmend'::regnamespace and relkind = 'r'"
    ).fetchall()
    return [
        table
        for (table,) in tables
        if connection.execute(
            f"select from {table} as t where t::text ilike %s limit 1".encode(), [f"%{text}%"]
        ).rowcount
    ]


def test_the_list_is_long_enough() -> None:
    assert len([s for s in STATEMENTS if SECRET in s or NUMBER in s]) >= 60


def test_no_table_of_ours_holds_a_secret(connect: Connect) -> None:
    session = connect(options="-c client_min_messages=error")
    (role,) = session.execute("select 'pgmend_test_' || pg_backend_pid()").fetchone() or ("",)
    shown: dict[str, list[str]] = {}
    for statement in STATEMENTS:
        with session.transaction(force_rollback=True):
            session.execute(f"create role {role}; {PREPARATION.format(role=role)}".encode())
            session.execute("delete from pgmend.ddl_log")
            session.execute(statement.replace("{role}", role).encode())
            assert session.execute("select from pgmend.ddl_log limit 1").rowcount == 1, statement
            shown[statement] = [*holding(session, SECRET), *holding(session, NUMBER[:6])]
    assert {statement: tables for statement, tables in shown.items() if tables} == {}


def test_a_backslash_is_read_as_the_session_reads_it(connect: Connect, admin: Connection) -> None:
    session = connect(options="-c standard_conforming_strings=off -c escape_string_warning=off")
    session.execute(r"create table a (b text default 'it\'s hunter2', c text default 'x')")
    session.execute(r"create table b (b text default 'x\\', c text default ' hunter2')")
    assert holding(admin, SECRET) == []


def test_the_shape_of_a_statement_is_kept(connect: Connect, admin: Connection) -> None:
    session = connect()
    session.execute(
        """/* orders */ create table "Orders" ( -- the orders
             id bigint primary key, "state" varchar(20) not null default 'it''s new', price numeric(10, 2),
             check (price > 12345), note text default e'' /* none */
           );"""
    )
    (shape,) = admin.execute("select statement from pgmend.ddl_log where object_type = 'table'").fetchone() or ("",)
    assert " ".join(shape.split()) == (
        "create table \"Orders\" ( id bigint primary key, \"state\" varchar(20) not null default '...''...', "
        "price numeric(10, 2), check (price > 12345), note text default e'...' )"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "create table a (id int)",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON a (id)",
        "create or replace view v as select id from a",
        "alter\n table a add column b text",
        "drop function if exists f(text)",
        "grant select on a to public",
        "revoke all on a from public",
        "alter default privileges in schema public grant select on tables to public",
        "create unlogged table a2 (id int)",
        'create table "hunter2; --" (id int, "x$y" int)',
        "alter table a rename to b",
        "create policy p on a using (true)",
        "create extension citext",
    ],
)
def test_what_cannot_hold_a_secret_is_kept_as_it_is(admin: Connection, statement: str) -> None:
    kept = None if "$" in statement else statement
    assert admin.execute("select pgmend.redact(%s)", [statement]).fetchone() == (kept,)


def test_nothing_is_logged_by_the_server_for_us(server_with: ServerWith) -> None:
    """auto_explain logs nested queries with their parameters; our functions pass the text as none."""
    server = server_with(
        session_preload_libraries="auto_explain",
        **{
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_nested_statements": "on",
            "auto_explain.log_verbose": "on",
            "log_parameter_max_length_on_error": "-1",
        },
    )
    assert server.cluster is not None
    with installed_database(server) as database:
        database.execute("create role mapped password 'hunter2'; create table a (); drop role mapped")
        database.execute("create table b (key text default 'hunter2')")
        database.execute("comment on table b is 'hunter2'; drop table b")
        log = server.cluster.log_tail(1_000_000)
        assert "insert into pgmend.ddl_log" in log
        assert SECRET not in log


# --- the scanner against generated statements: secrets stand only in literals, comments and long numbers


def _literal(body: str) -> str:
    return "'" + body.replace("'", "''") + "'"


BODY = st.text(alphabet="ab '\"-/*;$\n()xE&", max_size=12).map(lambda text: text + SECRET + text[::-1])
QUOTED = st.text(alphabet="ab'-/*; $", min_size=1, max_size=8).map(lambda text: f'"{text}"')
TOKEN = st.one_of(
    BODY.map(_literal),
    BODY.map(lambda body: "e" + _literal(body)),
    BODY.map(lambda body: "$q$" + body.replace("$", "") + "$q$"),
    BODY.map(lambda body: "/*" + body.replace("*", "").replace("/", "") + "*/"),
    BODY.map(lambda body: "/* /* */" + body.replace("*", "").replace("/", "") + "*/"),
    BODY.map(lambda body: "--" + body.replace("\n", "") + "\n"),
    BODY.map(lambda body: _literal(body) + "\n" + _literal(body)),
    st.just(f"1{SECRET}"),
    QUOTED,
    st.sampled_from(["default", ",", "(", ")", "text", "id", "<>", "-", "/", "*", "x", "'' ", ";", "add column c"]),
)


@pytest.fixture(scope="module")
def redacting(server: Server) -> Iterator[Connection]:
    with server.database() as database, psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("create schema pgmend")
        text = next(s.text for s in scripts.repeatable(scripts.packaged()) if s.path.endswith("functions/redact.sql"))
        connection.execute(text.encode())
        yield connection


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tokens=st.lists(TOKEN, min_size=1, max_size=12))
def test_no_arrangement_of_tokens_shows_what_is_inside_them(redacting: Connection, tokens: list[str]) -> None:
    statement = "alter table t " + " ".join(tokens)
    (shape,) = redacting.execute("select pgmend.redact(%s)", [statement]).fetchone() or (None,)
    assert shape is None or SECRET not in shape
