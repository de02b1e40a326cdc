"""The parts of the chaos lab; its rounds are a run of their own (`make chaos`), or these with PGMEND_CHAOS set."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from dataclasses import asdict
from random import Random

import psycopg
import pytest
from pgmend.listener.embedded import Cluster

from tests.lab.chaos.__main__ import run, totals
from tests.lab.chaos.application import LEDGERS, Row, build
from tests.lab.chaos.harms import HARMS
from tests.lab.chaos.order import seconds_until_order, structure
from tests.lab.chaos.proxy import FaultProxy
from tests.lab.chaos.round import Account
from tests.lab.chaos.scene import Scene
from tests.lab.chaos.workload import Writer, differences
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes
from tests.support.server import Server

_AT_ONCE = 5


@pytest.mark.skipif(
    not os.environ.get("PGMEND_CHAOS"), reason="chaos is a run of its own: make chaos, or PGMEND_CHAOS=1"
)
@pytest.mark.parametrize("first", range(1, 26, _AT_ONCE))
async def test_nothing_is_lost_or_left_half_done_whatever_dies(first: int) -> None:
    accounts = await run(range(first, first + _AT_ONCE), seed=1, workers=_AT_ONCE, tell=lambda _: None)
    ill = [asdict(account) for account in accounts if not account.is_in_order]
    assert not ill, json.dumps(ill, indent=2)
    assert sum(account.written for account in accounts) > 0


async def test_a_writer_knows_every_row_also_after_the_server_crashed(private_server: Server) -> None:
    with private_server.database() as database:
        await asyncio.to_thread(build, database.dsn)
        orders, _ = LEDGERS
        writer = Writer(database.dsn, orders, 0, 1, Random(1))
        writing = asyncio.create_task(writer.run())
        try:
            for _ in range(3):
                before = writer.written
                await eventually(lambda wanted=before + 20: writer.written > wanted)
                await asyncio.to_thread(private_server.restart, crash=True)
        finally:
            writer.stop()
            await writing
        with psycopg.connect(database.dsn) as connection:
            found = orders.read(connection)
        assert (differences(found, writer.rows), writer.failed) == ((0, 0, 0), [])
        assert writer.lost_connections >= 3


def test_the_oracle_sees_what_was_lost_changed_or_never_written() -> None:
    row, other = Row("1", "a", "1.00"), Row("1", "b", "1.00")
    assert differences({1: row, 3: other, 4: row}, {1: row, 2: row, 3: row}) == (1, 1, 1)


async def test_disorder_is_told(installed: Database, server: Server) -> None:
    installed.execute("create table t (id int primary key, pgmend_shadow int)")
    async with FaultProxy(1) as proxy:
        scene = Scene(server, installed, proxy, Processes(), Random(1))
        seconds, amiss = await seconds_until_order(scene, [], 0.3)
        assert (seconds, "left over: t.pgmend_shadow" in amiss) == (None, True)
        installed.execute("alter table t drop column pgmend_shadow")
        installed.execute("update pgmend.ddl_log set processed_at = now()")
        as_it_is = await structure(scene)
        installed.execute("drop table t")
        installed.execute("update pgmend.ddl_log set processed_at = now()")
        seconds, amiss = await seconds_until_order(scene, [as_it_is], 0.3)
        assert seconds is None
        assert any(said.startswith("lacks") for said in amiss)
        assert (await seconds_until_order(scene, [await structure(scene)], 5))[1] == ()


def test_an_account_is_well_only_if_everything_was_kept() -> None:
    well = Account(1, (), seconds=[1.0])
    assert well.is_well
    assert Account(1, (), seconds=[31.0]).is_in_order
    for wrong in (
        {"seconds": [None]},
        {"seconds": [31.0]},
        {"amiss": ["x"]},
        {"rows_lost": 1},
        {"rows_changed": 1},
        {"rows_strange": 1},
        {"failed_writes": ["x"]},
        {"died": ["x"]},
        {"error": "x"},
    ):
        assert not Account(1, (), **{"seconds": [1.0], **wrong}).is_well, wrong
    assert totals([well, Account(2, (), seconds=[None])])["well"] == 1


def test_every_harm_says_what_it_is() -> None:
    names = Counter(harm.__name__ for harm in HARMS)
    assert max(names.values()) == 1
    assert all(harm.__doc__ for harm in HARMS)


async def test_the_proxy_cuts_holds_and_hands_on() -> None:
    with Cluster() as cluster:
        async with FaultProxy(cluster.port) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            asks_for_tls = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
            writer.write(asks_for_tls)
            assert await reader.readexactly(1) == b"N"
            proxy.hold()
            writer.write(asks_for_tls)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)
            proxy.cut()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            proxy.let_go()
            _, again = await asyncio.open_connection("127.0.0.1", proxy.port)
            again.close()
            writer.close()
