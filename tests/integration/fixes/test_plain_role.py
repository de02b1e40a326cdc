"""Fixes by a role that is no superuser: it owns the database and the application's tables, as on a managed server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pgmend.listener.judging.expectation import restoration
from pgmend.listener.remedy import AddForeignKey, CreateIndex, DropIndex, ValidateConstraint
from pgmend.listener.store.expected import write_expected

from tests.support.database import Database
from tests.support.mortal import Mortal
from tests.support.plain_role import plain_workshop
from tests.support.restoration import LOCKED, differing, portrayed, words
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
    async with plain_workshop(server, database, role, APP) as workshop:
        yield workshop


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


FAULTS = (
    "alter table app.orders alter user_id set default 7",
    "alter table app.users alter email set storage external",
    "alter table app.users set (fillfactor = 50)",
    "comment on table app.users is 'x'",
    "drop index app.twin; create index twin on app.users (id, email)",
    "alter table app.users rename to people",
    "alter table app.users add constraint more check (id > 0); alter table app.users drop constraint small",
    "grant select on app.users to public",
)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_plain_role_brings_back_what_is_expected(modest: Workshop, fault: str) -> None:
    await write_expected(modest.connection, LOCKED, (await portrayed(modest)).objects.values())
    modest.database.execute(fault.encode())
    before = await words(modest)
    (difference,) = await differing(modest)
    remedy = restoration(difference)
    assert remedy is not None
    outcome = await modest.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert await differing(modest) == ()
    undone = await modest.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert await words(modest) == before


async def test_a_plain_role_recovers_what_a_killed_one_left(modest: Workshop) -> None:

    claim = await modest.claim(AddForeignKey(modest.oid("app.orders"), (2,), modest.oid("app.users"), (1,)))
    mortal = Mortal(modest.database.dsn, modest.limits, claim.fix_id, modest.lease.token, last=2)
    mortal.start()
    assert mortal.wait()
    (outcome,) = await modest.recover()
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert modest.leftovers() == []
