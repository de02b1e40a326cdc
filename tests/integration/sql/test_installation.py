"""Installing, upgrading and adopting the SQL half."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pgmend.sql import scripts
from pgmend.sql.errors import (
    InstallationBlocked,
    InstallationError,
    NewerInstalled,
)
from pgmend.sql.install import adopt, install, installed_version, statements
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Roles
from tests.support.server import Server

from .installing import VERSION, as_of_version, catalogs, upgraded

NAMES = tuple(migration.name for migration in scripts.migrations(scripts.packaged()))
Connection = psycopg.Connection[Any]


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    """The superuser in an empty database."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


def test_a_first_install_says_what_it_did(admin: Connection) -> None:
    assert installed_version(admin) is None
    result = install(admin)
    assert (result.version_before, result.version, result.migrations) == (None, VERSION, NAMES)
    assert (result.owner, result.event_triggers, result.why_polling) == ("pgmend_owner", True, None)
    assert result.detection == "events"
    assert installed_version(admin) == VERSION


def test_a_second_install_changes_nothing(admin: Connection) -> None:
    install(admin)
    admin.execute("select pgmend.pause('deployment')")
    before = catalogs(admin), admin.execute("select instance_id from pgmend.instance").fetchall()
    result = install(admin)
    assert (result.version_before, result.version, result.migrations) == (VERSION, VERSION, ())
    assert (catalogs(admin), admin.execute("select instance_id from pgmend.instance").fetchall()) == before
    assert admin.execute("select pause_reason from pgmend.policy").fetchone() == ("deployment",)
    assert admin.execute("select from pgmend.ddl_log").rowcount == 0


def test_the_instance_is_this_database(admin: Connection) -> None:
    install(admin)
    assert admin.execute(
        "select database_oid = (select oid from pg_database where datname = current_database()), "
        "system_identifier = (select system_identifier::text from pg_control_system()), installed_by "
        "from pgmend.instance"
    ).fetchall() == [(True, True, "postgres")]


def test_the_listed_statements_are_what_install_runs(admin: Connection, server: Server, role: Roles) -> None:
    before = catalogs(admin)
    listed = statements(admin)
    assert catalogs(admin) == before
    with server.database() as other, psycopg.connect(other.dsn, autocommit=True) as by_hand:
        for statement in listed:
            by_hand.execute(statement.encode())
        by_hand.execute("insert into pgmend.instance (database_oid, schema_version) values (1, 1)")
        names = "select oid::regclass::text from pg_class where relnamespace = 'pgmend'::regnamespace order by 1"
        install(admin)
        assert by_hand.execute(names).fetchall() == admin.execute(names).fetchall()
        assert by_hand.execute("select evtname from pg_event_trigger order by 1").rowcount == 2


def test_an_upgrade_runs_only_what_is_new_and_keeps_the_rows(admin: Connection, tmp_path: Path) -> None:
    install(admin)
    admin.execute("select pgmend.pause('deployment')")
    admin.execute("create table public.t ()")
    root = upgraded(
        tmp_path, "alter table pgmend.policy add column note text; create table pgmend.extra (id int primary key);"
    )
    assert any("add column note" in statement for statement in statements(admin, root=root))
    assert not any("create table pgmend.policy" in statement for statement in statements(admin, root=root))
    result = install(admin, root=root)
    assert (result.version_before, result.version, result.migrations) == (
        VERSION,
        VERSION + 1,
        (f"{VERSION + 1:04}_next",),
    )
    assert installed_version(admin) == VERSION + 1
    assert admin.execute("select pause_reason, note from pgmend.policy").fetchone() == ("deployment", None)
    assert admin.execute("select tableowner from pg_tables where tablename = 'extra'").fetchone() == ("pgmend_owner",)
    assert admin.execute("select object_identity from pgmend.ddl_log").fetchall() == [("public.t",)]
    with pytest.raises(NewerInstalled, match=f"version {VERSION + 1}"):
        install(admin)


def test_fixes_applied_under_version_1_get_an_end_and_their_backups_a_row(admin: Connection, tmp_path: Path) -> None:
    install(admin, root=as_of_version(tmp_path, 1))
    admin.execute("""
        create table pgmend_backup.spelling_1 (a) as select generate_series(1, 3);
        create table pgmend_backup.spelling_2 ();
        alter table pgmend_backup.spelling_1 owner to pgmend_owner;
        alter table pgmend_backup.spelling_2 owner to pgmend_owner;
        insert into pgmend.issue (issue_id, issue_type, severity) values ('i', 'X', 'low');
        insert into pgmend.fix (kind, plan, state, finished_at, undo_until, issue_id, plan_hash)
        select v.*, 'i', 'h' from (values
          ('kept', '{"backups": ["pgmend_backup.spelling_1"]}'::jsonb, 'applied', timestamptz '2026-05-01', null),
          ('plain', '{"backups": []}', 'applied', '2026-05-01', null),
          ('known', '{}', 'applied', '2026-05-01', timestamptz '2026-05-02'),
          ('failed', '{"backups": ["pgmend_backup.spelling_2"]}', 'failed', '2026-05-01', null),
          ('gone', '{"backups": ["pgmend_backup.spelling_3"]}', 'rolled_back', '2026-05-01', null),
          ('going', '{}', 'running', null, null)) as v
    """)
    assert install(admin).version_before == 1
    ends = admin.execute("select kind, undo_until::date::text from pgmend.fix order by kind").fetchall()
    assert ends == [
        ("failed", None), ("going", None), ("gone", None),
        ("kept", "2026-05-08"), ("known", "2026-05-02"), ("plain", "2026-05-31"),
    ]  # fmt: skip
    backups = admin.execute(
        "select fix.kind, backup.kind, relation_oid::regclass::text, bytes > 0, expires_at::date::text"
        " from pgmend.backup join pgmend.fix using (fix_id) order by 3"
    )
    assert backups.fetchall() == [
        ("kept", "spelling", "pgmend_backup.spelling_1", True, "2026-05-31"),
        ("failed", "spelling", "pgmend_backup.spelling_2", False, "2026-05-31"),
    ]


def test_a_failed_upgrade_leaves_the_older_version(admin: Connection, tmp_path: Path) -> None:
    install(admin)
    before = catalogs(admin)
    with pytest.raises(psycopg.errors.DivisionByZero):
        install(admin, root=upgraded(tmp_path, "create table pgmend.half (id int); select 1 / 0;"))
    assert (installed_version(admin), catalogs(admin)) == (VERSION, before)


def test_grants_to_people_survive_an_upgrade(admin: Connection, role: Roles, tmp_path: Path) -> None:
    install(admin)
    person = role()
    admin.execute(
        sql.SQL(
            "grant usage on schema pgmend to {0}; grant select on pgmend.status to {0}; grant execute on function "
            "pgmend.approve(uuid) to {0}"
        ).format(person.identifier)
    )
    install(admin, root=upgraded(tmp_path, "select 1"))
    assert admin.execute(
        "select has_table_privilege(%(role)s, 'pgmend.status', 'select'), "
        "has_function_privilege(%(role)s, 'pgmend.approve(uuid)', 'execute')",
        {"role": person.name},
    ).fetchone() == (True, True)


def test_concurrent_installs_wait_for_each_other(database: Database) -> None:
    results: list[int | None] = []
    start = threading.Barrier(4)

    def one() -> None:
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            start.wait()
            results.append(install(connection).version_before)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [VERSION, VERSION, VERSION, None]
    assert database.value("select count(*) from pgmend.instance") == 1


def test_an_install_that_would_wait_for_long_says_so(admin: Connection, database: Database, tmp_path: Path) -> None:
    install(admin)
    with psycopg.connect(database.dsn) as user:
        user.execute("create table public.t ()")  # not committed: holds our log
        with pytest.raises(InstallationBlocked):
            install(admin, root=upgraded(tmp_path, "alter table pgmend.ddl_log add column extra text"))
    assert installed_version(admin) == VERSION


def test_a_connection_in_a_transaction_is_refused(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute("select 1")
        with pytest.raises(InstallationError, match="commit"):
            install(connection)


def test_a_copied_database_is_adopted_with_a_new_id(server: Server, database: Database, admin: Connection) -> None:
    install(admin)
    admin.execute("insert into pgmend.lease values ('leader', gen_random_uuid(), 'one', 1, now(), now())")
    (original,) = admin.execute("select instance_id from pgmend.instance").fetchone() or (None,)
    admin.close()
    with server.database(database.name) as copy, psycopg.connect(copy.dsn, autocommit=True) as connection:
        assert connection.execute("select fixing from pgmend.status").fetchone() == ("observing",)
        adopt(connection)
        assert connection.execute("select fixing, leader from pgmend.status").fetchone() == ("automatic", None)
        assert connection.execute("select instance_id from pgmend.instance").fetchone() != (original,)
        assert connection.execute("select action from pgmend.audit").fetchall() == [("instance.adopt",)]
        connection.execute("create table public.t ()")
        assert connection.execute("select from pgmend.ddl_log").rowcount == 1


def test_the_package_holds_every_file_of_the_folder() -> None:
    folder = Path(__file__).parents[3] / "sql"
    in_folder = {str(path.relative_to(folder)) for path in folder.rglob("*.sql")}
    root = Path(str(scripts.packaged()))
    assert {str(path.relative_to(root)) for path in root.rglob("*.sql")} == in_folder
    known = [script.path for script in (*scripts.repeatable(root), *scripts.event_triggers(root))]
    known += [script.path for migration in scripts.migrations(root) for script in migration.scripts]
    unknown = (
        {path for path in in_folder if not path.startswith(("catalog/", "portrait/"))}
        - set(known)
        - {"emergency_off.sql"}
    )
    assert unknown == set()


def test_the_files_can_be_sent_in_any_encoding() -> None:
    root = scripts.packaged()
    migrated = [script for migration in scripts.migrations(root) for script in migration.scripts]
    for script in (*migrated, *scripts.repeatable(root), *scripts.event_triggers(root)):
        assert script.text.isascii(), script.path


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_it_installs_in_a_database_of_another_encoding(server: Server, encoding: str) -> None:
    name = f"pgmend_test_{uuid4().hex[:12]}"
    server.admin.execute(
        f"create database {name} template template0 encoding '{encoding}' lc_collate 'C' lc_ctype 'C'".encode()
    )
    try:
        with psycopg.connect(server.dsn_of(name), autocommit=True) as connection:
            install(connection)
            connection.execute("create table public.t (a text default 'x')")
            assert connection.execute("select statement from pgmend.ddl_log").fetchone() is not None
    finally:
        server.admin.execute(f"drop database {name} with (force)".encode())
