"""A file that is saved half-written says nothing, and so resolves nothing (law 5)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pgmend.listener.codebase.account import Account, Figures, Moved, is_within
from pgmend.listener.codebase.codebase import Codebase
from pgmend.listener.issue import Issue
from pgmend.listener.judging.code_issues import moves_in_code
from pgmend.listener.judging.held import HeldIssues
from pgmend.listener.settings import Settings
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from tests.support.database import Database

HEAD = "import psycopg\n\n\ndef read(c: psycopg.Cursor) -> None:\n"
WRONG = (
    HEAD
    + """    c.execute("select nothing from items")
    c.execute("select nope from items")  # pgmend: ignore[UNKNOWN_COLUMN] it comes with the next release
    c.execute("select 1 from items as a join items as b on a.sku = b.sku")
"""
)
EVERYTHING = Moved(everything=True)


class Looked:
    """A folder with one file, looked at again and again."""

    def __init__(self, connection: AsyncConnection[TupleRow], folder: Path) -> None:
        self._connection = connection
        self._codebase = Codebase(folder, Settings())
        self.file = folder / "läden" / "shop.py"
        self.file.parent.mkdir()

    async def at(self, code: str) -> Account:
        """What is told of it with that code."""
        self.file.write_text(code, encoding="utf-8")
        return await self.again()

    async def again(self) -> Account:
        if self._codebase.has_moved():
            self._codebase.read()
        self._codebase.touch(EVERYTHING)
        return await self._codebase.look(self._connection, EVERYTHING)


@pytest.fixture
async def looked(database: Database, tmp_path: Path) -> Looked:
    database.execute("create table items (sku text)")
    return Looked(await database.connect(), tmp_path)


async def test_its_issues_and_what_it_compares_stay_until_it_can_be_read(looked: Looked) -> None:
    first = await looked.at(WRONG)
    assert ([each.column for each in first.issues], len(first.pieces)) == (["nothing"], 1)
    broken = await looked.at(WRONG + "\n\ndef (")
    assert (broken.issues, broken.gone, broken.silent) == ((), frozenset(), frozenset())
    assert "does not parse" in (broken.figures.trouble or "")
    mended = await looked.at("\n" + WRONG)
    assert ([each.issue_id for each in mended.issues], mended.gone) == ([first.issues[0].issue_id], frozenset())
    await looked.at("\n" + WRONG + "\n\ndef (")
    right = await looked.at(HEAD + "    pass\n")
    assert (right.gone, len(right.silent)) == ({first.issues[0].issue_id}, 1)


async def test_a_file_that_is_taken_away_half_written_has_no_issues(looked: Looked) -> None:
    (issue,) = (await looked.at(WRONG)).issues
    await looked.at(WRONG + "def (")
    looked.file.unlink()
    assert (await looked.again()).gone == {issue.issue_id}


async def test_who_begins_to_watch_meanwhile_lets_none_of_it_go(looked: Looked) -> None:
    issue: Issue = (await looked.at(WRONG)).issues[0]
    assert issue.site is not None
    held = HeldIssues()
    elsewhere = replace(issue, issue_id="b" * 32, site=replace(issue.site, file="other.py"))
    held.hold([issue, elsewhere])
    told = Account(Figures(""), first=True, unreadable=frozenset({"läden/shop.py"}))
    assert moves_in_code(told, held).gone == (elsewhere.issue_id,)


@pytest.mark.parametrize(("path", "within"), [("a/b/c.py", True), ("a", True), (".", True), ("a/b/c", False)])
def test_what_lies_in_a_folder_that_cannot_be_read_is_within(path: str, within: bool) -> None:
    assert is_within("a/b/c.py", frozenset({path})) is within
