"""Everything over the analyst's connection takes turns: what came into the midst of a look would join its pipeline."""

from __future__ import annotations

import asyncio

from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from psycopg import AsyncConnection
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import TupleRow

from tests.support.database import Database


async def test_a_question_waits_for_the_look_under_way(installed: Database) -> None:
    installed.execute("create table t (id integer primary key)")
    states: list[tuple[int, int]] = []

    async def question(connection: AsyncConnection[TupleRow]) -> None:
        states.append((connection.pgconn.pipeline_status, connection.info.transaction_status))
        await connection.execute("select 1")

    async with await installed.connect() as leading, await installed.connect() as connection:
        lease = await take_lease(leading, "test")
        assert lease is not None
        analyst = Analyst(connection, lease, Judge(), LeftAlone(()))
        await analyst.begin()
        looking = asyncio.create_task(analyst.scan("safety"))
        while connection.pgconn.pipeline_status == PipelineStatus.OFF:  # noqa: ASYNC110 - nobody tells that it begins
            await asyncio.sleep(0)
        await asyncio.gather(*(analyst.ask(question) for _ in range(5)))
        assert looking.done()
        assert states == [(PipelineStatus.OFF, TransactionStatus.IDLE)] * 5
