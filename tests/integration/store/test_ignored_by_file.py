"""What the file of a repository ignores is ignored in the database, and nobody's own word is overwritten by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pgmend.listener.connection import connect
from pgmend.listener.ignore_file import FILE_NAME
from pgmend.listener.issue import Issue
from pgmend.listener.mending.repository import Repository
from pgmend.listener.store.ignored import read_ignored
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.planted import plant_issue
from tests.support.role import Roles

ROWS = "select issue_id, reason, ignored_by, source is not null from pgmend.ignored_issue order by issue_id"
STATUS = "select status from pgmend.all_issues where issue_id = %s"


@pytest.fixture
async def connection(installed: Database) -> AsyncIterator[AsyncConnection[Any]]:
    """What a mender holds."""
    async with await connect(installed.dsn, "test") as connection:
        yield connection


@pytest.fixture
async def issues(connection: AsyncConnection[Any]) -> list[Issue]:
    return [await plant_issue(connection, table=table) for table in ("a", 'B "ü"')]


def write(folder: Path, *tables: str, reason: str = "by design") -> None:
    entries = [
        f"[[ignore]]\ntype = '*'\ntable = '{table}'\nreason = '{reason}'\nowner = 'ada'\n# {'x' * number}\n"
        for number, table in enumerate(tables)
    ]
    (folder / FILE_NAME).write_text("\n".join(entries), encoding="utf-8")


async def test_the_file_ignores_and_gives_back(
    connection: AsyncConnection[Any], installed: Database, issues: list[Issue], tmp_path: Path
) -> None:
    repository = Repository(tmp_path)
    assert not await repository.follow(connection, issues)
    write(tmp_path, 'public.B "ü"')
    assert await repository.follow(connection, issues)
    assert installed.fetch(ROWS) == [(issues[1].issue_id, "by design", "ada", True)]
    assert [installed.value(STATUS, (each.issue_id,)) for each in issues] == ["open", "ignored"]
    assert not await repository.follow(connection, issues)
    write(tmp_path, "a", reason="another reason")
    assert await repository.follow(connection, issues)
    assert installed.fetch(ROWS) == [(issues[0].issue_id, "another reason", "ada", True)]
    write(tmp_path)
    assert await repository.follow(connection, issues)
    assert installed.fetch(ROWS) == []
    audit = installed.fetch(
        "select action, detail ->> 'source' from pgmend.audit where action like 'issue.ignore%' order by occurred_at"
    )
    assert {source for _, source in audit} == {str(tmp_path / FILE_NAME)}
    assert [action for action, _ in audit].count("issue.ignore") == 2
    assert [action for action, _ in audit].count("issue.ignore.end") == 2


async def test_a_changed_reason_reaches_the_row(
    connection: AsyncConnection[Any], installed: Database, issues: list[Issue], tmp_path: Path
) -> None:
    write(tmp_path, "a")
    await Repository(tmp_path).follow(connection, issues)
    write(tmp_path, "a", reason="a better reason")
    await Repository(tmp_path).follow(connection, issues)
    assert installed.fetch(ROWS) == [(issues[0].issue_id, "a better reason", "ada", True)]


async def test_what_somebody_said_in_the_database_stays_as_it_is(
    connection: AsyncConnection[Any], installed: Database, issues: list[Issue], tmp_path: Path
) -> None:
    await connection.execute("select pgmend.ignore(%s, 'my own reason')", (issues[0].issue_id,))
    write(tmp_path, "*")
    repository = Repository(tmp_path)
    await repository.follow(connection, issues)
    rows = {row[0]: row[1:] for row in installed.fetch(ROWS)}
    assert rows[issues[0].issue_id] == ("my own reason", installed.value("select current_user"), False)
    write(tmp_path)
    await repository.follow(connection, issues)
    assert [row[0] for row in installed.fetch(ROWS)] == [issues[0].issue_id]


async def test_who_ignores_what_the_file_ignored_makes_it_theirs(
    connection: AsyncConnection[Any], installed: Database, issues: list[Issue], tmp_path: Path
) -> None:
    write(tmp_path, "a")
    repository = Repository(tmp_path)
    await repository.follow(connection, issues)
    await connection.execute("select pgmend.ignore(%s, 'for good')", (issues[0].issue_id,))
    write(tmp_path)
    await repository.follow(connection, issues)
    assert installed.fetch(ROWS) == [(issues[0].issue_id, "for good", installed.value("select current_user"), False)]


async def test_a_file_that_is_broken_or_gone_changes_nothing(
    connection: AsyncConnection[Any], installed: Database, issues: list[Issue], tmp_path: Path
) -> None:
    write(tmp_path, "a")
    repository = Repository(tmp_path)
    await repository.follow(connection, issues)
    before = installed.fetch(ROWS)
    (tmp_path / FILE_NAME).write_text("[[ignore")
    with structlog.testing.capture_logs() as logged:
        assert not await repository.follow(connection, issues)
        assert not await repository.follow(connection, issues)
    assert len(logged) == 1
    (tmp_path / FILE_NAME).unlink()
    assert not await repository.follow(connection, issues)
    assert not await Repository(tmp_path).follow(connection, issues)
    assert installed.fetch(ROWS) == before


async def test_what_is_ignored_is_read_where_that_is_allowed(
    installed: Database, database: Database, connection: AsyncConnection[Any], issues: list[Issue], role: Roles
) -> None:
    await connection.execute("select pgmend.ignore(%s, 'x', '10000-01-01')", (issues[0].issue_id,))
    (said,) = (await read_ignored(connection)).values()
    assert (said.issue_id, said.until, said.definition_hash) == (issues[0].issue_id, None, issues[0].definition_hash)
    async with await connect(database.dsn, "test") as bare:
        assert await read_ignored(bare) == {}
    nobody = role("login")
    async with await connect(installed.dsn, "test") as stranger:
        await stranger.execute(f'set role "{nobody.name}"'.encode())
        assert await read_ignored(stranger) == {}
