"""What backups and plans take of the server's disk, and that a backup tells nobody more than its table does."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from pgmend.listener.fixes.headroom import headroom, in_bytes
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.remedy import ChangeColumnType, CreateIndex
from psycopg import sql

from tests.support.database import Database
from tests.support.plain_role import plain_workshop
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import LIMITS, Workshop

APP = """
create schema app;
create table app.notes (id int primary key, user_id text);
insert into app.notes values (1, '007'), (2, '8'), (3, ' 9');
"""
ALWAYS = replace(LIMITS, room_to_spare=0)


@pytest.fixture
async def modest(server: Server, database: Database, role: Roles) -> AsyncIterator[Workshop]:
    """The workshop of a role without any right but to its own database."""
    async with plain_workshop(server, database, role, APP) as workshop:
        yield workshop


def to_integer(workshop: Workshop) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.notes"), 2, "integer")


async def test_a_backup_that_would_be_too_large_is_refused_with_the_figures(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    workshop.limits = replace(workshop.limits, backup_max_size=20_000)
    plan = await workshop.plan(to_integer(workshop))
    assert plan.refusal is not None
    assert plan.refusal.startswith("The spellings of 2 values of app.notes would take about 24.3 kB in schema")
    assert "backup_max_size is 19.5 kB. Cure: a larger backup_max_size" in plan.refusal
    assert (plan.steps, workshop.backups()) == ((), 0)


async def test_a_backup_that_grew_since_it_was_planned_is_not_kept(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    workshop.limits = replace(workshop.limits, backup_max_size=60_000)
    claim = await workshop.claim(to_integer(workshop))
    workshop.database.execute("insert into app.notes select n, '0' || n from generate_series(10, 5000) n")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert (outcome.state, workshop.backups()) == ("refused", 0)
    assert "the backup has no more than backup_max_size (58.6 kB) does not hold" in (outcome.reason or "")
    assert workshop.database.value("select user_id from app.notes where id = 1") == "007"


async def test_what_it_takes_is_told_and_the_plan_stays_the_same(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    fix_id = uuid4()
    plan = await workshop.plan(to_integer(workshop), fix_id)
    assert "The spellings take less than 64.0 kB in schema pgmend_backup, as long as they are kept." in plan.notes
    workshop.database.execute("analyze app.notes")
    assert (await workshop.plan(to_integer(workshop), fix_id)).plan_hash == plan.plan_hash


async def test_a_backup_shows_nobody_what_row_security_hid(modest: Workshop, role: Roles) -> None:
    """Nor does it to somebody who may use the schema and, by default, read all that its owner makes."""
    reader = role()
    modest.database.execute(
        sql.SQL(
            """
            alter table app.notes enable row level security;
            create policy own on app.notes for select to {0} using (id = 2);
            grant usage on schema app, pgmend_backup to {0}; grant select on app.notes to {0};
            alter default privileges grant select on tables to {0}
            """
        ).format(reader.identifier)
    )
    outcome = await modest.heal(to_integer(modest))
    assert (outcome.state, modest.backups()) == ("applied", 1)
    backup = sql.Identifier("pgmend_backup", f"spelling_{outcome.fix_id.hex}")
    with psycopg.connect(modest.database.dsn_as(reader.name, reader.password), autocommit=True) as nosy:
        assert nosy.execute("select user_id from app.notes").fetchall() == [(8,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            nosy.execute(sql.SQL("select * from {}").format(backup))
    modest.database.execute(sql.SQL("grant select on {} to {}").format(backup, reader.identifier))
    with psycopg.connect(modest.database.dsn_as(reader.name, reader.password), autocommit=True) as nosy:
        assert nosy.execute(sql.SQL("select * from {}").format(backup)).fetchall() == []
    assert (await modest.roll_back(outcome)).state == "rolled_back"
    assert modest.database.value("select user_id from app.notes where id = 1") == "007"


async def test_room_on_the_disk_is_looked_for_where_the_server_is_here(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.database.execute(APP)
    plan = await workshop.plan(CreateIndex(workshop.oid("app.notes"), (2,)))
    assert await headroom(workshop.connection, plan, LIMITS) == ()
    (proof,) = await headroom(workshop.connection, plan, ALWAYS)
    assert proof.verdict is Verdict.PROVED, proof.figures
    assert proof.figures.startswith("up to 16.0 kB are written, ")
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=2, f_frsize=4096))
    (proof,) = await headroom(workshop.connection, plan, ALWAYS)
    assert (proof.verdict, proof.figures) == (Verdict.REFUTED, "up to 16.0 kB are written, 8.0 kB are free")


async def test_all_that_is_written_anew_is_counted(workshop: Workshop) -> None:
    """Of a group every table, with its long values and its indexes."""
    workshop.database.execute(
        """
        create schema app;
        create table app.users (id text primary key, "Notiz" text);
        create table app.orders (id int primary key, user_id text references app.users, note text);
        alter table app.users alter "Notiz" set storage external;
        insert into app.users select n::text, repeat('x', 5000) from generate_series(1, 100) n;
        insert into app.orders select n, (1 + n % 100)::text, repeat('y', 900) from generate_series(1, 1000) n;
        """
    )
    workshop.database.execute("vacuum app.users, app.orders")
    plan = await workshop.plan(ChangeColumnType(workshop.oid("app.users"), 1, "integer"))
    assert len([step for step in plan.steps if step.rewrites]) == 1
    (proof,) = await headroom(workshop.connection, plan, ALWAYS)
    assert proof.figures.startswith(f"up to {in_bytes(2 * _pages(workshop))} are written")


def _pages(workshop: Workshop) -> int:
    """Bytes in the main forks of both tables, of what they keep outside, and of all their indexes."""
    return workshop.database.value(
        """
        with own as (
          select oid, reltoastrelid from pg_class where oid in ('app.users'::regclass, 'app.orders'::regclass)
        ), heap as (select oid from own union all select reltoastrelid from own where reltoastrelid <> 0)
        select (select sum(pg_relation_size(oid)) from heap)
          + (select sum(pg_relation_size(indexrelid)) from pg_index where indrelid in (select oid from heap))
        """
    )


@pytest.mark.parametrize("elsewhere", ["a link", "another file system", "out of sight"])
async def test_where_the_log_lies_elsewhere_the_room_beside_the_tables_proves_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    workshop.database.execute(APP)
    plan = await workshop.plan(CreateIndex(workshop.oid("app.notes"), (2,)))
    look = Path.lstat

    def lstat(place: Path) -> object:
        found = look(place)
        if place.name != "pg_wal":
            return found
        if elsewhere == "out of sight":
            raise PermissionError(place)
        mode = stat.S_IFLNK | 0o777 if elsewhere == "a link" else found.st_mode
        return SimpleNamespace(st_mode=mode, st_dev=found.st_dev + (elsewhere == "another file system"))

    monkeypatch.setattr(Path, "lstat", lstat)
    (proof,) = await headroom(workshop.connection, plan, ALWAYS)
    assert proof.verdict is Verdict.UNPROVED
    assert "pg_wal" in proof.figures


async def test_a_folder_of_the_same_name_on_another_machine_proves_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.database.execute(APP)
    plan = await workshop.plan(CreateIndex(workshop.oid("app.notes"), (2,)))
    monkeypatch.setattr("pgmend.listener.fixes.headroom._here", lambda _: ((1, 1), 1 << 40))
    (proof,) = await headroom(workshop.connection, plan, ALWAYS)
    assert proof.verdict is Verdict.UNPROVED
    assert "not known here: the server runs on another machine" in proof.figures


async def test_what_the_role_may_not_see_is_unproved_and_stops_only_who_acts_alone(modest: Workshop) -> None:
    modest.limits = replace(modest.limits, room_to_spare=0)
    remedy = CreateIndex(modest.oid("app.notes"), (2,))
    (proof,) = await headroom(modest.connection, await modest.plan(remedy), ALWAYS)
    assert (proof.verdict, proof.alone) == (Verdict.UNPROVED, True)
    assert "how much room is free is not known here: the role may not see" in proof.figures
    outcome = await modest.heal(remedy)
    assert outcome.state == "applied"
    assert proof.name in {each.name for each in outcome.proofs}


def test_bytes_are_told_as_people_say_them() -> None:
    assert [in_bytes(each) for each in (0, 1023, 1536, 5 << 30)] == ["0 bytes", "1023 bytes", "1.5 kB", "5.0 GB"]
