"""Issues of no table, from a real event to pgmend.issue and back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.catalog.snapshot import DATABASE
from pgmend.listener.connection import connect
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.issue import Finding, Severity
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.judging.registry import DatabaseRule, Reads
from pgmend.listener.judging.scene import Scene

from tests.support.database import Database


def trouble(scene: Scene) -> Iterator[Finding]:
    """Whatever is called after trouble."""
    around = scene.surroundings
    for each in (*around.views.values(), *around.routines.values(), *around.schemas.values()):
        if "trouble" in each.place.name or "trouble" in each.place.schema:
            yield Finding(DATABASE, "It is trouble.", "It is none.", place=each.place)


TROUBLE = DatabaseRule("TROUBLE", Severity.MEDIUM, Reads.VIEWS, trouble, "trouble")


@pytest.fixture
async def analyst(installed: Database) -> AsyncIterator[Analyst]:
    installed.execute("create view trouble as select 1 as a")
    connection = await connect(installed.dsn, "test")
    lease = await take_lease(connection, "test")
    assert lease is not None
    analyst = Analyst(connection, lease, Judge([TROUBLE]), LeftAlone(("*.left_*",)))
    await analyst.begin()
    yield analyst
    await connection.close()


def stored(database: Database) -> list[tuple[Any, ...]]:
    return database.fetch("""
        select i.schema_name, table_name, object_name, status, backlog, e.command_tag
        from pgmend.all_issues as i left join pgmend.ddl_log as e using (event_id)
        where table_oid = 0 order by i.schema_name, table_name, object_name nulls first
    """)


BACKLOG = ("public", "trouble", None, "open", True, "CREATE VIEW")


async def test_what_was_there_is_backlog_and_what_comes_names_its_event(installed: Database, analyst: Analyst) -> None:
    assert stored(installed) == [BACKLOG]
    installed.execute("""
        create table plain (id integer);
        create function trouble(integer, "char") returns integer language sql as 'select 1';
    """)
    await analyst.react()
    assert stored(installed) == [
        BACKLOG,
        ("public", "trouble", 'trouble(integer, "char")', "open", False, "CREATE FUNCTION"),
    ]
    installed.execute("drop function trouble; drop view trouble")
    await analyst.react()
    assert {row[3] for row in stored(installed)} == {"resolved"}


async def test_backlog_that_was_gone_for_a_while_is_backlog_again(installed: Database, analyst: Analyst) -> None:
    for change in ("drop view trouble", "create view trouble as select 2 as b"):
        installed.execute(change)
        await analyst.react()
    assert stored(installed) == [BACKLOG]
    assert [issue.backlog for issue in analyst.open_issues()] == [True]


async def test_what_was_mended_and_broken_anew_is_no_backlog_any_more(installed: Database, analyst: Analyst) -> None:
    (issue,) = analyst.open_issues()
    installed.execute("drop view trouble")
    await analyst.react()
    installed.execute(
        "insert into pgmend.fix (issue_id, kind, plan, plan_hash, state)"
        f" values ('{issue.issue_id}', 'restore_object', '{{}}', 'hash', 'applied')"
    )
    installed.execute("create view trouble as select 2 as b")
    await analyst.react()
    assert stored(installed) == [("public", "trouble", None, "open", False, "CREATE VIEW")]


async def test_a_schema_is_told_and_a_grant_heard(installed: Database, analyst: Analyst) -> None:
    installed.execute('create schema "big trouble"')
    await analyst.react()
    assert stored(installed)[0] == ("big trouble", "", None, "open", False, "CREATE SCHEMA")
    installed.execute('grant create on schema "big trouble" to public')
    outcome = await analyst.react()
    assert outcome is not None
    assert [(change.kind.value, change.schema) for change in outcome.changes] == [("schema_altered", "big trouble")]
    assert outcome.changes[0].event_id is not None


async def test_a_rename_opens_nothing_new(installed: Database, analyst: Analyst) -> None:
    installed.execute("alter view trouble rename to more_trouble")
    outcome = await analyst.react()
    assert outcome is not None
    (issue,) = outcome.opened
    assert (issue.table, issue.backlog) == ("more_trouble", True)
    installed.execute("create schema elsewhere; alter view more_trouble set schema elsewhere")
    outcome = await analyst.react()
    assert outcome is not None
    assert [(issue.where, issue.backlog) for issue in outcome.opened] == [("elsewhere.more_trouble", True)]


async def test_a_scan_finds_what_nobody_told_of(installed: Database, analyst: Analyst) -> None:
    installed.execute("alter event trigger pgmend_record_drop disable; drop view trouble")
    outcome = await analyst.scan("safety")
    assert len(outcome.resolved) == 1
    assert [change.kind.value for change in outcome.changes] == ["view_dropped"]


async def test_plain_ddl_on_a_table_judges_the_database_not_again(installed: Database, analyst: Analyst) -> None:
    installed.execute("create table plain (id integer); alter table plain add column a integer")
    outcome = await analyst.react()
    assert outcome is not None
    assert DATABASE not in outcome.touched
