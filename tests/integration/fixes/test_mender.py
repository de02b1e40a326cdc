"""The queue's worker where there is not always a connection to be had."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.connections import ConnectionSource
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.mending.mender import Mender
from pgmend.listener.settings import AutoFix, Settings
from pgmend.listener.store.policy import read_policy
from psycopg import AsyncConnection

from tests.support.eventually import eventually
from tests.support.workshop import Workshop

APP = """
create table public.users (id int primary key);
create table public.orders (id int primary key, user_id int references public.users);
"""
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


async def test_a_fix_that_got_no_session_is_taken_up_again_by_the_same_leader(workshop: Workshop) -> None:
    workshop.database.execute(APP)
    source = Stingy(workshop.connections)
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
    assert source.refused == 1
    assert workshop.leftovers() == []
