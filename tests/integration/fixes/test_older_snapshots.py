"""A table that is written anew reads as empty under an older snapshot: nothing is written anew while there is one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener.fixes.plan import Hazard
from pgmend.listener.remedy import ChangeColumnType
from pgmend.sql.install import adopt, install
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.mending import at
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.sessions (id int primary key, user_id text);
insert into app.sessions values (1, '1'), (2, '20'), (3, null);
create table app.other (id int);
"""
ROWS = "select count(*) from app.sessions"
OTHER = "select count(*) from app.other"
Connection = psycopg.AsyncConnection[Any]


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def to_integer(workshop: Workshop) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.sessions"), 2, "integer", restores=True)


def type_of(workshop: Workshop) -> str:
    return workshop.database.value(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'app.sessions'::regclass and attnum = 2"
    )


async def counted(connection: Connection, query: str = ROWS) -> int:
    ((number,),) = await (await connection.execute(query.encode())).fetchall()
    return number


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_a_transaction_with_an_older_snapshot_defers_the_change_and_still_reads_every_row(
    workshop: Workshop, shop: Connection, level: str
) -> None:
    await shop.execute(f"set transaction isolation level {level}".encode())
    await counted(shop, OTHER)
    outcome = await workshop.heal(to_integer(workshop))
    assert outcome.state == "deferred"
    reason = outcome.reason or ""
    assert f"process {shop.info.backend_pid} of webshop as" in reason
    assert "(idle in transaction) in a transaction since" in reason
    assert f"process {shop.info.backend_pid} with: select count(*) from app.other" in reason
    assert "would read app.sessions as empty" in reason
    assert (type_of(workshop), workshop.leftovers()) == ("text", [])
    assert await counted(shop) == 3
    await shop.rollback()
    assert (await workshop.again()).state == "applied"


async def test_a_snapshot_taken_while_the_change_holds_its_lock_takes_it_back(
    workshop: Workshop, shop: Connection
) -> None:
    async def take_snapshot() -> None:
        await shop.execute("set transaction isolation level repeatable read")
        await counted(shop, OTHER)

    outcome = await workshop.heal(to_integer(workshop), checkpoint=at("apply 1 before commit", take_snapshot))
    assert outcome.state == "deferred"
    assert f"process {shop.info.backend_pid} of webshop" in (outcome.reason or "")
    assert type_of(workshop) == "text"
    assert await counted(shop) == 3


async def test_a_transaction_whose_first_statement_waits_for_our_lock_reads_every_row(
    workshop: Workshop, shop: Connection, observer: Connection
) -> None:
    reading: list[asyncio.Task[int]] = []

    async def read() -> None:
        await shop.execute("set transaction isolation level repeatable read")
        reading.append(asyncio.create_task(counted(shop)))
        waits = f"select count(*) from pg_locks where pid = {shop.info.backend_pid} and not granted"
        await eventually(lambda: counted(observer, waits))

    outcome = await workshop.heal(to_integer(workshop), checkpoint=at("apply 1 locked", read))
    assert await reading[0] == 3
    assert outcome.state == "deferred"


async def test_others_wait_for_a_bounded_number_of_tries_that_come_to_nothing(
    workshop: Workshop, shop: Connection, observer: Connection
) -> None:
    tries: list[asyncio.Task[None]] = []
    unlocked = (
        "select count(*) = 0 from pg_locks where relation = 'app.sessions'::regclass and mode ~ 'AccessExclusive'"
    )

    async def let_go() -> None:
        await eventually(lambda: counted(observer, unlocked))
        await shop.rollback()

    async def take_snapshot(point: str) -> None:
        if point == "apply 1 before commit":
            await shop.execute("set transaction isolation level repeatable read")
            await counted(shop, OTHER)
            tries.append(asyncio.create_task(let_go()))

    limits = {"lock_attempts": 10_000, "lock_patience": timedelta(minutes=10), "vain_tries": 3}
    outcome = await workshop.heal(to_integer(workshop), limits=limits, checkpoint=take_snapshot)
    await asyncio.gather(*tries)
    assert (outcome.state, len(tries)) == ("deferred", 3)


async def test_read_committed_between_two_statements_is_in_nobodys_way(workshop: Workshop, shop: Connection) -> None:
    await counted(shop, OTHER)
    outcome = await workshop.heal(to_integer(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert await counted(shop) == 3


async def test_a_snapshot_in_another_database_is_in_nobodys_way(workshop: Workshop, server: Server) -> None:
    with server.database() as other:
        async with await other.connect(autocommit=False) as elsewhere:
            await elsewhere.execute("set transaction isolation level repeatable read")
            await counted(elsewhere, "select count(*) from pg_class")
            outcome = await workshop.heal(to_integer(workshop))
            await elsewhere.rollback()
    assert (outcome.state, outcome.reason) == ("applied", None)


async def test_a_snapshot_that_ends_between_our_tries_only_delays_the_change(
    workshop: Workshop, shop: Connection, observer: Connection
) -> None:
    await shop.execute("set transaction isolation level repeatable read")
    await counted(shop, OTHER)
    patient = {"lock_attempts": 10_000, "lock_patience": timedelta(minutes=10)}
    healing = asyncio.create_task(workshop.heal(to_integer(workshop), limits=patient))
    # Another session of ours looks who is in the way, from the second try on.
    looks = "select count(*) > 0 from pg_stat_activity where application_name = 'pgmend watch'"
    await eventually(lambda: counted(observer, looks))
    assert not healing.done()
    await shop.rollback()
    outcome = await healing
    assert (outcome.state, outcome.reason) == ("applied", None)


async def test_the_way_back_waits_for_older_snapshots_too(workshop: Workshop, shop: Connection) -> None:
    applied = await workshop.heal(to_integer(workshop))
    await shop.execute("set transaction isolation level repeatable read")
    await counted(shop, OTHER)
    outcome = await workshop.roll_back(applied)
    assert outcome.state == "rolling_back"
    assert f"process {shop.info.backend_pid} of webshop" in (outcome.reason or "")
    assert await counted(shop) == 3
    await shop.rollback()
    assert (await workshop.again()).state == "rolled_back"


async def test_a_change_that_rewrites_nothing_waits_for_nobody(workshop: Workshop, shop: Connection) -> None:
    workshop.database.execute("alter table app.sessions alter user_id type varchar(20)")
    await shop.execute("set transaction isolation level repeatable read")
    await counted(shop, OTHER)
    remedy = ChangeColumnType(workshop.oid("app.sessions"), 2, "text", restores=True)
    assert Hazard.NOT_MVCC_SAFE not in (await workshop.plan(remedy)).hazards
    assert (await workshop.heal(remedy)).state == "applied"
    assert await counted(shop) == 3


async def test_an_undo_that_knows_old_spellings_rewrites_and_waits(workshop: Workshop, shop: Connection) -> None:
    workshop.database.execute("update app.sessions set user_id = '007' where id = 1")
    applied = await workshop.heal(to_integer(workshop))
    await shop.execute("set transaction isolation level repeatable read")
    await counted(shop, OTHER)
    assert (await workshop.roll_back(applied)).state == "rolling_back"
    assert await counted(shop) == 3


async def test_the_plan_says_that_it_is_not_safe_for_older_snapshots(workshop: Workshop) -> None:
    plan = await workshop.plan(to_integer(workshop))
    assert Hazard.NOT_MVCC_SAFE in plan.hazards
    assert any("older snapshot" in note and "standby" in note for note in plan.notes)
    assert [step.rewrites for step in (*plan.steps, *plan.inverse)] == [True, True]


async def test_a_prepared_transaction_reads_nothing_more_and_is_in_nobodys_way(server_with: ServerWith) -> None:
    with installed_database(server_with(max_prepared_transactions="10")) as database:
        workshop = await Workshop.open(database)
        database.execute(APP)
        async with await database.connect(autocommit=False) as connection:
            await connection.tpc_begin("held")
            await connection.execute("set transaction isolation level repeatable read")
            await connection.execute("insert into app.other values (1)")
            await connection.tpc_prepare()
            outcome = await workshop.heal(to_integer(workshop))
            await connection.tpc_rollback()
        await workshop.close()
    assert (outcome.state, outcome.reason) == ("applied", None)


async def test_a_snapshot_exported_by_a_replication_connection_is_waited_for(server_with: ServerWith) -> None:
    with installed_database(server_with(wal_level="logical", max_wal_senders="2")) as database:
        workshop = await Workshop.open(database)
        database.execute(APP)
        walsender = psycopg.pq.PGconn.connect(
            make_conninfo(database.dsn, replication="database", application_name="copier").encode()
        )
        made = walsender.exec_(b"CREATE_REPLICATION_SLOT for_a_copy TEMPORARY LOGICAL pgoutput")
        assert made.status == psycopg.pq.ExecStatus.TUPLES_OK, walsender.error_message
        outcome = await workshop.heal(to_integer(workshop))
        walsender.finish()
        await eventually(lambda: database.value("select count(*) from pg_replication_slots") == 0)
        await workshop.close()
    assert outcome.state == "deferred"
    assert "of copier" in (outcome.reason or "")


# A role that may not see what other roles do


@pytest.fixture
async def modest(server: Server, database: Database, role: Roles) -> Workshop:
    """The workshop of a role without any right but to its own database; close it."""
    owner = role()
    server.admin.execute(
        sql.SQL("alter database {} owner to {}").format(sql.Identifier(database.name), owner.identifier)
    )
    own = database.seen_by(owner.name, owner.password)
    with psycopg.connect(own.dsn, autocommit=True) as connection:
        install(connection)
        adopt(connection)
    own.execute(APP)
    return await Workshop.open(own)


async def test_a_plain_role_sees_the_snapshots_of_other_roles_sessions(modest: Workshop, database: Database) -> None:
    async with await database.connect(application_name="webshop", autocommit=False) as superuser:
        await superuser.execute("set transaction isolation level repeatable read")
        await counted(superuser, OTHER)
        outcome = await modest.heal(to_integer(modest))
        assert outcome.state == "deferred"
        reason = outcome.reason or ""
        assert f"process {superuser.info.backend_pid} of webshop as" in reason
        assert "transactions old" in reason
        assert await counted(superuser) == 3
        await superuser.rollback()
    assert (await modest.again()).state == "applied"
    await modest.close()
