"""Fixes by a role that is no superuser: it owns the database and the application's tables, as on a managed server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
from pgmend.listener.remedy import AddForeignKey, CreateIndex, DropIndex, ValidateConstraint
from pgmend.sql.install import adopt, install
from psycopg import sql

from tests.support.database import Database
from tests.support.mortal import Mortal
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users (id int primary key, email text);
create table app.orders (id int primary key, user_id int);
insert into app.users select n, 'u' || n from generate_series(1, 50) n;
insert into app.orders select n, n from generate_series(1, 50) n;
create index kept on app.users (email); create index twin on app.users (email);
alter table app.users add constraint small check (id < 100) not valid;
"""


@pytest.fixture
async def modest(server: Server, database: Database, role: Roles) -> AsyncIterator[Workshop]:
    """The workshop of a role without any right but to its own database."""
    owner = role()
    server.admin.execute(
        sql.SQL("alter database {} owner to {}").format(sql.Identifier(database.name), owner.identifier)
    )
    own = Database(database.name, database.dsn_as(owner.name, owner.password))
    with psycopg.connect(own.dsn, autocommit=True) as connection:
        install(connection)
        adopt(connection)
    own.execute(APP)
    workshop = await Workshop.open(own)
    yield workshop
    await workshop.close()


async def test_every_kind_is_applied_and_taken_back_by_a_plain_role(modest: Workshop) -> None:
    before = modest.structure()
    orders, users = modest.oid("app.orders"), modest.oid("app.users")
    check = modest.database.value("select oid::bigint from pg_constraint where conname = 'small'")
    for remedy in (
        CreateIndex(orders, (2,)),
        AddForeignKey(orders, (2,), users, (1,)),
        DropIndex(users, modest.oid("app.twin"), modest.oid("app.kept")),
        ValidateConstraint(users, check),
    ):
        outcome = await modest.heal(remedy)
        assert (remedy.kind, outcome.state, outcome.reason) == (remedy.kind, "applied", None)
        assert modest.structure() != before
        undone = await modest.roll_back(outcome)
        assert (remedy.kind, undone.state, undone.reason) == (remedy.kind, "rolled_back", None)
        assert modest.structure() == before


async def test_a_plain_role_recovers_what_a_killed_one_left(modest: Workshop) -> None:

    claim = await modest.claim(AddForeignKey(modest.oid("app.orders"), (2,), modest.oid("app.users"), (1,)))
    mortal = Mortal(modest.database.dsn, modest.limits, claim.fix_id, modest.lease.token, last=2)
    mortal.start()
    assert mortal.wait()
    (outcome,) = await modest.recover()
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert modest.leftovers() == []
