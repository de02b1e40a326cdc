"""What a repository chose to live with: shown with who and why, without pgmend installed and with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.process import Processes

SICK = """
create table "Logs, old" (line text);
create table logs (line text);
"""
ENTRY = """
[[ignore]]
type = "MISSING_PRIMARY_KEY"
table = "public.logs"
reason = "append-only"
owner = "ada"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def check(pgmend: Processes, database: Database, *flags: str) -> tuple[int, dict[str, Any]]:
    finished = await pgmend.run(
        "check", "--format", "json", "--fail-on", "medium", "--dsn", database.dsn, *flags
    )  # fmt: skip
    assert finished.stdout, finished
    return finished.code, json.loads(finished.stdout)


async def test_a_check_sets_apart_what_the_file_ignores_and_tells_of_useless_entries(
    pgmend: Processes, database: Database, folder: Path
) -> None:
    database.execute(SICK)
    (folder / "pgmend-ignore.toml").write_text(ENTRY + ENTRY.replace("public.logs", "gone") + "why = 1\n")
    code, document = await check(pgmend, database)
    assert code == 1
    assert [each["table"] for each in document["issues"]] == ["Logs, old"]
    (ignored,) = document["ignored"]
    assert (ignored["table"], ignored["reason"], ignored["owner"]) == ("logs", "append-only", "ada")
    assert ignored["said_in"].endswith("pgmend-ignore.toml entry 1 (MISSING_PRIMARY_KEY public.logs)")
    (complaint,) = document["complaints"]
    assert "entry 2 is not used: there is no key 'why'" in complaint
    text = (await pgmend.run("check", "--dsn", database.dsn)).stdout
    assert "by ada: append-only" in text
    assert "1 ignored" in text
    sarif = json.loads((await pgmend.run("check", "--format", "sarif", "--dsn", database.dsn)).stdout)
    suppressed = {
        each["locations"][0]["logicalLocations"][0]["name"]: each.get("suppressions")
        for each in sarif["runs"][0]["results"]
    }
    assert suppressed.keys() == {"logs", "Logs, old"}
    assert suppressed["Logs, old"] is None
    assert suppressed["logs"][0]["justification"].startswith("ada: append-only (")
    github = await pgmend.run("check", "--format", "github", "--dsn", database.dsn)
    assert len(github.stdout.splitlines()) == 1
    assert "there is no key 'why'" in github.stderr


async def test_ignore_writes_the_entry_into_the_file(pgmend: Processes, database: Database, folder: Path) -> None:
    database.execute(SICK)
    _, document = await check(pgmend, database)
    for issue in document["issues"]:
        words = ("ignore", issue["issue_id"], "--reason", "a log", "--owner", "ada", "--write", "--dsn", database.dsn)
        written = await pgmend.run(*words)
        assert written.code == 0, written
        again = await pgmend.run(*words)
        assert (again.code, "ignored already" in again.stderr) == (2, True)
    code, document = await check(pgmend, database)
    assert (code, document["issues"], document["complaints"]) == (0, [], [])
    unwatched = {each["rule"] for each in document["checks"] if each["status"] == "skipped"}
    assert unwatched <= {"unused_index", "unsafe_ddl"}  # a single check has watched nothing
    assert {each["status"] for each in document["checks"] if each["rule"] not in unwatched} == {"passed"}
    database.execute('drop table "Logs, old"')
    _, document = await check(pgmend, database)
    assert "it covers no issue" in document["complaints"][0]
    unknown = await pgmend.run("ignore", "0" * 16, "--reason", "x", "--owner", "y", "--write", "--dsn", database.dsn)
    assert unknown.code == 2


async def test_a_listener_beside_the_file_ignores_the_same_and_a_check_sees_what_psql_ignored(
    pgmend: Processes, installed: Database, folder: Path
) -> None:
    (folder / "pgmend-ignore.toml").write_text(ENTRY)
    listener = await listen(pgmend, installed)
    installed.execute(SICK)
    await listener.issue("MISSING_PRIMARY_KEY", "logs", "ignored")
    other = await listener.issue("MISSING_PRIMARY_KEY", "Logs, old")
    installed.execute("comment on table logs is 'looked at again'")
    assert installed.value("select ignored_by from pgmend.all_issues where status = 'ignored'") == "ada"
    (folder / "pgmend-ignore.toml").write_text("")
    await listener.issue("MISSING_PRIMARY_KEY", "logs", "open")
    assert await listener.process.terminate() == 0
    installed.fetch("select pgmend.ignore(%s, 'by hand')", (other["issue_id"],))
    _, document = await check(pgmend, installed)
    assert [(each["table"], each["reason"], each["said_in"]) for each in document["ignored"]] == [
        ("Logs, old", "by hand", "pgmend.ignored_issue")
    ]
