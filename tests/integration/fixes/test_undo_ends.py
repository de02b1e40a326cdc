"""How long an undo is kept, and what is said once it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.errors import FixError
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.limits import Limits, limits_of
from pgmend.listener.remedy import ChangeColumnType
from pgmend.listener.settings import Settings
from pgmend.sql.install import adopt, install
from psycopg import sql

from tests.support.database import Database
from tests.support.mending import APP as ORDERS
from tests.support.mending import index
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import Workshop

SPELLINGS = """
create schema app;
create table app.notes (id int primary key, user_id text);
insert into app.notes values (1, '007'), (2, '8'), (3, ' 9');
"""
DAYS = {"rollback_window": timedelta(days=2), "backup_retention": timedelta(days=5)}


def respelled(workshop: Workshop) -> ChangeColumnType:
    """A change of type that gives up spellings, and so needs a backup."""
    return ChangeColumnType(workshop.oid("app.notes"), 2, "integer")


def of_fix(workshop: Workshop, outcome: Outcome, columns: str) -> tuple[Any, ...]:
    (row,) = workshop.database.fetch(f"select {columns} from pgmend.fix where fix_id = %s".encode(), [outcome.fix_id])
    return row


def kept(workshop: Workshop) -> int | None:
    """For how many whole days after its application the undo of the only fix is kept, as a view shows it."""
    return workshop.database.value(
        "select extract(days from undo_until - applied_at)::int from pgmend.rollbacks_available"
    )


@pytest.mark.parametrize(
    ("from_backup", "window", "retention", "days"),
    [(True, 7, 30, (7, 30)), (False, 7, 30, (30, 30)), (True, 30, 7, (30, 30)), (False, 30, 7, (30, 30))],
)
def test_a_backup_is_kept_at_least_as_long_as_the_undo(
    from_backup: bool, window: int, retention: int, days: tuple[int, int]
) -> None:
    settings = Settings(rollback_window=timedelta(days=window), backup_retention=timedelta(days=retention))
    found = limits_of(settings).kept(from_backup=from_backup)
    assert (found.undo.days, found.backups.days) == days
    assert limits_of(Settings()) == Limits(), "the defaults are told twice"


async def test_what_needs_no_backup_can_be_undone_for_as_long_as_backups_are_kept(workshop: Workshop) -> None:
    workshop.database.execute(ORDERS)
    outcome = await workshop.heal(index(workshop), limits=DAYS)
    assert kept(workshop) == 5
    workshop.database.execute("update pgmend.fix set undo_until = now()")
    assert workshop.database.value("select count(*) from pgmend.rollbacks_available") == 0
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="cannot be undone any more: its undo was"):
        await workshop.roll_back(outcome)
    assert workshop.state(outcome.fix_id) == "applied"


async def test_after_the_window_the_undo_rebuilds_from_the_backup_until_that_expires(workshop: Workshop) -> None:
    workshop.database.execute(SPELLINGS)
    outcome = await workshop.heal(respelled(workshop), limits=DAYS)
    assert kept(workshop) == 2
    shown = "select backups, extract(days from backup_expires_at - applied_at)::int, rebuilds_from_backup"
    assert workshop.database.fetch(f"{shown} from pgmend.rollbacks_available".encode()) == [(1, 5, False)]
    workshop.database.execute("update pgmend.fix set undo_until = now()")
    assert workshop.database.fetch(f"{shown} from pgmend.rollbacks_available".encode()) == [(1, 5, True)]
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.database.fetch("select user_id from app.notes order by id") == [("007",), ("8",), (" 9",)]
    assert workshop.database.value("select count(*) from pgmend.backup") == 0


async def test_an_expired_backup_is_the_end_of_its_undo_though_the_table_is_still_there(workshop: Workshop) -> None:
    workshop.database.execute(SPELLINGS)
    outcome = await workshop.heal(respelled(workshop))
    workshop.database.execute("update pgmend.fix set undo_until = now(); update pgmend.backup set expires_at = now()")
    assert workshop.backups() == 1
    assert workshop.database.value("select count(*) from pgmend.rollbacks_available") == 0
    async with Connections(workshop.database.dsn) as connections:
        with pytest.raises(FixError, match=r"cannot be undone any more: its backup has expired\. The settings"):
            await Desk(connections, Settings()).rollback(outcome.fix_id)
    assert workshop.state(outcome.fix_id) == "applied"


async def test_a_refused_undo_leaves_the_end_and_the_day_of_its_fix_as_they_were(workshop: Workshop) -> None:
    workshop.database.execute(SPELLINGS)
    outcome = await workshop.heal(respelled(workshop))
    workshop.database.execute("update pgmend.fix set finished_at = '2026-05-04', undo_until = '2999-05-04'")
    before = of_fix(workshop, outcome, "finished_at, undo_until, state")
    ends = workshop.database.fetch("select expires_at from pgmend.backup")
    workshop.database.execute("create view app.newcomer as select user_id from app.notes")
    refused = await workshop.roll_back(outcome)
    assert "The undo was refused" in (refused.reason or "")
    assert of_fix(workshop, outcome, "finished_at, undo_until, state") == before
    assert workshop.database.fetch("select expires_at from pgmend.backup") == ends


async def test_a_fix_that_fails_keeps_no_undo(workshop: Workshop) -> None:
    workshop.database.execute(ORDERS)
    claim = await workshop.claim(index(workshop))
    workshop.database.execute("alter table app.orders rename to purchases")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert of_fix(workshop, outcome, "state, undo_until") == ("superseded", None)


async def test_a_backup_is_ours_to_an_upgrade(workshop: Workshop) -> None:
    workshop.database.execute(SPELLINGS)
    outcome = await workshop.heal(respelled(workshop))
    with psycopg.connect(workshop.database.dsn, autocommit=True) as connection:
        assert install(connection).version_before is not None
    assert (await workshop.roll_back(outcome)).state == "rolled_back"


async def test_members_of_the_owner_share_their_backups(server: Server, installed: Database, role: Roles) -> None:
    one, other = role(), role()
    for each in (one, other):
        installed.execute(sql.SQL("grant pgmend_owner to {}").format(each.identifier))
    installed.execute(SPELLINGS)
    for statement in ("grant {1} to {0}", "alter schema app owner to {1}", "alter table app.notes owner to {1}"):
        installed.execute(sql.SQL(statement).format(other.identifier, one.identifier))
    workshop = await Workshop.open(installed.seen_by(one.name, one.password))
    outcome = await workshop.heal(respelled(workshop))
    await workshop.close()
    assert outcome.state == "applied"
    installed.execute("update pgmend.lease set heartbeat_at = '-infinity'")
    workshop = await Workshop.open(installed.seen_by(other.name, other.password))
    undone = await workshop.roll_back(outcome)
    await workshop.close()
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert installed.fetch("select user_id from app.notes order by id") == [("007",), ("8",), (" 9",)]


async def test_a_copy_that_is_adopted_knows_its_backups(workshop: Workshop) -> None:
    workshop.database.execute(SPELLINGS)
    await workshop.heal(respelled(workshop))
    workshop.database.execute("update pgmend.backup set relation_oid = 4711")  # as after a dump and restore
    with psycopg.connect(workshop.database.dsn, autocommit=True) as connection:
        adopt(connection)
    assert workshop.database.value("select relation_oid::regclass::text like '%spelling%' from pgmend.backup")
