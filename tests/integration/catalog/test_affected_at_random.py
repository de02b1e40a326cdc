"""Whatever people do, following the events comes to what a full reading says."""

from __future__ import annotations

import contextlib

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.diff import diff_snapshots
from pgmend.listener.catalog.diff_surroundings import diff_surroundings
from pgmend.listener.catalog.fingerprint import fingerprint
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.snapshot import Snapshot

from tests.support.database import Database
from tests.support.ddl_at_random import BEGINNING, statements
from tests.support.server import Server

from .follower import Follower


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.lists(statements(), min_size=1, max_size=5), min_size=1, max_size=6))
async def test_following_events_comes_to_what_a_full_reading_says(
    installed: Database, server: Server, batches: list[list[str]]
) -> None:
    installed.execute(BEGINNING)
    async with await installed.connect() as connection, await installed.connect() as other:
        follower = await Follower.begin(connection)
        for batch in batches:
            for statement in batch:
                if statement.startswith("reindex") and server.version < 17:
                    continue  # no event tells of it
                with contextlib.suppress(psycopg.Error):
                    await other.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
            if other.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                await other.execute("rollback")
            before = follower.snapshot
            await follower.catch_up()
            full = await read_snapshot(connection)
            assert follower.snapshot.tables == full.tables
            assert follower.snapshot.surroundings == full.surroundings
            assert follower.snapshot.by_name == full.by_name
            assert follower.snapshot.referencing == full.referencing
            around = diff_surroundings(before.surroundings, full.surroundings)
            assert bool(around) == (_objects(before) != _objects(full))
            moved = {change.table_oid for change in diff_snapshots(before, full, None)}
            prints = [{oid: fingerprint(table) for oid, table in each.tables.items()} for each in (before, full)]
            assert moved == {oid for oid in prints[0].keys() | prints[1] if prints[0].get(oid) != prints[1].get(oid)}


def _objects(snapshot: Snapshot) -> tuple[object, ...]:
    around = snapshot.surroundings
    assert around is not None
    return around.views, around.routines, around.schemas
