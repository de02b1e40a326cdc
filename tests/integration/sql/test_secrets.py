r"""Law 3: no secret is ever stored.

Each statement holds SECRET where a secret may stand, and makes at least one event; none of our tables and no line that
the server logs for us may show it.
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
from tests.support.server import Server

from .conftest import Connect

Connection = psycopg.Connection[Any]
SECRET = "hunter2"
NUMBER = "4111111111111111"

STATEMENTS = [
    # roles and what connects elsewhere
    "create role {role}_n password 'hunter2'; create table a (); drop role {role}_n",
    "create table a (); alter role {role} encrypted password 'hunter2'",
    "do $$ begin create role {role}_x password 'hunter2'; create table a (); drop role {role}_x; end $$",
    "do 'begin execute ''alter role {role} password ''''hunter2''''''; create table a (); end'",
    "create server s foreign data wrapper w options (host 'h', password 'hunter2')",
    "create user mapping for public server known options (user 'u', password 'hunter2')",
    "alter user mapping for current_user server known options (set password 'hunter2')",
    "create foreign table f (id int) server known options (token 'hunter2')",
    "alter foreign data wrapper w options (api_key 'hunter2')",
    "create subscription {role} connection 'host=h password=hunter2' publication p with (connect = false)",
    "alter subscription {role}_known connection 'postgresql://u:hunter2@h/d'",
    # settings need no quotes
    "alter role {role} set app.key to hunter2; create table a ()",
    'alter role {role} set app.key to "hunter2"; create table a ()',
    "set app.key = hunter2; create table a ()",
    "create table a (); alter role {role} set app.key to hunter2",
    "drop table if exists a; set app.key = hunter2; create table a ();",
    "select set_config('app.key', 'hunter2', false); create table a ()",
    "create function g() returns int language sql set app.key to hunter2 as 'select 1'",
    "alter function known() set app.key to hunter2",
    # nor do the arguments of triggers
    "create trigger r before update on known for each row execute function fire('Bearer hunter2')",
    "create trigger r before update on known for each row execute function fire(hunter2)",
    "create schema s create table t () create trigger r before update on t for each row execute function fire(hunter2)",
    # bodies
    "create function g() returns text language sql as $$ select 'hunter2' $$",
    "create function g() returns text language sql as 'select ''hunter2'''",
    "create function g() returns text language sql begin atomic select 'hunter2'; end",
    "create or replace procedure q() language plpgsql as $body$ begin perform $x$hunter2$x$; end $body$",
    "create rule r as on insert to known do also notify c, 'hunter2'",
    # literals of every spelling in plain schema DDL
    "create table a (b text default 'hunter2')",
    "create table a (b text default 'it''s hunter2')",
    "create table a (b text default E'it\\'s hunter2')",
    "create table a (b text default e'\\\\', c text default 'hunter2')",
    "create table a (b text default E'\\'', c text default 'hunter2') -- '",
    "create table a (b text default U&'\\0068unter2', c text default u&'hunter2' uescape '!')",
    "create table a (b text default N'hunter2', c text default n'x')",
    "create table a (b text default $$hunter2$$)",
    "create table a (b text default $q$ ' hunter2 $q$, c text default $$ ' $$)",
    "create table a (b text default 'x'\n  'hunter2')",
    "create table a (b bit(4) default b'1010', c bytea default 'hunter2')",
    "create table a (b bytea default '\\x68', c text default 'hunter2')",
    "create table a as select 'hunter2' as key",
    "select 'hunter2' as key into a",
    "create view v as select 'hunter2' as key",
    "create materialized view m as select id from known where key = 'hunter2'",
    "create index i on known ((key || 'hunter2')) where key <> 'hunter2'",
    "create type e as enum ('hunter2')",
    "alter type mood add value 'hunter2'",
    "create domain d as text check (value <> 'hunter2')",
    "create policy p on known using (key = 'hunter2')",
    "create publication p_known for table known",
    "create aggregate g (text) (sfunc = textcat, stype = text, initcond = 'hunter2')",
    "create table part partition of parted for values in ('hunter2')",
    "comment on table known is 'hunter2'",
    "alter table known alter key set default 'hunter2'",
    # numbers need no quotes at all
    "alter table known alter id set default 4111111111111111",
    "create view v as select 4111111111111111 as card, 4.111111111111111 as other",
    "create table a (id numeric check (id <> 4111111111111111.5), b text default '')",
    # comments
    "/* hunter2 */ create table a ()",
    "create table a () -- hunter2",
    "create table a ( -- it's hunter2\n b text)",
    "create table a (/* ' */ b text default 'hunter2' /* ' */)",
    "/* /* */ ' */ create table a (b text default 'hunter2') --'",
    "create table a (b int /* // /* x */ hunter2 */)",
    "create table a (b int /* hunter2 **/, c text default '/*', d text default 'hunter2*/')",
    "create table \"a\"\" /*\" (b text default 'hunter2', c text default ' */')",
    "create table \"it's\" (b text default 'hunter2')",
    # what else one client statement may hold
    "insert into known (key) values ('hunter2'); create table a ()",
    "prepare p (text) as select $1; create table a as execute p ('hunter2'); deallocate p",
    "create table a (b text); comment on column a.b is 'hunter2'; drop table a",
    "notify c, 'hunter2'; create table a ()",
    "create table a (b text default 'hunter2') /* " + "x" * 12_000 + " */",
]

PREPARATION = """
create extension if not exists citext schema public;
create foreign data wrapper w;
create server known foreign data wrapper w;
create user mapping for current_user server known options (password 'other');
create table known (id numeric, key text);
create function known() returns int language sql as 'select 1';
create function fire() returns trigger language plpgsql as 'begin return new; end';
create type mood as enum ('fine');
create table parted (key text) partition by list (key);
create subscription {role}_known connection 'host=h' publication p with (connect = false);
"""


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
