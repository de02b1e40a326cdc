"""Whatever people do, following the events opens and resolves exactly the issues that a full scan finds."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.connection import connect
from pgmend.listener.counters.read import read_sequences, sequences_of
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.issue import Issue
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.closure import DISBELIEVED
from pgmend.listener.judging.examiner import Examiner
from pgmend.listener.judging.judge import Judge
from pgmend.listener.relations.measure import measure
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.ddl_at_random import BEGINNING, statements
from tests.support.server import Server

JUDGE = Judge(critical_tables=("*",))
BUDGET = timedelta(seconds=20)
ROWS = """
    insert into a values (1, 1), (2, 1); insert into b values (1, 1, 'y'), (2, null, 'y');
    insert into c values (1, 0, 'y')
"""


def told(issue: Issue) -> tuple[object, ...]:
    """All that an issue says, its history apart."""
    return (
        issue.issue_type,
        issue.table,
        issue.column,
        issue.object_name,
        issue.severity,
        issue.current_state,
        issue.expected_state,
        issue.evidence,
        issue.remedy,
        issue.doubt,
    )


async def follow(analyst: Analyst, connection: AsyncConnection[Any]) -> None:
    """What the listener does after events: react, and count what would decide."""
    await analyst.react()
    while links := analyst.take_unmeasured(200):
        found = await measure(connection, links, analyst.examiner.snapshot, budget=BUDGET)
        await analyst.learn(found)


async def scanned(analyst: Analyst, connection: AsyncConnection[Any]) -> tuple[dict[str, Issue], set[tuple[str, int]]]:
    """What a full scan by somebody with the same memory finds, and what it cannot decide."""
    snapshot = await read_snapshot(connection)
    examiner = Examiner(JUDGE, snapshot, analyst.examiner.changes)
    examiner.hear(analyst.examiner.impacts)
    examiner.read_off(await read_sequences(connection, sequences_of(snapshot.tables.values())), None)
    found = await measure(connection, examiner.unmeasured(snapshot.tables), snapshot, budget=BUDGET)
    examiner.learn(found)
    judgement = examiner.examine(examiner.everything())
    return {issue.issue_id: issue for issue in judgement.issues}, set(judgement.undecided)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.lists(statements(), min_size=1, max_size=5), min_size=1, max_size=5))
async def test_following_events_comes_to_the_issues_of_a_full_scan(
    installed: Database, server: Server, batches: list[list[str]]
) -> None:
    installed.execute(BEGINNING + ROWS)
    installed.execute("update pgmend.lease set heartbeat_at = '-infinity'")  # of an example that failed
    async with (
        await connect(installed.dsn, "test") as leading,
        await installed.connect() as connection,
        await installed.connect() as other,
    ):
        lease = await take_lease(leading, "test")
        assert lease is not None
        # Whatever a statement did to rows is told, however few they are.
        analyst = Analyst(connection, lease, JUDGE, LeftAlone(()), online_above=timedelta(0))
        await analyst.begin()
        for batch in batches:
            for statement in batch:
                if statement.startswith("reindex") and server.version < 17:
                    continue  # no event tells of it
                with contextlib.suppress(psycopg.Error):
                    await other.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
            if other.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                await other.execute("rollback")
            await follow(analyst, leading)
            full, undecided = await scanned(analyst, leading)
            held = [each for each in analyst.open_issues() if (each.issue_type, each.table_oid) not in undecided]
            assert sorted(map(repr, map(told, held))) == sorted(repr(told(each)) for each in full.values())


async def test_issues_of_a_table_that_was_dropped_while_nobody_listened_are_resolved(installed: Database) -> None:
    installed.execute("create table gone (n int); create table stays (n int)")
    async with await connect(installed.dsn, "test") as leading, await installed.connect() as connection:
        lease = await take_lease(leading, "test")
        assert lease is not None
        await Analyst(connection, lease, JUDGE, LeftAlone(())).begin()
        installed.execute("alter event trigger pgmend_record_drop disable; drop table gone")
        later = Analyst(connection, lease, JUDGE, LeftAlone(()))
        outcome = await later.begin()
    assert len(outcome.resolved) == 1
    assert [(issue.issue_type, issue.table) for issue in later.open_issues()] == [("MISSING_PRIMARY_KEY", "stays")]


async def test_what_rows_speak_against_is_withdrawn_and_not_called_gone(installed: Database) -> None:
    installed.execute("""
        create table location (locationid integer primary key);
        create table visit (id integer primary key, locationid integer);
        insert into location select generate_series(1, 5);
        insert into visit select n, n + 1000 from generate_series(1, 60) as n
    """)
    async with await connect(installed.dsn, "test") as leading, await installed.connect() as connection:
        lease = await take_lease(leading, "test")
        assert lease is not None
        analyst = Analyst(connection, lease, JUDGE, LeftAlone(()))
        await analyst.begin()
        await follow(analyst, leading)
        installed.execute("alter table visit alter locationid type text")
        await follow(analyst, leading)
        query = "select status, resolved_because from pgmend.issue where issue_type = 'TYPE_MISMATCH'"
        assert installed.fetch(query) == [("resolved", DISBELIEVED)]
