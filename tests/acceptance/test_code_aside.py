"""Issues of code that people live with: by the database, by the repository's file, by a baseline."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import Database
from tests.support.process import Finished, Processes

CODE = """\
import asyncpg


async def get(conn: asyncpg.Connection, user_id: str):
    await conn.fetch("select 1 from logs where line = $1", int(user_id))
    return await conn.fetch("select nmae from users where note = 'hunter2-secret'")
"""
ENTRY = """\
[[ignore]]
type = "UNKNOWN_COLUMN"
file = "app/*"
reason = "on its way out"
owner = "ada"
"""

Analyze = Callable[..., Coroutine[Any, Any, Finished]]


@pytest.fixture
def code(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    database.execute("create table users (id integer primary key, name text, note text); create table logs (line text)")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "größe.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "app" / "größe.py"


@pytest.fixture
def analyze(pgmend: Processes, database: Database, code: Path) -> Analyze:
    async def run(*flags: str | Path) -> Finished:
        return await pgmend.run("analyze", ".", *flags, "--dsn", database.dsn)

    return run


def write(path: str | Path, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8")


def content(path: str) -> bytes:
    return Path(path).read_bytes()


def listed() -> dict[str, int | None]:
    """What is in this folder, files with their modes."""
    return {each.name: each.stat().st_mode & 0o777 if each.is_file() else None for each in Path().iterdir()}


def document(finished: Finished) -> dict[str, Any]:
    assert finished.stdout.startswith("{"), finished
    return json.loads(finished.stdout)


async def test_a_baseline_makes_what_is_there_known_and_only_more_of_it_new(analyze: Analyze, code: Path) -> None:
    written = await analyze("--write-baseline", "known.json", "--fail-on", "low")
    assert written.code == 0, written
    first = content("known.json")
    assert b"hunter2" not in first
    assert [each["file"] for each in json.loads(first)["issues"]] == ["app/größe.py"] * 2
    assert "größe" in first.decode()

    same = await analyze("--baseline", "known.json", "--fail-on", "low")
    assert (same.code, "2 of the baseline" in same.stdout, "UNKNOWN_COLUMN" in same.stdout) == (0, True, False), same

    write(code, "# moved\n\n" + CODE)
    assert (await analyze("--baseline", "known.json", "--fail-on", "low")).code == 0

    twice = CODE + CODE.replace("get(", "again(").replace("int(user_id)", "user_id")
    write(code, twice)
    more = await analyze("--baseline", "known.json", "--format", "json")
    assert more.code == 1, more
    found = document(more)
    assert [each["issue_type"] for each in found["issues"]] == ["UNKNOWN_COLUMN"]
    assert len(found["known"]) == 2


async def test_what_is_in_the_baseline_and_no_more_in_the_code_is_told(analyze: Analyze, code: Path) -> None:
    await analyze("--write-baseline", "known.json")
    write(code, CODE.replace("nmae", "name"))
    healed = await analyze("--baseline", "known.json")
    assert healed.code == 0, healed
    assert "no more: UNKNOWN_COLUMN public.users.nmae in app/größe.py" in healed.stdout
    assert len(document(await analyze("--baseline", "known.json", "--format", "json"))["gone"]) == 1
    assert "no more: UNKNOWN_COLUMN" in (await analyze("--baseline", "known.json", "--format", "github")).stderr
    others = await analyze("--baseline", "known.json", "--select", "INVALID_SQL")
    assert "no more" not in others.stdout  # nobody looked
    write(code, CODE + "def f(:\n")
    assert "no more" not in (await analyze("--baseline", "known.json")).stdout


async def test_the_same_issues_are_the_same_file_and_a_baseline_can_be_brought_up_to_date(
    analyze: Analyze, code: Path
) -> None:
    await analyze("--write-baseline", "known.json")
    os.chmod("known.json", 0o640)  # noqa: PTH101 - of a coroutine
    first = content("known.json")
    write(code.parent / "zzz.py", CODE)
    await analyze("--baseline", "known.json", "--write-baseline", "known.json")
    both = json.loads(content("known.json"))["issues"]
    assert [each["file"] for each in both] == ["app/größe.py"] * 2 + ["app/zzz.py"] * 2
    (code.parent / "zzz.py").unlink()
    await analyze("--write-baseline", "known.json")
    assert content("known.json") == first
    assert listed() == {"app": None, "known.json": 0o640}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such baseline"),
        ("<<<<<<< ours", "no valid JSON"),
        ("[]", "no baseline of pgmend"),
        ('{"schema_version": 2, "issues": []}', "version 2"),
        ('{"schema_version": 1, "issues": [{"file": 1}]}', "an entry takes file, issue_type"),
    ],
)
async def test_a_baseline_that_is_none_is_wrong_usage(analyze: Analyze, text: str | None, said: str) -> None:
    if text is not None:
        write("known.json", text)
    finished = await analyze("--baseline", "known.json")
    assert (finished.code, said in finished.stderr) == (2, True), finished


@pytest.mark.parametrize("there", [True, False])
async def test_what_was_not_seen_is_not_taken_out_of_a_baseline(analyze: Analyze, code: Path, there: bool) -> None:
    if there:
        await analyze("--write-baseline", "known.json")
    before = content("known.json") if there else None
    write(code, CODE + "def f(:\n")
    write(code.parent / "zzz.py", CODE)
    finished = await analyze("--write-baseline", "known.json", *(("--baseline", "known.json") if there else ()))
    assert finished.code == 3, finished
    assert "known.json is not written" in finished.stderr
    assert (content("known.json") if there else None) == before
    assert ("known.json" in listed()) == there


async def test_a_part_is_no_baseline(analyze: Analyze) -> None:
    finished = await analyze("--write-baseline", "known.json", "--select", "UNKNOWN_COLUMN")
    assert (finished.code, "known.json" in listed()) == (2, False)


async def test_known_issues_are_suppressed_results_in_sarif(analyze: Analyze) -> None:
    await analyze("--write-baseline", "known.json")
    (run,) = document(await analyze("--baseline", "known.json", "--format", "sarif"))["runs"]
    assert [each["suppressions"][0]["justification"] for each in run["results"]] == ["it is in the baseline"] * 2


async def test_the_ignore_file_covers_files_of_code(analyze: Analyze, code: Path) -> None:
    write("pgmend-ignore.toml", ENTRY)
    finished = await analyze()
    assert finished.code == 0, finished  # what is left is medium
    assert "by ada: on its way out" in finished.stdout
    assert "ignoring:" not in finished.stdout
    found = document(await analyze("--format", "json"))
    (ignored,) = found["ignored"]
    assert (ignored["file"], ignored["line"], ignored["column"]) == ("app/größe.py", 6, "nmae")
    write(code, CODE.replace("nmae", "name"))
    assert "it covers no issue" in (await analyze()).stdout
    assert "covers no issue" not in (await analyze("--select", "INVALID_SQL")).stdout


async def test_an_entry_for_code_is_none_of_check_nor_the_other_way(
    analyze: Analyze, pgmend: Processes, database: Database
) -> None:
    write("pgmend-ignore.toml", ENTRY + ENTRY.replace("UNKNOWN_COLUMN", "MISSING_INDEX").replace("file", "table"))
    checked = await pgmend.run("check", "--format", "json", "--dsn", database.dsn)
    complaints = document(checked)["complaints"]
    assert [each for each in complaints if "UNKNOWN_COLUMN" in each] == []
    assert "covers no issue" not in (await analyze()).stdout


async def test_what_the_database_ignores_is_ignored_in_code(pgmend: Processes, installed: Database, code: Path) -> None:
    installed.execute(
        "create table users (id integer primary key, name text, note text); create table logs (line text)"
    )
    words = ("analyze", code, "--format", "json", "--dsn", installed.dsn)
    found = document(await pgmend.run(*words))
    name = next(each["issue_id"] for each in found["issues"] if each["issue_type"] == "UNKNOWN_COLUMN")
    installed.execute(
        "insert into pgmend.ignored_issue (issue_id, reason, ignored_by) values (%s, 'we know', 'ada')", [name]
    )
    again = document(await pgmend.run(*words))
    assert [(each["issue_id"], each["said_in"]) for each in again["ignored"]] == [(name, "pgmend.ignored_issue")]
    assert name not in [each["issue_id"] for each in again["issues"]]


async def test_a_comment_ignores_what_it_stands_at(analyze: Analyze, code: Path) -> None:
    known = "  # pgmend: ignore[UNKNOWN_COLUMN] comes with the next release\n"
    write(code, CODE.rstrip("\n") + known + "\n# pgmend: ignore[INVALID_SQL] so be it\nx = 1\n")
    finished = await analyze()
    assert finished.code == 0, finished
    assert "by a comment: comes with the next release" in finished.stdout
    assert "the comment at app/größe.py:8 (INVALID_SQL) covers no issue" in finished.stdout
    (run,) = document(await analyze("--select", "UNKNOWN_COLUMN", "--format", "sarif"))["runs"]
    assert [each["suppressions"][0]["justification"] for each in run["results"]] == [
        "a comment: comes with the next release (app/größe.py:6)"
    ]


async def test_ignore_writes_the_entry_of_an_issue_in_code(
    analyze: Analyze, pgmend: Processes, database: Database
) -> None:
    found = document(await analyze("--format", "json"))
    name = next(each["issue_id"] for each in found["issues"] if each["issue_type"] == "UNKNOWN_COLUMN")
    words = ("ignore", name, "--code", ".", "--write", "--reason", "so be it", "--owner", "ada", "--dsn", database.dsn)
    written = await pgmend.run(*words)
    assert written.code == 0, written
    again = document(await analyze("--format", "json"))
    assert [each["issue_id"] for each in again["ignored"]] == [name]
    assert again["complaints"] == []
