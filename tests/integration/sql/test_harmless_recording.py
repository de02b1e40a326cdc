"""Law 1: a user's DDL never fails, waits or behaves differently because of us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.role import Role
from tests.support.server import Server

from .conftest import Connect

Connection = psycopg.Connection[Any]

# Anything that waits for us waits for ever, and is ended by this long before the test is.
PATIENCE = "-c statement_timeout=20s"


def count(connection: Connection) -> int:
    (rows,) = connection.execute("select count(*) from pgmend.ddl_log").fetchone() or (0,)
    return rows


@pytest.fixture
def waiting_is_for_ever(admin: Connection) -> None:
    """Take away the time limit that the trigger functions set for what NOWAIT does not cover."""
    for name in ("record_ddl", "record_drop"):
        admin.execute(sql.SQL("alter function pgmend.{}() set lock_timeout = 0").format(sql.Identifier(name)))


@pytest.mark.usefixtures("waiting_is_for_ever")
@pytest.mark.parametrize("table", ["ddl_log", "own_backend"])
@pytest.mark.parametrize("mode", ["access exclusive", "exclusive", "share row exclusive"])
def test_ddl_does_not_wait_for_our_locked_table(connect: Connect, admin: Connection, table: str, mode: str) -> None:
    holder, session = connect(), connect(options=PATIENCE)
    with holder.transaction():
        holder.execute(f"lock table pgmend.{table} in {mode} mode".encode())
        with session.transaction():
            for number in range(15):
                session.execute(f"create table public.t{number} ()".encode())
                session.execute(f"drop table public.t{number}".encode())
            session.execute("create table public.kept ()")
    assert admin.execute("select to_regclass('public.kept')::text").fetchone() == ("kept",)
    # own_backend is only read: a lock that lets readers pass is no reason to record nothing.
    assert count(admin) == (31 if table == "own_backend" and mode != "access exclusive" else 0)


@pytest.mark.usefixtures("waiting_is_for_ever")
def test_ddl_does_not_wait_behind_one_who_waits_for_our_table(connect: Connect, admin: Connection) -> None:
    first, queued, session = connect(), connect(), connect(options=PATIENCE)
    with first.transaction():
        first.execute("create table public.a ()")
        queued.pgconn.send_query(b"alter table pgmend.ddl_log add column extra text")
        waits = "select exists (select from pg_locks where pid = %s and not granted)"
        while admin.execute(waits, [queued.info.backend_pid]).fetchone() == (False,):
            pass
        session.execute("create table public.b ()")
    queued.pgconn.finish()
    assert admin.execute("select to_regclass('public.b')::text").fetchone() == ("b",)


def test_ddl_of_others_does_not_wait_for_ddl_that_is_not_committed(connect: Connect, admin: Connection) -> None:
    one, other = connect(), connect(options=PATIENCE)
    with one.transaction():
        one.execute("create table public.a ()")
        other.execute("create table public.b ()")
        assert count(admin) == 1
    assert count(admin) == 2


BROKEN = {
    "log table dropped": "drop table pgmend.ddl_log cascade",
    "log table renamed": "alter table pgmend.ddl_log rename to other",
    "log table emptied of a column": "alter table pgmend.ddl_log drop column object_identity cascade",
    "a column of another type": "drop view pgmend.recent_ddl; "
    "alter table pgmend.ddl_log alter position type date using now()",
    "a column that we do not fill": "alter table pgmend.ddl_log add column must text not null",
    "a check that we do not pass": "alter table pgmend.ddl_log add check (command_tag = 'nonsense')",
    "a key that is taken": "alter table pgmend.ddl_log alter event_id set default "
    "'00000000-0000-0000-0000-000000000000'; insert into pgmend.ddl_log (transaction_id, statement_started_at, "
    "position, kind, command_tag, session_role, effective_role, backend_pid) "
    "values ('1', now(), 1, '', '', '', '', 1)",
    "a trigger that raises": "create function public.boom() returns trigger language plpgsql as "
    "$$ begin raise exception 'boom'; end $$; "
    "create trigger boom before insert on pgmend.ddl_log for each row execute function public.boom()",
    "a rule in place of the insert": "create rule r as on insert to pgmend.ddl_log do instead select 1 / 0",
    "row security forced": "alter table pgmend.ddl_log enable row level security, force row level security",
    "insert revoked": "revoke insert on pgmend.ddl_log from pgmend_owner",
    "select revoked": "revoke select on pgmend.own_backend from pgmend_owner",
    "usage revoked": "revoke usage on schema pgmend from pgmend_owner",
    "registrations dropped": "drop table pgmend.own_backend",
    "redaction dropped": "drop function pgmend.redact(text)",
    "an assertion, which OTHERS does not catch": "create or replace function pgmend.redact(statement text) "
    "returns text language plpgsql as 'begin assert false; end'",
    "schema renamed": "alter schema pgmend rename to elsewhere",
    "ownership lost": "alter function pgmend.record_ddl() owner to pg_monitor;"
    "alter function pgmend.record_drop() owner to pg_monitor",
}


@pytest.mark.parametrize("breakage", BROKEN.values(), ids=BROKEN.keys())
def test_ddl_goes_on_when_the_recorder_is_broken(connect: Connect, admin: Connection, breakage: str) -> None:
    admin.execute("create table public.before ()")
    session = connect()
    session.execute("create table public.warm (); drop table public.warm")  # its plans are made
    admin.execute("delete from pgmend.ddl_log")
    admin.execute(breakage.encode())
    for user in (session, connect()):
        user.execute("create table public.t (id serial primary key)")
        with user.transaction():
            user.execute("alter table public.t add body text; drop table public.before; create table public.before ()")
        user.execute("create unique index concurrently i on public.t (body)")
        assert user.execute("select indisvalid from pg_index where indexrelid = 'public.i'::regclass").fetchone() == (
            True,
        )
        user.execute("drop index concurrently public.i")
        user.execute("drop table public.t")
    log = admin.execute(
        "select coalesce(to_regclass('pgmend.ddl_log'), to_regclass('elsewhere.ddl_log'))::text"
    ).fetchone()
    if log != (None,):
        row = "to_jsonb(ddl_log)"
        made = f"{row} ->> 'object_identity' = 'public.i' and {row} ->> 'kind' = 'command'"
        query = f"select count(*) from {log[0]} where {made}"  # type: ignore[index]
        assert admin.execute(query.encode()).fetchone() == (0,)


def test_ddl_goes_on_after_the_owner_lost_everything(connect: Connect, admin: Connection) -> None:
    admin.execute("drop schema pgmend, pgmend_backup cascade")
    session = connect()
    session.execute("create table public.t (); drop table public.t")
    assert admin.execute("select count(*) from pg_event_trigger").fetchone() == (0,)


def test_nobody_can_revoke_the_bell_and_with_it_the_record(connect: Connect, admin: Connection) -> None:
    admin.execute("revoke execute on function pg_notify(text, text) from public; delete from pgmend.ddl_log")
    connect().execute("create table public.t ()")
    assert count(admin) == 1


def test_a_cancel_passes_through_and_undoes_the_command(connect: Connect, admin: Connection) -> None:
    admin.execute(
        "create function public.nap() returns trigger language plpgsql as $$ begin perform pg_sleep(60); end $$"
    )
    admin.execute("create trigger nap before insert on pgmend.ddl_log for each row execute function public.nap()")
    with pytest.raises(psycopg.errors.QueryCanceled):
        connect(options="-c statement_timeout=100ms").execute("create table public.t ()")
    assert admin.execute("select to_regclass('public.t')").fetchone() == (None,)


def test_lastval_is_the_users_own(connect: Connect) -> None:
    session = connect()
    session.execute("create sequence public.s start 42")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        session.execute("select lastval()")
    with session.transaction():
        session.execute("select nextval('public.s')")
        session.execute("create table public.t ()")
        session.execute("drop table public.t")
        assert session.execute("select lastval()").fetchone() == (42,)


def test_no_table_of_ours_draws_from_a_sequence(admin: Connection) -> None:
    assert (
        admin.execute(
            "select relname from pg_class where relkind = 'S' and relnamespace = 'pgmend'::regnamespace"
        ).fetchall()
        == []
    )


def test_the_users_view_of_the_sessions_is_not_frozen(connect: Connect) -> None:
    session = connect()
    with session.transaction():
        session.execute("create table public.t ()")
        later = connect()
        seen = session.execute("select from pg_stat_activity where pid = %s", [later.info.backend_pid]).fetchone()
    assert seen is not None


def test_what_the_user_set_stays_set(connect: Connect) -> None:
    session = connect()
    settings = "select name, setting from pg_settings where source = 'session' order by name"
    session.execute("set search_path = public; set lock_timeout = '7s'")
    before = session.execute(settings).fetchall()
    with session.transaction():
        session.execute("create table public.t ()")
        assert session.execute(settings).fetchall() == before
        assert session.execute(
            "select current_user = session_user, found is null from (values (null)) as t (found)"
        ).fetchone() == (
            True,
            True,
        )


ODD_SETTINGS = [
    "standard_conforming_strings = off",
    "backslash_quote = off",
    "quote_all_identifiers = on",
    "transform_null_equals = on",
    "array_nulls = off",
    "plpgsql.extra_errors = 'all'",
    "plpgsql.variable_conflict = 'use_variable'",
    "plpgsql.check_asserts = off",
    "check_function_bodies = off",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_isolation = 'repeatable read'",
    "row_security = off",
    "search_path = ''",
    "search_path = evil, pg_catalog, public",
    "datestyle = 'SQL, DMY'",
    "timezone = 'Asia/Kolkata'",
    "intervalstyle = 'sql_standard'",
    "bytea_output = 'escape'",
    "xmloption = 'document'",
    "lock_timeout = '1ms'",
    "jit_above_cost = 0",
    "force_parallel_mode_or_debug_parallel_query = on",
    "plan_cache_mode = 'force_custom_plan'",
    "enable_seqscan = off",
    "work_mem = '64kB'",
    "application_name = 'x''; drop table pgmend.ddl_log; --'",
    "application_name = E'\\x01 \\\\ \"'",
    "pgmend.intended = ''",
    "pgmend.long_statement = 'nonsense'",
]


@pytest.mark.parametrize("setting", ODD_SETTINGS)
def test_ddl_is_recorded_whatever_the_session_is_set_to(connect: Connect, admin: Connection, setting: str) -> None:
    admin.execute("create schema evil")
    for name, arguments, result in (
        ("redact", "text", "text"),
        ("current_query", "", "text"),
        ("coalesce_or_left", "text, int", "text"),
        ("statement_timestamp", "", "timestamptz"),
        ("pg_current_xact_id", "", "xid8"),
    ):
        admin.execute(
            f"create function evil.{name}({arguments}) returns {result} language plpgsql as "
            "$$ begin raise exception 'hijacked'; end $$".encode()
        )
    admin.execute(
        "create operator evil.= (leftarg = text, rightarg = text, function = evil_eq)".replace(
            "evil_eq", "textne"
        ).encode()
    )
    admin.execute("delete from pgmend.ddl_log")
    parallel = "debug_parallel_query" if admin.info.server_version >= 160000 else "force_parallel_mode"
    session = connect()
    session.execute(f"set {setting.replace('force_parallel_mode_or_debug_parallel_query', parallel)}".encode())
    session.execute("create table public.t (a text default 'x')")
    assert admin.execute("select statement from pgmend.ddl_log").fetchall() == [
        ("create table public.t (a text default '...')",)
    ]


def test_somebodys_own_objects_of_our_names_are_not_used(connect: Connect, admin: Connection, ordinary: Role) -> None:
    session = connect(ordinary)
    session.execute("create temp table ddl_log (x int); create temp table own_backend (x int)")
    session.execute("create function pg_temp.redact(text) returns text language sql as $$ select 'forged' $$")
    session.execute("create table app.t ()")
    assert admin.execute("select statement from pgmend.ddl_log").fetchall() == [("create table app.t ()",)]


def test_serializable_transactions_with_ddl_do_not_fail_each_other(connect: Connect, admin: Connection) -> None:
    one, other = connect(), connect()
    for session in (one, other):
        session.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    with one.transaction(), other.transaction():
        one.execute("create table public.a ()")
        other.execute("create table public.b ()")
        one.execute("create table public.c ()")
        other.execute("drop table public.b")
    assert count(admin) == 4


def test_ddl_can_be_prepared_for_two_phase_commit(server_with: ServerWith) -> None:
    server = server_with(max_prepared_transactions="10")
    with installed_database(server) as database, psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute("begin")
        session.execute("create table public.t (); create table public.u (); drop table public.u")
        session.execute("prepare transaction 'migration'")
        assert database.value("select count(*) from pgmend.ddl_log") == 0
        session.execute("commit prepared 'migration'")
        assert database.value("select count(*) from pgmend.ddl_log") == 3


def test_people_can_approve_where_two_phase_commit_is_on(server_with: ServerWith) -> None:
    server = server_with(max_prepared_transactions="10")
    with installed_database(server) as database:
        database.execute("select pgmend.pause('deployment')")
        assert database.value("select paused from pgmend.policy")


def test_nobody_is_woken_when_the_queue_is_a_quarter_full(server: Server, server_with: ServerWith) -> None:
    if server.version < 17:
        pytest.skip("the queue can be made short from PostgreSQL 17 on")
    short = server_with(max_notify_queue_pages="64")
    with (
        installed_database(short) as database,
        psycopg.connect(database.dsn, autocommit=True) as session,
        psycopg.connect(database.dsn) as stuck,
    ):
        stuck.execute("listen other")
        stuck.commit()
        stuck.execute("select 1")  # in a transaction it reads nothing, and the queue grows
        while session.execute("select pg_notification_queue_usage() <= 0.25").fetchone() == (True,):
            session.execute("select pg_notify('other', repeat('x', 7900) || random())")
        with psycopg.connect(database.dsn, autocommit=True) as listener:
            listener.execute("listen pgmend")
            session.execute("create table public.t ()")
            session.execute("select pg_notify('pgmend', 'end')")
            assert [heard.payload for heard in listener.notifies(timeout=5, stop_after=1)] == ["end"]
        assert database.value("select count(*) from pgmend.ddl_log") == 1


def test_event_triggers_never_write_to_the_server_log(server_with: ServerWith) -> None:
    server = server_with(log_min_messages="debug1", log_min_error_statement="log")
    assert server.cluster is not None
    with installed_database(server) as database, psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute("drop table pgmend.ddl_log cascade")
        session.execute("create table public.marked_in_the_log ()")
        assert "marked_in_the_log" not in server.cluster.log_tail(1_000_000)


def test_the_functions_hold_no_backslash_that_a_setting_could_change() -> None:
    """Outside E'' a backslash means one thing or another, by standard_conforming_strings."""
    functions = Path(__file__).parents[3] / "sql" / "functions"
    for file in functions.glob("*.sql"):
        for line in file.read_text().splitlines():
            assert "\\" not in line or "E'" in line or line.lstrip().startswith("--"), f"{file.name}: {line}"
