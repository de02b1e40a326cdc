"""Removing the SQL half, with Python and with psql alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pgmend.sql import scripts
from pgmend.sql.errors import (
    NotInstalled,
    StillNeeded,
)
from pgmend.sql.install import adopt, install, installed_version, uninstall
from psycopg import sql

from tests.support.database import Database
from tests.support.server import Server

from .installing import VERSION, catalogs, program

Connection = psycopg.Connection[Any]


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    """The superuser in an empty database."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


def test_nothing_is_left_after_an_uninstall(private_server: Server) -> None:
    with private_server.database() as database, psycopg.connect(database.dsn, autocommit=True) as connection:
        before = catalogs(connection)
        install(connection)
        connection.execute(
            "create table public.t (id serial primary key); select pgmend.pause('x'); drop table public.t"
        )
        removal = uninstall(connection)
        assert (removal.kept_schema, removal.role_dropped) == (None, True)
        assert catalogs(connection) == before
        assert installed_version(connection) is None
        install(connection)


def test_the_owner_stays_while_another_database_needs_it(admin: Connection, server: Server) -> None:
    with server.database() as other, psycopg.connect(other.dsn, autocommit=True) as elsewhere:
        install(elsewhere)
        install(admin)
        assert not uninstall(admin).role_dropped
        elsewhere.execute("create table public.t ()")
        assert elsewhere.execute("select from pgmend.ddl_log").rowcount == 1


def test_what_is_not_installed_cannot_be_removed_or_adopted(admin: Connection) -> None:
    with pytest.raises(NotInstalled):
        uninstall(admin)
    with pytest.raises(NotInstalled):
        adopt(admin)


FIX = (
    "insert into pgmend.issue (issue_id, issue_type, severity) values ('one', 'X', 'low');"
    "insert into pgmend.fix (fix_id, issue_id, kind, plan, plan_hash, state, finished_at, undo_until) "
    "values ('11111111-1111-1111-1111-111111111111', 'one', 'k', '{}', 'h', %s)"
)


@pytest.mark.parametrize(
    ("needing", "named"),
    [
        *[
            (FIX % f"'{state}', null, null", f"11111111-.* {state}")
            for state in ("approved", "queued", "running", "deferred")
        ],
        *[(FIX % f"'{state}', null, null", state) for state in ("rollback_requested", "rolling_back")],
        (FIX % "'applied', now(), null", "can still be undone"),
        (FIX % "'applied', now() - interval '2 years', null", "can still be undone"),
        (FIX % "'applied', now() - interval '20 days', now() + interval '1 day'", "can still be undone"),
        (
            FIX
            % "'applied', now() - interval '20 days', now() - interval '1 day'"
            + "; insert into pgmend.backup (fix_id, relation_name, relation_oid, kind) "
            "select fix_id, 'kept', 4711, 'column' from pgmend.fix",
            "backups: kept",
        ),
        (
            FIX % "'rollback_requested', now(), now() - interval '1 day'" + "; create table pgmend_backup.old ();"
            "insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, expires_at) "
            "select fix_id, 'old', 'pgmend_backup.old'::regclass, 'column', now() from pgmend.fix",
            "rollback_requested",
        ),
        ("create table pgmend_backup.orphan ()", "orphan"),
        ("create table pgmend.somebodys ()", "somebodys"),
        ("create view public.somebodys as select * from pgmend.status", "somebodys"),
        ("create table public.t (issue_id text references pgmend.issue)", "issue_id_fkey"),
    ],
)
def test_an_uninstall_is_refused_while_something_depends_on_us(admin: Connection, needing: str, named: str) -> None:
    install(admin)
    admin.execute(needing.encode())
    before = catalogs(admin)
    with pytest.raises(StillNeeded, match=named):
        uninstall(admin)
    assert catalogs(admin) == before
    uninstall(admin, discard=True)
    assert installed_version(admin) is None
    assert admin.execute("select from pg_namespace where nspname like 'pgmend%'").rowcount == 0


@pytest.mark.parametrize(
    "harmless",
    [
        FIX % "'proposed', null, null",
        FIX % "'refused', now(), null",
        FIX % "'rolled_back', now(), null",
        FIX % "'applied', now() - interval '20 days', now() - interval '1 day'",
        FIX.replace("'{}'", """'{"inverse": []}'""") % "'applied', now(), now() + interval '30 days'",
        FIX
        % "'applied', now() - interval '40 days', now() - interval '33 days'"
        + "; create table pgmend_backup.old ();"
        "insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, expires_at) "
        "select fix_id, 'old', 'pgmend_backup.old'::regclass, 'column', now() - interval '10 days' from pgmend.fix",
    ],
    ids=["proposed", "refused", "undone", "its time is over", "nothing to undo", "its backup has expired"],
)
def test_an_uninstall_goes_on_where_nothing_can_be_undone_any_more(admin: Connection, harmless: str) -> None:
    install(admin)
    admin.execute(harmless.encode())
    uninstall(admin)
    assert installed_version(admin) is None


def test_a_kept_audit_outlives_the_uninstall_and_the_next_install(admin: Connection) -> None:
    install(admin)
    admin.execute("create table public.t (); select pgmend.pause('deployment')")
    removal = uninstall(admin, keep_audit=True)
    assert removal.kept_schema is not None
    assert removal.kept_schema.startswith("pgmend_audit_")
    kept = sql.Identifier(removal.kept_schema)
    assert admin.execute(sql.SQL("select object_identity from {}.ddl_log").format(kept)).fetchall() == [("public.t",)]
    assert admin.execute(sql.SQL("select action from {}.audit").format(kept)).fetchall() == [("policy.pause",)]
    tables = admin.execute("select tablename from pg_tables where schemaname = %s order by 1", [removal.kept_schema])
    assert tables.fetchall() == [("audit",), ("ddl_log",)]
    assert install(admin).version_before is None


def test_the_emergency_file_stops_everything_with_psql_alone(
    server: Server, admin: Connection, database: Database
) -> None:
    install(admin)
    run_file(server, database, "emergency_off.sql")
    assert admin.execute("select from pg_event_trigger").rowcount == 0
    assert admin.execute("select paused, pause_reason from pgmend.policy").fetchone() == (True, "emergency_off.sql")
    assert admin.execute("select action from pgmend.audit").fetchall() == [("policy.pause",)]
    assert install(admin).event_triggers


@pytest.mark.parametrize("lost", ["audit", "policy", "ddl_log"])
def test_the_emergency_file_takes_the_triggers_out_of_a_broken_schema(
    server: Server, admin: Connection, database: Database, lost: str
) -> None:
    install(admin)
    admin.execute(f"drop table pgmend.{lost} cascade".encode())
    run_file(server, database, "emergency_off.sql")
    assert admin.execute("select from pg_event_trigger").rowcount == 0


def test_a_dump_is_restored_with_us_and_only_observed(server: Server, admin: Connection, database: Database) -> None:
    install(admin)
    admin.execute("create table public.t (id int primary key)")
    dumped = subprocess.run([program(server, "pg_dump"), "-d", database.dsn], check=True, capture_output=True)
    with server.database() as copy, psycopg.connect(copy.dsn, autocommit=True) as connection:
        psql = [program(server, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", copy.dsn]
        subprocess.run(psql, input=dumped.stdout, check=True, stdout=subprocess.DEVNULL)
        assert connection.execute("select fixing, detection from pgmend.status").fetchone() == ("observing", "events")
        assert install(connection).version_before == VERSION
        connection.execute("create table public.u ()")
        assert connection.execute("select from pgmend.ddl_log where object_identity = 'public.u'").rowcount == 1
        uninstall(connection)


def run_file(server: Server, database: Database, name: str) -> None:
    subprocess.run(
        [program(server, "psql"), "-X", "-q", "-d", database.dsn, "-f", str(scripts.packaged().joinpath(name))],
        check=True,
    )
