"""Who may install what, and what is not taken over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pgmend.sql.errors import (
    EventTriggersRefused,
    ForeignSchema,
    RightsMissing,
    UnfitOwner,
)
from pgmend.sql.install import adopt, install, installed_version, statements, uninstall
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Role, Roles
from tests.support.server import Server

from .installing import VERSION, upgraded

Connection = psycopg.Connection[Any]


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    """The superuser in an empty database."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


def owner_of(server: Server, database: Database, role: Role) -> Iterator[Connection]:
    server.admin.execute(
        sql.SQL("alter database {} owner to {}").format(sql.Identifier(database.name), role.identifier)
    )
    with psycopg.connect(database.dsn_as(role.name, role.password), autocommit=True) as connection:
        yield connection


@pytest.fixture
def plain_owner(server: Server, database: Database, role: Roles) -> Iterator[Connection]:
    """Who owns the database and has no other right."""
    yield from owner_of(server, database, role())


def test_without_a_superuser_it_installs_and_polls(plain_owner: Connection, role: Roles) -> None:
    result = install(plain_owner)
    assert (result.owner, result.detection) == (plain_owner.info.user, "polling")
    assert "42501" in (result.why_polling or "")
    plain_owner.execute("create table public.t ()" if plain_owner.info.server_version < 150000 else "create schema app")
    assert plain_owner.execute("select detection from pgmend.status").fetchone() == ("polling",)
    plain_owner.execute("select pgmend.pause('deployment'); select pgmend.request_scan()")
    assert install(plain_owner).version_before == VERSION
    uninstall(plain_owner)


def test_who_may_create_roles_gets_an_owner_without_login(private_server: Server) -> None:
    with private_server.database() as database:
        private_server.admin.execute("create role first login createrole password 'x'")
        private_server.admin.execute(sql.SQL("alter database {} owner to first").format(sql.Identifier(database.name)))
        with psycopg.connect(database.dsn_as("first", "x"), autocommit=True) as first:
            result = install(first)
            assert (result.owner, result.detection) == ("pgmend_owner", "polling")
            first.execute("insert into pgmend.scan (kind) values ('full'); select pgmend.request_scan()")
            first.execute("create table pgmend_backup.kept (); drop table pgmend_backup.kept")
            assert install(first).version_before == VERSION
            assert uninstall(first).role_dropped


def test_event_triggers_that_were_demanded_and_refused_leave_nothing(plain_owner: Connection) -> None:
    with pytest.raises(EventTriggersRefused, match="superuser"):
        install(plain_owner, event_triggers=True)
    assert installed_version(plain_owner) is None


def test_event_triggers_can_be_declined_and_taken_away(admin: Connection) -> None:
    assert install(admin).event_triggers
    result = install(admin, event_triggers=False)
    assert (result.event_triggers, result.why_polling) == (False, "not wanted")
    assert admin.execute("select from pg_event_trigger").rowcount == 0
    assert admin.execute("select detection from pgmend.status").fetchone() == ("polling",)
    assert install(admin, event_triggers=True).event_triggers


def test_an_upgrade_by_a_member_keeps_the_superusers_event_triggers(
    admin: Connection, database: Database, role: Roles, tmp_path: Path
) -> None:
    install(admin)
    member = role()
    admin.execute(sql.SQL("grant pgmend_owner to {}").format(member.identifier))
    with psycopg.connect(database.dsn_as(member.name, member.password), autocommit=True) as connection:
        result = install(connection, root=upgraded(tmp_path, "create table pgmend.extra (id int primary key)"))
        assert (result.version, result.event_triggers) == (VERSION + 1, True)
        with pytest.raises(RightsMissing, match="superuser"):
            uninstall(connection)
    assert admin.execute("select from pg_event_trigger").rowcount == 2


def test_who_may_do_nothing_is_told_what_to_grant(admin: Connection, database: Database, role: Roles) -> None:
    nobody = role()
    with psycopg.connect(database.dsn_as(nobody.name, nobody.password), autocommit=True) as connection:
        with pytest.raises(RightsMissing, match="grant create on database"):
            install(connection)
        install(admin)
        for call in (install, uninstall, adopt):
            with pytest.raises(RightsMissing, match="superuser"):
                call(connection)
    assert installed_version(admin) == VERSION


def test_a_schema_that_somebody_made_before_us_is_not_taken_over(
    admin: Connection, database: Database, server: Server, role: Roles
) -> None:
    squatter = role()
    admin.execute(
        sql.SQL("grant create on database {} to {}").format(sql.Identifier(database.name), squatter.identifier)
    )
    with psycopg.connect(database.dsn_as(squatter.name, squatter.password), autocommit=True) as theirs:
        theirs.execute("create schema pgmend")
        theirs.execute("create table pgmend.instance (schema_version int); insert into pgmend.instance values (1)")
        with pytest.raises(ForeignSchema, match=squatter.name):
            install(admin)
        with pytest.raises(ForeignSchema, match=squatter.name):
            statements(admin)
        theirs.execute("drop schema pgmend cascade; create schema pgmend_backup")
        with pytest.raises(ForeignSchema, match="pgmend_backup"):
            install(admin)
        theirs.execute("drop schema pgmend_backup")
    admin.execute("create schema pgmend")
    with pytest.raises(ForeignSchema, match="did not make it"):
        install(admin)


def test_a_function_that_somebody_put_into_our_schema_is_not_replaced(admin: Connection, role: Roles) -> None:
    install(admin)
    stranger = role()
    admin.execute(sql.SQL("alter function pgmend.record_ddl() owner to {}").format(stranger.identifier))
    with pytest.raises(ForeignSchema, match=f"record_ddl of role {stranger.name}"):
        install(admin)


@pytest.mark.parametrize("attribute", ["login", "superuser", "createrole", "bypassrls"])
def test_an_owner_role_that_can_do_more_is_refused(private_server: Server, attribute: str) -> None:
    private_server.admin.execute(f"create role pgmend_owner {attribute}".encode())
    with private_server.database() as database, psycopg.connect(database.dsn, autocommit=True) as connection:
        with pytest.raises(UnfitOwner, match=attribute):
            install(connection)
        assert installed_version(connection) is None


def test_default_privileges_open_nothing_of_ours(plain_owner: Connection, role: Roles) -> None:
    reader = role()
    for kind, right in (("tables", "all"), ("functions", "execute"), ("schemas", "usage"), ("sequences", "all")):
        plain_owner.execute(
            sql.SQL(f"alter default privileges grant {right} on {kind} to {{}}").format(reader.identifier)  # type: ignore[arg-type]
        )
    install(plain_owner)
    assert (
        plain_owner.execute(
            "select has_schema_privilege(%(role)s, 'pgmend', 'usage'), "
            "has_schema_privilege(%(role)s, 'pgmend_backup', 'usage'), "
            "has_table_privilege(%(role)s, 'pgmend.fix', 'select'), "
            "has_table_privilege(%(role)s, 'pgmend.status', 'select'), "
            "has_function_privilege(%(role)s, 'pgmend.approve(uuid)', 'execute')",
            {"role": reader.name},
        ).fetchone()
        == (False,) * 5
    )
