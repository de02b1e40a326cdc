"""What the event triggers record of DDL."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Role

from .conftest import Connect

Connection = psycopg.Connection[Any]


def recorded(connection: Connection) -> list[tuple[Any, ...]]:
    """Kind, command, type and name of what was recorded, in order."""
    return connection.execute(
        "select kind, command_tag, object_type, object_identity from pgmend.ddl_log order by occurred_at, position"
    ).fetchall()


def test_a_table_is_recorded_with_who_made_it_and_from_where(
    connect: Connect, admin: Connection, ordinary: Role
) -> None:
    theirs = connect(ordinary, application_name="migrate.py")
    theirs.execute("set pgmend.intended = 'release 7'")
    theirs.execute("create table app.users (id bigint, name text default 'nobody')")

    columns = (
        "kind, command_tag, object_type, schema_name, object_identity, object_id::regclass::text, session_role, "
        "effective_role, application_name, client_addr::text, backend_pid, statement, statement_withheld, intended, "
        "fix_id, processed_at, in_extension"
    )
    (row,) = admin.execute(f"select {columns} from pgmend.ddl_log").fetchall()
    assert row == (
        "command",
        "CREATE TABLE",
        "table",
        "app",
        "app.users",
        "app.users",
        ordinary.name,
        ordinary.name,
        "migrate.py",
        "127.0.0.1/32",
        theirs.info.backend_pid,
        "create table app.users (id bigint, name text default '...')",
        False,
        "release 7",
        None,
        None,
        False,
    )


def test_the_role_that_was_set_is_recorded_beside_the_one_that_logged_in(
    connect: Connect, admin: Connection, ordinary: Role
) -> None:
    ours = connect()
    ours.execute(sql.SQL("set role {}").format(ordinary.identifier))
    ours.execute("create table app.t ()")
    assert admin.execute("select session_role, effective_role from pgmend.ddl_log").fetchall() == [
        ("postgres", ordinary.name)
    ]


def test_the_transaction_is_the_one_that_a_migration_table_shows(connect: Connect, admin: Connection) -> None:
    with connect().transaction() as transaction:
        transaction.connection.execute("create table public.versions as select 1 as version")
        (transaction_id,) = transaction.connection.execute("select pg_current_xact_id()::text").fetchone() or ()
    assert admin.execute("select distinct transaction_id::text from pgmend.ddl_log").fetchall() == [(transaction_id,)]


def test_what_is_rolled_back_to_a_savepoint_leaves_no_row(connect: Connect, admin: Connection) -> None:
    session = connect()
    with session.transaction():
        session.execute("create table public.kept ()")
        with session.transaction(force_rollback=True):
            session.execute("create table public.lost ()")
            session.execute("drop table public.kept")
        session.execute("create table public.kept_too ()")
    assert [name for *_, name in recorded(admin)] == ["public.kept", "public.kept_too"]


def test_what_is_rolled_back_leaves_no_row(connect: Connect, admin: Connection) -> None:
    with connect().transaction(force_rollback=True) as transaction:
        transaction.connection.execute("create table public.lost ()")
    assert recorded(admin) == []


def test_five_hundred_commands_in_one_transaction_are_five_hundred_rows(connect: Connect, admin: Connection) -> None:
    with connect().transaction() as transaction:
        for number in range(250):
            transaction.connection.execute(f"create table public.t{number} ()")
            transaction.connection.execute(f"alter table public.t{number} add id int")
    rows = admin.execute("select count(*), count(distinct transaction_id), count(statement) from pgmend.ddl_log")
    assert rows.fetchall() == [(500, 1, 500)]


def test_commands_of_one_statement_are_told_by_its_start(connect: Connect, admin: Connection) -> None:
    session = connect()
    with session.transaction():
        session.execute("create table public.a (); create table public.b ()")
        session.execute("create table public.c ()")
    starts = admin.execute("select statement_started_at from pgmend.ddl_log order by occurred_at").fetchall()
    assert starts[0] == starts[1] != starts[2]


def test_commands_inside_a_do_block_are_recorded_without_its_text(connect: Connect, admin: Connection) -> None:
    connect().execute(
        "do $$ begin for n in 1..3 loop execute format('create table public.t%s ()', n); end loop; end $$"
    )
    assert [name for *_, name in recorded(admin)] == ["public.t1", "public.t2", "public.t3"]
    assert admin.execute("select distinct statement, statement_withheld from pgmend.ddl_log").fetchall() == [
        (None, True)
    ]


def test_each_column_that_goes_is_recorded_with_its_table(connect: Connect, admin: Connection) -> None:
    admin.execute("create table public.t (a int, b int)")
    admin.execute("delete from pgmend.ddl_log")
    connect().execute("alter table public.t drop column b")
    assert recorded(admin) == [
        ("drop", "ALTER TABLE", "table column", "public.t.b"),
        ("command", "ALTER TABLE", "table", "public.t"),
    ]
    assert admin.execute(
        "select object_id::regclass::text, object_subid from pgmend.ddl_log where kind = 'drop'"
    ).fetchall() == [("t", 2)]


def test_of_a_dropped_table_the_table_is_recorded_and_not_its_row_type_or_index(
    connect: Connect, admin: Connection
) -> None:
    admin.execute("create table public.t (id int primary key, body text)")
    admin.execute("delete from pgmend.ddl_log")
    connect().execute("drop table public.t")
    assert recorded(admin) == [("drop", "DROP TABLE", "table", "public.t")]


def test_a_foreign_key_that_a_cascade_takes_is_recorded(connect: Connect, admin: Connection) -> None:
    admin.execute("create table public.p (id int primary key); create table public.c (p int references public.p)")
    admin.execute("delete from pgmend.ddl_log")
    connect().execute("drop table public.p cascade")
    assert ("drop", "DROP TABLE", "table constraint", "c_p_fkey on public.c") in recorded(admin)


def test_drop_owned_is_recorded(connect: Connect, admin: Connection, ordinary: Role) -> None:
    connect(ordinary).execute("create table app.a (); create table app.b (); create view app.v as select 1 as one")
    admin.execute("delete from pgmend.ddl_log")
    admin.execute(sql.SQL("drop owned by {}").format(ordinary.identifier))
    names = {(kind, command, name) for kind, command, _, name in recorded(admin)}
    assert {("drop", "DROP OWNED", f"app.{name}") for name in "abv"} <= names


def test_an_extension_is_one_row_and_its_members_are_none(connect: Connect, admin: Connection) -> None:
    session = connect()
    session.execute("create extension citext schema public")
    session.execute("drop extension citext")
    assert recorded(admin) == [
        ("command", "CREATE EXTENSION", "extension", "citext"),
        ("drop", "DROP EXTENSION", "extension", "citext"),
    ]


def test_a_column_that_goes_with_an_extension_is_recorded(connect: Connect, admin: Connection) -> None:
    admin.execute("create extension citext schema public; create table public.t (a int, b public.citext)")
    admin.execute("delete from pgmend.ddl_log")
    connect().execute("drop extension citext cascade")
    assert {name for *_, name in recorded(admin)} == {"citext", "public.t.b"}


def test_partitions_are_recorded_as_they_come_and_go(connect: Connect, admin: Connection) -> None:
    session = connect()
    session.execute("create table public.log (day date) partition by range (day)")
    session.execute(
        "create table public.log_1 partition of public.log for values from ('2026-01-01') to ('2026-02-01')"
    )
    session.execute("create table public.log_2 (day date)")
    session.execute(
        "alter table public.log attach partition public.log_2 for values from ('2026-02-01') to ('2026-03-01')"
    )
    session.execute("alter table public.log detach partition public.log_1")
    session.execute("alter table public.log detach partition public.log_2 concurrently")
    assert [(command, name) for _, command, _, name in recorded(admin)] == [
        ("CREATE TABLE", "public.log"),
        ("CREATE TABLE", "public.log_1"),
        ("CREATE TABLE", "public.log_2"),
        ("ALTER TABLE", "public.log"),
        ("ALTER TABLE", "public.log"),
        ("ALTER TABLE", "public.log"),
    ]


def test_partitions_that_go_with_their_parent_are_recorded(connect: Connect, admin: Connection) -> None:
    admin.execute("create table public.log (day date) partition by range (day)")
    admin.execute("create table public.log_1 partition of public.log default")
    admin.execute("delete from pgmend.ddl_log")
    connect().execute("drop table public.log")
    assert {name for *_, name in recorded(admin)} == {"public.log", "public.log_1"}


@pytest.mark.parametrize(
    "statement",
    [
        "create temp table t (id serial primary key, other int unique, body text)",
        "create temp table t as select 1 as id",
        "select 1 as id into temp t",
        "create temp view t as select 1 as id",
        "create temp sequence t",
        "create temp table t (id int); alter table t add other int; create index on t (id); comment on table t is 'x'",
        "create temp table t (id int); create trigger r before update on t for each row "
        "execute function suppress_redundant_updates_trigger()",
        "create temp table t (id int) partition by list (id); create temp table t1 partition of t default",
        "create temp table t (id int); drop table t",
        "create function pg_temp.t() returns int language sql as 'select 1'",
    ],
)
def test_nothing_temporary_is_recorded(connect: Connect, admin: Connection, statement: str) -> None:
    connect().execute(statement.encode())
    assert recorded(admin) == []


def test_a_refreshed_materialized_view_is_no_change(connect: Connect, admin: Connection) -> None:
    admin.execute("create materialized view public.m as select 1 as id; create unique index on public.m (id)")
    admin.execute("delete from pgmend.ddl_log")
    session = connect()
    session.execute("refresh materialized view public.m")
    session.execute("refresh materialized view concurrently public.m")
    assert recorded(admin) == []


@pytest.mark.parametrize(
    "statement",
    [
        "create table pgmend_backup.t (id int primary key)",
        "create table pgmend.t (id serial primary key); drop table pgmend.t",
        "comment on schema pgmend is 'x'",
        "comment on table pgmend.issue is 'x'",
        "drop trigger guard_fix on pgmend.fix",
        "alter table pgmend_backup.backed add other int; drop table pgmend_backup.backed",
    ],
)
def test_our_own_schemas_are_nobodys_ddl(connect: Connect, admin: Connection, statement: str) -> None:
    admin.execute("create table pgmend_backup.backed ()")
    assert recorded(admin) == []
    connect().execute(statement.encode())
    assert recorded(admin) == []


def test_an_index_built_concurrently_is_recorded(connect: Connect, admin: Connection) -> None:
    session = connect()
    session.execute("create table public.t (id int)")
    session.execute("create index concurrently t_id on public.t (id)")
    session.execute("drop index concurrently public.t_id")
    assert recorded(admin)[1:] == [
        ("command", "CREATE INDEX", "index", "public.t_id"),
        ("drop", "DROP INDEX", "index", "public.t_id"),
    ]


def test_a_grant_is_recorded_by_its_text_since_it_names_no_object(connect: Connect, admin: Connection) -> None:
    session = connect()
    session.execute("create table public.t ()")
    session.execute("grant select on public.t to public")
    assert recorded(admin)[1:] == [("command", "GRANT", "TABLE", None)]
    assert admin.execute("select statement from pgmend.recent_ddl limit 1").fetchone() == (
        "grant select on public.t to public",
    )


def test_a_schema_lists_its_elements(connect: Connect, admin: Connection) -> None:
    connect().execute("create schema shop create table orders (id int) create view everything as select * from orders")
    assert {name for *_, name in recorded(admin)} == {"shop", "shop.orders", "shop.everything"}


def test_what_does_nothing_leaves_no_row(connect: Connect, admin: Connection) -> None:
    session = connect(options="-c client_min_messages=warning")
    session.execute("drop table if exists public.missing")
    session.execute("create table public.t ()")
    session.execute("create table if not exists public.t ()")
    assert len(recorded(admin)) == 1


def test_names_of_all_kinds_arrive_whole(connect: Connect, admin: Connection) -> None:
    name = "Üb'er \"; -- " + "x" * 48
    connect().execute(sql.SQL("create table public.{} ()").format(sql.Identifier(name)))
    quoted = name.replace('"', '""')
    assert [identity for *_, identity in recorded(admin)] == [f'public."{quoted}"']


def test_the_listener_is_woken_once_for_a_transaction(connect: Connect) -> None:
    listener, session = connect(), connect()
    listener.execute("listen pgmend")
    with session.transaction():
        session.execute("create table public.a (); create table public.b (); drop table public.a")
    assert [(heard.channel, heard.payload) for heard in listener.notifies(timeout=5, stop_after=1)] == [("pgmend", "")]
    assert list(listener.notifies(timeout=0)) == []


def test_a_temporary_table_wakes_nobody(connect: Connect) -> None:
    listener, session = connect(), connect()
    listener.execute("listen pgmend")
    session.execute("create temp table t (); drop table t")
    session.execute("notify other")
    listener.execute("listen other")
    session.execute("notify other")
    assert [heard.channel for heard in listener.notifies(timeout=5, stop_after=1)] == ["other"]


def test_a_statement_of_megabytes_is_recorded_without_its_text(connect: Connect, installed: Database) -> None:
    filler = "-- " + "x" * 100 + "\n"
    connect().execute((filler * 11_000 + "create table public.a (); create table public.b ()").encode())
    rows = installed.fetch(
        "select object_identity, statement, statement_withheld from pgmend.ddl_log order by occurred_at"
    )
    assert rows == [("public.a", None, True), ("public.b", None, True)]


def test_a_statement_over_ten_thousand_bytes_is_withheld(connect: Connect, admin: Connection) -> None:
    columns = ", ".join(f"column_number_{number} text" for number in range(500))
    connect().execute(f"create table public.wide ({columns})".encode())
    assert admin.execute("select statement, statement_withheld from pgmend.ddl_log").fetchall() == [(None, True)]
