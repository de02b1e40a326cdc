"""A default that somebody sets after a type change is not lost with its undo, nor overruled by doing it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from pgmend.listener.errors import FixFailed
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.limits import Limits
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.remedy import ChangeColumnType

from tests.support.workshop import LIMITS, Workshop

APP = """
create schema app;
create table app."Sessiöns" (id int primary key, "user" text{0});
insert into app."Sessiöns" select n, n::text from generate_series(1, 50) n;
"""
SET = 'alter table app."Sessiöns" alter "user" set default {0}'
DEFAULT = """
select pg_get_expr(d.adbin, d.adrelid)
from pg_attrdef d join pg_attribute a on (a.attrelid, a.attnum) = (d.adrelid, d.adnum)
where d.adrelid = 'app."Sessiöns"'::regclass and a.attname = 'user'
"""
ONLINE = replace(LIMITS, online_changes=True, online_above=timedelta(microseconds=1), first_batch=2)
WAYS = pytest.mark.parametrize("limits", [LIMITS, ONLINE], ids=["in place", "online"])


def setup(workshop: Workshop, limits: Limits, default: str = "") -> ChangeColumnType:
    workshop.limits = limits
    workshop.database.execute(APP.format(default).encode())
    return ChangeColumnType(workshop.oid('app."Sessiöns"'), 2, "integer")


def default(workshop: Workshop) -> str | None:
    rows = workshop.database.fetch(DEFAULT)
    return rows[0][0] if rows else None


def set_default(workshop: Workshop, to: str) -> None:
    workshop.database.execute(SET.format(to).encode())


@WAYS
async def test_the_undo_is_refused_and_goes_on_once_it_is_put_back(workshop: Workshop, limits: Limits) -> None:
    remedy = setup(workshop, limits, " default '7'")
    applied = await workshop.heal(remedy)
    assert (applied.state, applied.reason, default(workshop)) == ("applied", None, "7")
    set_default(workshop, "99")
    refused = await workshop.roll_back(applied)
    assert (refused.state, default(workshop)) == ("applied", "99")
    assert "every default is as pgmend left it does not hold" in (refused.reason or "")
    assert "column=user, default_now=99, default_then=7" in (refused.reason or "")
    assert workshop.leftovers() == []
    set_default(workshop, "7")
    assert (await workshop.roll_back(applied)).state == "rolled_back"
    assert default(workshop) == "'7'::text"


@WAYS
async def test_one_where_there_was_none_is_not_lost_either(workshop: Workshop, limits: Limits) -> None:
    applied = await workshop.heal(setup(workshop, limits))
    assert applied.state == "applied"
    set_default(workshop, "5")
    assert (await workshop.roll_back(applied)).state == "applied"
    assert default(workshop) == "5"
    workshop.database.execute(b'alter table app."Sessi\xc3\xb6ns" alter "user" drop default')
    assert (await workshop.roll_back(applied)).state == "rolled_back"
    assert default(workshop) is None


async def half_undone(workshop: Workshop, applied: Outcome, between: str | None) -> Outcome:
    """What becomes of an undo that fails right after it put the old column back, somebody having set that default."""
    plan = Plan.from_json(workshop.database.value("select plan::text from pgmend.fix"))
    (swap,) = (ordinal for ordinal, step in enumerate(plan.inverse, 1) if step.defaults_of)
    failed: list[str] = []

    async def checkpoint(name: str) -> None:
        if name == f"undo {swap} committed" and not failed:
            failed.append(name)
            if between is not None:
                await asyncio.to_thread(set_default, workshop, between)
            raise FixFailed("The machine would not.")

    return await workshop.roll_back(applied, checkpoint=checkpoint)


async def test_undone_in_part_done_again_and_undone_once_more_it_is_what_it_was(workshop: Workshop) -> None:
    applied = await workshop.heal(setup(workshop, ONLINE, " default '7'"))
    again = await half_undone(workshop, applied, None)
    assert (again.state, default(workshop)) == ("applied", "7")
    assert (await workshop.roll_back(applied)).state == "rolled_back"
    assert (default(workshop), workshop.leftovers()) == ("'7'::text", [])


async def test_what_is_set_while_it_is_undone_in_part_is_kept_and_said(workshop: Workshop) -> None:
    applied = await workshop.heal(setup(workshop, ONLINE, " default '7'"))
    again = await half_undone(workshop, applied, "'8'")
    assert again.state == "failed"
    assert "default_now='8'::text, default_then='7'::text" in (again.reason or "")
    assert default(workshop) == "'8'::text"


async def test_what_an_older_version_applied_is_undone_as_ever(workshop: Workshop) -> None:
    applied = await workshop.heal(setup(workshop, LIMITS, " default '7'"))
    workshop.database.execute("update pgmend.fix_step set left_behind = null")
    assert (await workshop.roll_back(applied)).state == "rolled_back"
    assert default(workshop) == "'7'::text"


async def test_each_column_of_a_group_keeps_its_own(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        create schema app;
        create table app.users (id text default '1' primary key);
        create table app.orders (id int primary key, user_id text default '2' references app.users);
        insert into app.users values ('1'), ('2'); insert into app.orders values (1, '1');
        """
    )
    applied = await workshop.heal(ChangeColumnType(workshop.oid("app.users"), 1, "integer"))
    assert (applied.state, applied.reason) == ("applied", None)
    workshop.database.execute("alter table app.orders alter user_id set default 1")
    refused = await workshop.roll_back(applied)
    assert refused.state == "applied"
    assert "column=user_id, default_now=1, default_then=2" in (refused.reason or "")
    assert "column=id" not in (refused.reason or "")
    workshop.database.execute("alter table app.orders alter user_id set default 2")
    assert (await workshop.roll_back(applied)).state == "rolled_back"
