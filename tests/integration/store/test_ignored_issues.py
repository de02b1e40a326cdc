"""What is ignored, for how long, and that every face says the same of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pgmend.listener.connection import connect
from pgmend.listener.desk import Connections, Desk, IssueFilter
from pgmend.listener.issue import Issue
from pgmend.listener.settings import Settings
from pgmend.listener.store.issues import follow_ignored, open_or_change, read_issue, resolve
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.planted import plant_fix, plant_issue

OVER = "update pgmend.ignored_issue set until = clock_timestamp() - interval '1 second'"
DELETED = "delete from pgmend.ignored_issue"


@pytest.fixture
async def connection(installed: Database) -> AsyncIterator[AsyncConnection[Any]]:
    """What a listener would hold."""
    async with await connect(installed.dsn, "test") as connection:
        yield connection


@pytest.fixture
async def ignored(connection: AsyncConnection[Any], installed: Database) -> Issue:
    """An issue that pgmend would fix alone, ignored for a day."""
    issue = await plant_issue(connection, backlog=True)
    installed.execute("update pgmend.issue set auto_fixable = true, why_not_auto = null")
    await ignore(connection, issue, "clock_timestamp() + interval '1 day'")
    return issue


async def ignore(connection: AsyncConnection[Any], issue: Issue, until: str = "null") -> None:
    await connection.execute(f"select pgmend.ignore(%s, 'by design', {until})".encode(), (issue.issue_id,))


async def statuses(database: Database, connection: AsyncConnection[Any], issue: Issue) -> set[str]:
    """What the faces say of it; more than one word where they disagree."""
    async with Connections(database.dsn) as connections:
        desk = Desk(connections, Settings())
        shown = await desk.issue(issue.issue_id)
        listed = (await desk.issues(IssueFilter(status=None))).page.items
        open_ones = (await desk.issues()).page.total
        ignored_ones = (await desk.issues(IssueFilter(status="ignored"))).page.total
        status = await desk.status()
    record = await read_issue(connection, issue.issue_id)
    assert record is not None
    assert (shown.ignored is not None, open_ones + ignored_ones) == (
        shown.status == "ignored",
        shown.status != "resolved",
    )
    assert open_ones == status.open_issues == status.backlog == (shown.status == "open")
    assert database.value("select count(*) from pgmend.open_issues") == open_ones
    stated = database.value("select status from pgmend.all_issues where issue_id = %s", (issue.issue_id,))
    return {shown.status, record.status, stated, *(each.status for each in listed)}


async def test_an_ignored_issue_is_ignored_on_every_face(
    connection: AsyncConnection[Any], installed: Database, ignored: Issue
) -> None:
    assert await statuses(installed, connection, ignored) == {"ignored"}
    assert installed.fetch("select status from pgmend.issue") == [("ignored",)]
    assert installed.fetch("select auto_fixable, why_not_auto from pgmend.all_issues") == [
        (False, "it is ignored: by design")
    ]
    assert await follow_ignored(connection) == {}


@pytest.mark.parametrize("end", [OVER, DELETED], ids=["its time is over", "its row is deleted"])
async def test_it_is_open_again_at_once_on_every_face(
    connection: AsyncConnection[Any], installed: Database, ignored: Issue, end: str
) -> None:
    installed.execute(end.encode())
    assert await statuses(installed, connection, ignored) == {"open"}
    assert installed.fetch("select auto_fixable, why_not_auto from pgmend.all_issues") == [(True, None)]
    assert await follow_ignored(connection) == {ignored.issue_id: "open"}
    assert installed.fetch("select status from pgmend.issue") == [("open",)]
    assert await follow_ignored(connection) == {}


async def test_it_is_open_again_when_its_definition_changes(
    connection: AsyncConnection[Any], installed: Database, ignored: Issue
) -> None:
    await open_or_change(connection, [replace(ignored, definition_hash="another")])
    assert installed.fetch("select status from pgmend.issue") == [("open",)]
    assert await statuses(installed, connection, ignored) == {"open"}
    await open_or_change(connection, [ignored])
    assert installed.fetch("select status from pgmend.issue") == [("ignored",)]
    assert await statuses(installed, connection, ignored) == {"ignored"}


@pytest.mark.parametrize(
    ("meanwhile", "status"), [("select 1", "ignored"), (OVER, "open"), (DELETED, "open")], ids=["", "over", "deleted"]
)
async def test_one_that_was_resolved_comes_back_as_its_row_says(
    connection: AsyncConnection[Any], installed: Database, ignored: Issue, meanwhile: str, status: str
) -> None:
    await resolve(connection, [ignored.issue_id])
    assert await statuses(installed, connection, ignored) == {"resolved"}
    assert await follow_ignored(connection) == {}
    installed.execute(meanwhile.encode())
    await open_or_change(connection, [ignored])
    assert installed.fetch("select status from pgmend.issue") == [(status,)]
    assert await statuses(installed, connection, ignored) == {status}


async def test_a_row_written_by_hand_ignores_it_whatever_its_definition(
    connection: AsyncConnection[Any], installed: Database
) -> None:
    issue = await plant_issue(connection, backlog=True)
    installed.execute("insert into pgmend.ignored_issue (issue_id, reason) select issue_id, 'x' from pgmend.issue")
    assert await statuses(installed, connection, issue) == {"ignored"}
    assert await follow_ignored(connection) == {issue.issue_id: "ignored"}


@pytest.mark.parametrize("until", ["'infinity'", "'10000-01-01'"])
async def test_a_time_beyond_the_calendar_is_no_end(
    connection: AsyncConnection[Any], installed: Database, until: str
) -> None:
    issue = await plant_issue(connection, backlog=True)
    await ignore(connection, issue, until)
    assert await statuses(installed, connection, issue) == {"ignored"}


async def test_the_plan_of_an_ignored_issue_does_not_wait_for_approval(
    connection: AsyncConnection[Any], installed: Database, ignored: Issue
) -> None:
    await plant_fix(connection, ignored)
    assert installed.value("select awaiting_approval from pgmend.status") == 0
    installed.execute(DELETED)
    assert installed.value("select awaiting_approval from pgmend.status") == 1
