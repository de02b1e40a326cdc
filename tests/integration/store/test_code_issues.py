"""An issue in code as `pgmend.issue` keeps it and every face shows it."""

from __future__ import annotations

from dataclasses import replace

from pgmend.listener.connection import connect
from pgmend.listener.desk.issues import read_issue
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.source.site import CodeSite
from pgmend.listener.store.issues import open_or_change, read_open

from tests.support.database import Database

SITE = CodeSite("Büro/ab frage.py", 12, 7, "select \"Straße\" from {table} where a = '%'", "42703")
ISSUE = Issue(
    issue_id="00112233445566aa",
    issue_type="UNKNOWN_COLUMN",
    severity=Severity.CRITICAL,
    schema="public",
    table="orders",
    column="Straße",
    object_name="Büro/ab frage.py/1f2e",
    table_oid=0,
    current_state="The statement names the column Straße, which public.orders does not have.",
    expected_state="A column that public.orders has.",
    doubt="it is in code",
    definition_hash="1",
    site=SITE,
)


async def test_keeps_the_place_and_shows_it(installed: Database) -> None:
    async with await connect(installed.dsn, "test") as connection:
        await open_or_change(connection, [ISSUE])
        (kept,) = await read_open(connection)
        assert kept.to_issue().site == SITE
        assert (await read_issue(connection, ISSUE.issue_id)).site == SITE
        shown = installed.fetch("select file, line, statement, sqlstate, why_not_auto from pgmend.open_issues")
        assert shown == [(SITE.file, 12, SITE.statement, "42703", "it is in code")]


async def test_a_place_that_moved_is_another_and_one_in_the_database_has_none(installed: Database) -> None:
    async with await connect(installed.dsn, "test") as connection:
        await open_or_change(connection, [ISSUE])
        await open_or_change(connection, [replace(ISSUE, site=replace(SITE, line=14, sqlstate=None))])
        assert [each.site for each in await read_open(connection)] == [replace(SITE, line=14, sqlstate=None)]
        await open_or_change(connection, [replace(ISSUE, site=None)])
        assert [each.site for each in await read_open(connection)] == [None]
