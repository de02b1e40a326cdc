"""Law 4: our own DDL is known by a registered backend and transaction, and by nothing that others can set."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database import Database
from tests.support.role import Role

from .conftest import Connect

Connection = psycopg.Connection[Any]

REGISTER_BACKEND = """
insert into pgmend.own_backend (backend_pid, backend_start, fix_id)
select pid, backend_start, %s from pg_stat_activity where pid = pg_backend_pid()
"""
REGISTER_TRANSACTION = """
insert into pgmend.own_backend (backend_pid, backend_start, transaction_id, fix_id)
select pid, backend_start, pg_current_xact_id(), %s from pg_stat_activity where pid = pg_backend_pid()
"""


def fixes(connection: Connection) -> set[UUID | None]:
    """The fixes that recorded DDL is taken for."""
    return {fix for (fix,) in connection.execute("select fix_id from pgmend.ddl_log").fetchall()}


def test_ddl_in_a_registered_transaction_is_ours(connect: Connect, admin: Connection) -> None:
    session, fix = connect(), uuid4()
    with session.transaction():
        session.execute(REGISTER_TRANSACTION, [fix])
        session.execute("create table public.t (id int); drop table public.t")
    assert fixes(admin) == {fix}


def test_ddl_after_a_registered_transaction_is_not(connect: Connect, admin: Connection) -> None:
    session = connect()
    with session.transaction():
        session.execute(REGISTER_TRANSACTION, [uuid4()])
    session.execute("create table public.t ()")
    assert fixes(admin) == {None}


def test_a_registration_that_was_rolled_back_is_none(connect: Connect, admin: Connection) -> None:
    session = connect()
    with session.transaction():
        with session.transaction(force_rollback=True):
            session.execute(REGISTER_TRANSACTION, [uuid4()])
        session.execute("create table public.t ()")
    assert fixes(admin) == {None}


def test_commands_that_no_transaction_can_hold_are_ours_by_their_backend(connect: Connect, admin: Connection) -> None:
    session, fix = connect(), uuid4()
    admin.execute("create table public.t (id int); delete from pgmend.ddl_log")
    session.execute(REGISTER_BACKEND, [fix])
    session.execute("create index concurrently i on public.t (id)")
    session.execute("drop index concurrently public.i")
    assert fixes(admin) == {fix}
    session.execute("delete from pgmend.own_backend")
    session.execute("create index concurrently i on public.t (id)")
    assert fixes(admin) == {fix, None}


def test_another_backend_is_not_ours(connect: Connect, admin: Connection) -> None:
    connect().execute(REGISTER_BACKEND, [uuid4()])
    connect().execute("create table public.t ()")
    assert fixes(admin) == {None}


@pytest.mark.parametrize(
    "difference",
    [
        "backend_start = backend_start - interval '1 second'",
        "session_role = 'somebody'",
        "registered_at = pg_postmaster_start_time() - interval '1 second'",
        "transaction_id = '3'",
        "backend_pid = backend_pid + 1",
    ],
)
def test_the_row_of_a_process_long_gone_is_not_ours(connect: Connect, admin: Connection, difference: str) -> None:
    session = connect()
    session.execute(REGISTER_BACKEND, [uuid4()])
    admin.execute(f"update pgmend.own_backend set {difference}".encode())
    session.execute("create table public.t ()")
    assert fixes(admin) == {None}


def test_no_setting_makes_ddl_ours(connect: Connect, admin: Connection, ordinary: Role) -> None:
    fix = uuid4()
    admin.execute(REGISTER_BACKEND, [fix])
    session = connect(ordinary, application_name="pgmend fixer")
    for setting in ("pgmend.fix_id", "pgmend.own", "pgmend.intended", "pgmend.actor"):
        session.execute("select set_config(%s, %s, false)", [setting, str(fix)])
    session.execute("create table app.t ()")
    assert fixes(admin) == {None}


def test_an_ordinary_role_can_register_nothing(connect: Connect, ordinary: Role) -> None:
    session = connect(ordinary)
    for statement in (REGISTER_BACKEND, REGISTER_TRANSACTION):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement.encode() % b"null")


def test_ddl_that_somebody_else_ran_in_between_is_theirs(connect: Connect, admin: Connection, ordinary: Role) -> None:
    ours, theirs, fix = connect(), connect(ordinary), uuid4()
    with ours.transaction():
        ours.execute(REGISTER_TRANSACTION, [fix])
        ours.execute("create table public.ours ()")
        theirs.execute("create table app.theirs ()")
    rows = admin.execute("select object_identity, fix_id from pgmend.ddl_log order by 1").fetchall()
    assert rows == [("app.theirs", None), ("public.ours", fix)]


def test_looking_who_runs_ddl_costs_others_no_frozen_statistics(installed: Database) -> None:
    """The start of a backend is only looked for where its process id is registered."""
    with psycopg.connect(installed.dsn) as session:
        installed.execute(
            "insert into pgmend.own_backend (backend_pid, backend_start, fix_id) values (%s, now(), gen_random_uuid())",
            [session.info.backend_pid + 1],
        )
        session.execute("create table public.t ()")
        with psycopg.connect(installed.dsn) as later:
            seen = session.execute("select from pg_stat_activity where pid = %s", [later.info.backend_pid])
            assert seen.rowcount == 1
