"""The queue's worker where there is not always a connection to be had."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.connections import ConnectionSource
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.mending.mender import IDLE, Mender
from pgmend.listener.mending.proposals import Proposals
from pgmend.listener.settings import AutoFix, Settings
from pgmend.listener.store.policy import read_policy
from psycopg import AsyncConnection

from tests.support.eventually import eventually
from tests.support.workshop import LIMITS, Workshop

APP = """
create table public.users (id int primary key);
create table public.orders (id int primary key, user_id int references public.users);
"""
APPLIED = "select from pgmend.fix where automatic and state = 'applied'"
APPROVE = "select pgmend.approve(fix_id) from pgmend.fix where kind = 'create_index' and state = 'proposed'"


class Stingy:
    """Refuses the first session of a fixer."""

    def __init__(self, connections: ConnectionSource) -> None:
        self._connections = connections
        self.refused = 0

    def connection(self, purpose: str | None = None) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        if purpose == "fixer" and not self.refused:
            self.refused += 1
            raise CouldNotLook("All connections were busy.")
        return self._connections.connection(purpose)


class Meddling:
    """Changes the other table before the first fixer looks."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._meddled = False

    def connection(self, purpose: str | None = None) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        if purpose == "fixer" and not self._meddled:
            self._meddled = True
            self._workshop.database.execute("alter table users add column more integer")
        return self._workshop.connections.connection(purpose)


async def apply_one(workshop: Workshop, source: ConnectionSource) -> None:
    """A mender on those connections works until the index that is approved is there."""
    workshop.database.execute(APP)
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(critical_tables=()), LeftAlone(()))
        await analyst.begin()
        mender = Mender(
            source, Settings(), analyst, workshop.lease,
            policy_now=partial(read_policy, workshop.connection), allowed=AutoFix.NONE, observe=False,
        )  # fmt: skip
        running = asyncio.create_task(mender.run())
        await eventually(lambda: workshop.database.fetch(APPROVE))
        mender.wake()
        await eventually(lambda: workshop.database.fetch("select from pgmend.fix where state = 'applied'"))
        mender.stop()
        await running


async def test_a_fix_that_got_no_session_is_taken_up_again_by_the_same_leader(workshop: Workshop) -> None:
    source = Stingy(workshop.connections)
    await apply_one(workshop, source)
    assert source.refused == 1
    assert workshop.leftovers() == []


async def test_an_automatic_fix_that_went_stale_by_another_table_is_queued_again(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    source = Meddling(workshop)
    settings = Settings(auto_fix=AutoFix.ALL, settle_time=timedelta())
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(), LeftAlone(()))
        await analyst.begin()
        workshop.database.execute(
            "alter table orders drop constraint orders_user_id_fkey,"
            " add constraint orders_user_id_fkey foreign key (user_id) references users not valid"
        )
        await analyst.react()
        mender = Mender(
            source, settings, analyst, workshop.lease,
            policy_now=partial(read_policy, workshop.connection), allowed=AutoFix.ALL, observe=False,
        )  # fmt: skip
        running = asyncio.create_task(mender.run())
        await eventually(lambda: mender.wake() or workshop.database.fetch(APPLIED))
        mender.stop()
        await running
    states = "select state from pgmend.fix where automatic order by created_at"
    validated = "select convalidated from pg_constraint where conname = 'orders_user_id_fkey'"
    assert workshop.database.fetch(states) == [("superseded",), ("applied",)]
    assert workshop.database.fetch(validated) == [(True,)]


async def test_what_breaks_now_is_planned_before_the_rest_of_a_long_backlog(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.mending.proposals.BACKLOG_AT_ONCE", timedelta())
    for number in range(4):
        workshop.database.execute(f"create table public.serial_{number} (id serial primary key)")
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(critical_tables=()), LeftAlone(()))
        await analyst.begin()
        proposals = Proposals(analyst, Settings(), LIMITS)
        await proposals.weigh(workshop.connection, AutoFix.NONE, None)
        assert (judged(workshop), proposals.patience(IDLE)) == (["serial"], timedelta())
        workshop.database.execute("create table public.later (id serial primary key)")
        await analyst.react()
        await proposals.weigh(workshop.connection, AutoFix.NONE, None)
        assert judged(workshop) == ["later", "serial", "serial"]
        for _ in range(2):
            await proposals.weigh(workshop.connection, AutoFix.NONE, None)
        assert judged(workshop) == ["later", *["serial"] * 4]
        assert proposals.patience(IDLE) > timedelta()


def judged(workshop: Workshop) -> list[str]:
    """The tables whose issue has a verdict, without their numbers."""
    query = "select table_name from pgmend.issue where issue_type = 'SERIAL_TYPE' and why_not_auto is not null"
    return sorted(name.partition("_")[0] for (name,) in workshop.database.fetch(query))


async def test_a_fix_is_made_though_nobody_can_watch_what_it_brings_about(workshop: Workshop) -> None:
    workshop.database.execute("alter table pgmend.aftermath rename to gone")
    await apply_one(workshop, workshop.connections)
    assert workshop.leftovers() == []
