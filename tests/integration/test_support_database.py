"""What every other test relies on: a database, roles and servers of its own."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.support.database import Database
from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.role import Roles
from tests.support.server import Server


def test_database_is_empty_and_ours(database: Database) -> None:
    assert database.value("select current_database()") == database.name
    assert database.value("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0


def test_databases_share_nothing_and_go_away(server: Server) -> None:
    with server.database() as one, server.database() as other:
        one.execute("create table a (); create table b ()")
        assert one.value("select count(*) from pg_class where relname in ('a', 'b')") == 2
        assert other.value("select count(*) from pg_class where relname in ('a', 'b')") == 0
        names = [one.name, other.name]
    left = server.admin.execute("select datname from pg_database where datname = any(%s)", [names]).fetchall()
    assert left == []


async def test_database_goes_away_although_sessions_are_open(server: Server) -> None:
    with server.database() as database:
        connection = await database.connect(autocommit=False)
        await connection.execute("create table a ()")
    assert connection.closed
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database.dsn)


async def test_connect_gives_an_autocommit_connection_with_options(database: Database) -> None:
    connection = await database.connect(application_name="somebody")
    assert connection.autocommit
    row = await (await connection.execute("show application_name")).fetchone()
    assert row == ("somebody",)


def test_template_is_filled_once_and_copied(server: Server) -> None:
    filled: list[str] = []

    def fill(dsn: str) -> None:
        filled.append(dsn)
        with psycopg.connect(dsn) as connection:
            connection.execute("create table prefilled ()")

    for _ in range(2):
        with server.database(server.template("prefilled", fill)) as database:
            assert database.value("select to_regclass('prefilled') is not null")
    assert len(filled) == 1


def test_template_that_could_not_be_filled_is_tried_again(server: Server) -> None:
    def fail(_: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        server.template("unlucky", fail)
    with server.database(server.template("unlucky", lambda _: None)) as database:
        assert database.value("select 1") == 1


def test_role_logs_in_with_its_password_and_rights(database: Database, role: Roles) -> None:
    owner = role("login createrole")
    assert database.value("select rolcreaterole from pg_roles where rolname = %s", [owner.name])
    with psycopg.connect(database.dsn_as(owner.name, owner.password)) as connection:
        assert connection.execute("select current_user").fetchone() == (owner.name,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database.dsn_as(owner.name, "wrong"))


def test_roles_go_away_with_all_they_own_and_were_granted(server: Server) -> None:
    roles = Roles(server.admin)
    with server.database() as database:
        one, other = roles("login createdb"), roles()
        database.execute(sql.SQL("create schema s authorization {}").format(one.identifier))
        database.execute(sql.SQL("grant {} to {}").format(one.identifier, other.identifier))
        database.execute(
            sql.SQL("grant connect on database {} to {}").format(sql.Identifier(database.name), other.identifier)
        )
        own = f"{one.name}_database"
        with psycopg.connect(database.dsn_as(one.name, one.password), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(own)))
    roles.drop()
    names = [one.name, other.name, own]
    left = server.admin.execute("select rolname from pg_roles union all select datname from pg_database").fetchall()
    assert [name for (name,) in left if name in names] == []


def test_server_with_other_settings_is_another_one_kept_for_the_next(server_with: ServerWith, server: Server) -> None:
    prepared = server_with(max_prepared_transactions="5")
    assert prepared is server_with(max_prepared_transactions="5")
    assert prepared is not server
    with prepared.database() as database:
        assert database.value("show max_prepared_transactions") == "5"


def test_server_may_be_restarted_under_a_database(private_server: Server) -> None:
    with private_server.database() as database:
        database.execute("create table a ()")
        private_server.restart(crash=True)
        assert database.value("select to_regclass('a') is not null")


def test_installed_database_knows_itself_and_nothing_else(installed: Database, server: Server) -> None:
    known = "select system_identifier, database_oid, instance_id from pgmend.instance"
    ((system, oid, instance),) = installed.fetch(known)
    assert oid == installed.value("select oid from pg_database where datname = current_database()")
    assert system == installed.value("select system_identifier::text from pg_control_system()")
    with installed_database(server) as other:
        assert other.value("select instance_id from pgmend.instance") != instance


def test_installed_database_records_ddl(installed: Database) -> None:
    installed.execute("create table a ()")
    assert installed.value("select count(*) from pgmend.ddl_log") > 0


_BACKEND = "select pg_backend_pid()"


def test_queries_share_a_session_that_none_finds_changed(database: Database) -> None:
    backend = database.value(_BACKEND)
    database.value("select set_config('search_path', 'nowhere', false)")
    database.value("select pg_advisory_lock(1)")
    assert database.value(_BACKEND) == backend
    assert database.value("select current_setting('search_path')") != "nowhere"
    assert database.value("select count(*) from pg_locks where locktype = 'advisory' and pid = %s", [backend]) == 0


def test_statements_have_a_session_each(database: Database) -> None:
    database.execute("create table seen as select pg_backend_pid() as by")
    assert database.value("select by from seen") != database.value(_BACKEND)


def test_a_session_that_was_ended_failed_or_left_open_is_not_used_again(database: Database, server: Server) -> None:
    backends = [database.value(_BACKEND)]
    server.admin.execute("select pg_terminate_backend(%s, 5000)", backends)
    backends.append(database.value(_BACKEND))
    with pytest.raises(psycopg.errors.DivisionByZero):
        database.value("select 1 / 0")
    backends.append(database.value(_BACKEND))
    with database.session() as session:
        session.execute("begin")
    backends.append(database.value(_BACKEND))
    database.leave()
    backends.append(database.value(_BACKEND))
    assert len(set(backends)) == 5
