"""Issues as they are shown, found and left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pgmend.listener.desk import Desk, IssueFilter
from pgmend.listener.errors import FixError, InvalidRequest, NotFound
from pgmend.listener.issue import Severity
from pgmend.listener.store.issues import resolve
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.planted import plant_fix, plant_issue

TOMORROW = datetime.now(UTC) + timedelta(days=1)
LONGEST_NAME = "ü" * 31 + "x"


@pytest.fixture
async def several(connection: AsyncConnection[Any]) -> None:
    """Three open issues, one that is resolved, one that is ignored."""
    await plant_issue(connection, table="b", severity=Severity.LOW)
    await plant_issue(connection, table="a", issue_type="TYPE_MISMATCH", severity=Severity.CRITICAL, backlog=True)
    await plant_issue(connection, schema='Sales "x"', table="a", severity=Severity.MEDIUM)
    await resolve(connection, [(await plant_issue(connection, table="c")).issue_id])
    ignored = await plant_issue(connection, table="d")
    await connection.execute("select pgmend.ignore(%s, 'by design')", (ignored.issue_id,))


async def test_open_issues_come_worst_first(desk: Desk, several: None) -> None:
    found = await desk.issues()
    shown = [(issue.severity.value, issue.schema, issue.table) for issue in found.page.items]
    assert shown == [("critical", "public", "a"), ("medium", 'Sales "x"', "a"), ("low", "public", "b")]
    assert found.page.total == 3


async def test_filter_shows_what_matches_all_of_it(desk: Desk, several: None) -> None:
    cases = {
        IssueFilter(status=None): ["a", "a", "c", "d", "b"],
        IssueFilter(status="resolved"): ["c"],
        IssueFilter(status="ignored"): ["d"],
        IssueFilter(severity=Severity.LOW): ["b"],
        IssueFilter(issue_types=("TYPE_MISMATCH",)): ["a"],
        IssueFilter(issue_types=("NO_SUCH_TYPE", "NOR_THIS")): [],
        IssueFilter(table="a"): ["a", "a"],
        IssueFilter(table="public.a"): ["a"],
        IssueFilter(table='Sales "x".a'): ["a"],
        IssueFilter(table="A"): [],
        IssueFilter(table="a' or true --"): [],
        IssueFilter(backlog=True): ["a"],
        IssueFilter(backlog=False, severity=Severity.MEDIUM): ["a"],
    }
    found = {wanted: await desk.issues(wanted) for wanted in cases}
    assert {wanted: [issue.table for issue in each.page.items] for wanted, each in found.items()} == cases
    for wanted, each in found.items():
        assert each.page.total == each.summary.total == len(cases[wanted]), wanted


async def test_pages_cover_the_list_once_and_the_summary_covers_it_whole(desk: Desk, several: None) -> None:
    pages = [await desk.issues(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [[issue.table for issue in each.page.items] for each in pages] == [["a", "a"], ["b"], []]
    for each in pages:
        assert each.page.total == 3
        assert (each.summary.critical, each.summary.medium, each.summary.low, each.summary.backlog) == (1, 1, 1, 1)
        assert each.summary.by_type == {"MISSING_INDEX": 2, "TYPE_MISMATCH": 1}


async def test_page_that_cannot_be_is_refused(desk: Desk) -> None:
    for limit, offset in [(0, 0), (-1, 0), (501, 0), (1, -1), (1, 2**63)]:
        with pytest.raises(InvalidRequest, match="is not between"):
            await desk.issues(limit=limit, offset=offset)


async def test_issue_shows_why_it_is_believed_and_which_ddl_caused_it(
    desk: Desk, connection: AsyncConnection[Any], installed: Database
) -> None:
    quoted = LONGEST_NAME.replace('"', '""')
    installed.execute(f'create table "{quoted}" (id int)'.encode())  # type: ignore[arg-type]
    event, tag = installed.fetch("select event_id::text, command_tag from pgmend.ddl_log where kind = 'command'")[0]
    planted = await plant_issue(connection, table=LONGEST_NAME, event_id=event)
    shown = await desk.issue(planted.issue_id)
    assert shown.table == LONGEST_NAME
    assert [(each.kind, each.against) for each in shown.evidence] == [("foreign_key", False), ("size", True)]
    assert shown.cause is not None
    assert (str(shown.cause.event_id), shown.cause.command_tag, shown.cause.session_role) == (event, tag, "postgres")
    assert shown.cause.statement is not None
    assert LONGEST_NAME in shown.cause.statement


async def test_issue_whose_event_has_expired_has_no_cause(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection, event_id="00000000-0000-0000-0000-000000000001")
    assert (await desk.issue(issue.issue_id)).cause is None


async def test_issue_shows_its_newest_plan_and_no_superseded_one(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    assert (await desk.issue(issue.issue_id)).fix is None
    await plant_fix(connection, issue)
    newer = await plant_fix(connection, issue)
    shown = (await desk.issue(issue.issue_id)).fix
    assert shown is not None
    assert (shown.fix_id, shown.state, shown.summary) == (newer, "proposed", "index b (c)")


async def test_ignored_issue_is_hidden_and_says_who_ignored_it_and_why(
    desk: Desk, connection: AsyncConnection[Any]
) -> None:
    issue = await plant_issue(connection)
    shown = await desk.ignore(issue.issue_id, "we drop it in May", TOMORROW)
    assert shown.ignored is not None
    assert (shown.status, shown.ignored.reason, shown.ignored.until) == ("ignored", "we drop it in May", TOMORROW)
    assert (await desk.issues()).page.items == ()
    assert [each.issue_id for each in (await desk.issues(IssueFilter(status="ignored"))).page.items] == [issue.issue_id]


async def test_ignoring_takes_a_reason_and_a_time_to_come(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    past = datetime(2001, 1, 1, tzinfo=UTC)
    for reason, until, says in [("", None, "takes a reason"), ("  ", None, "takes a reason"), ("x", past, "is over")]:
        with pytest.raises(InvalidRequest, match=says):
            await desk.ignore(issue.issue_id, reason, until)
    assert (await desk.issue(issue.issue_id)).status == "open"


async def test_resolved_issue_is_not_ignored(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    await connection.execute("update pgmend.issue set status = 'resolved'")
    with pytest.raises(FixError, match="is resolved"):
        await desk.ignore(issue.issue_id, "why not")


async def test_unknown_issue_is_told_from_what_is_no_id(desk: Desk) -> None:
    with pytest.raises(NotFound, match="There is no issue 0123456789abcdef"):
        await desk.issue("0123456789abcdef")
    with pytest.raises(NotFound, match="There is no issue 0123456789abcdef"):
        await desk.ignore("0123456789abcdef", "why not")
    for ask in (desk.issue, desk.preview):
        with pytest.raises(InvalidRequest, match="'orders' is no issue id"):
            await ask("orders")
