"""`pgmend analyze` as people and CI use it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.support.database import Database
from tests.support.process import Processes

CODE = """\
import asyncpg


async def get(conn: asyncpg.Connection, user_id: str):
    await conn.fetch("select 1 from logs where line = $1", int(user_id))
    return await conn.fetch("select nmae from users where id = 1")
"""
ISSUE_KEYS = {
    "issue_id", "issue_type", "severity", "schema", "table", "column", "current_state", "expected_state", "evidence",
    "file", "line", "column_offset", "sqlstate", "statement",
}  # fmt: skip


@pytest.fixture
def code(database: Database, tmp_path: Path) -> Path:
    database.execute("create table users (id integer primary key, name text); create table logs (line text)")
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "app.py").write_text(CODE)
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


async def test_clean_code_exits_0(pgmend: Processes, database: Database, code: Path) -> None:
    (code / "app.py").write_text(CODE.replace("nmae", "name").replace("int(user_id)", "user_id"))
    finished = await pgmend.run("analyze", code, "--dsn", database.dsn)
    assert finished.code == 0, finished
    assert "2 statements in 1 files, 2 judged in full, 0 dynamic" in finished.stdout
    assert "nothing is wrong" in finished.stdout


async def test_issues_exit_1_and_are_told_worst_first(pgmend: Processes, database: Database, code: Path) -> None:
    (code / "evil.py").write_text('cursor.execute("select 1 from \\"evil\\x1b[31m\\u202ename\\"")\n')
    finished = await pgmend.run("analyze", code, "--dsn", database.dsn)
    assert finished.code == 1, finished
    heads = [line.split()[:2] for line in finished.stdout.splitlines() if line.startswith(("critical", "medium"))]
    assert heads == [
        ["critical", "UNKNOWN_COLUMN"],
        ["medium", "PARAMETER_TYPE_MISMATCH"],
        ["medium", "UNKNOWN_TABLE"],
    ]
    assert "app.py:6:37" in finished.stdout
    assert "\x1b" not in finished.stdout


async def test_json_has_the_shape_of_issues_with_their_place(pgmend: Processes, database: Database, code: Path) -> None:
    document = json.loads((await pgmend.run("analyze", code, "--format", "json", "--dsn", database.dsn)).stdout)
    assert document["schema_version"] == 1
    assert (document["statements"], document["judged"], document["files"]) == (2, 2, 1)
    assert all(issue.keys() >= ISSUE_KEYS for issue in document["issues"])
    (issue, _) = document["issues"]
    assert (issue["file"], issue["line"], issue["column_offset"], issue["sqlstate"]) == ("app.py", 6, 36, "42703")
    assert (issue["table"], issue["column"]) == ("users", "nmae")


async def test_a_file_that_could_not_be_read_outranks_what_was_found(
    pgmend: Processes, database: Database, code: Path
) -> None:
    (code / "bad.py").write_text("def f(:\n    cursor.execute('select 1')\n")
    finished = await pgmend.run("analyze", code, "--format", "sarif", "--dsn", database.dsn)
    assert finished.code == 3, finished
    (run,) = json.loads(finished.stdout)["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "bad.py:1" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    result = run["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"]) == ("UNKNOWN_COLUMN", "error")
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("app.py", 6)


async def test_github_is_pointed_into_the_file(pgmend: Processes, database: Database, code: Path) -> None:
    (code / "bad.py").write_text("def f(:\n    cursor.execute('select 1')\n")
    flags = ("--format", "github", "--exclude", "bad.py", "--fail-on", "never")
    finished = await pgmend.run("analyze", code, *flags, "--dsn", database.dsn)
    assert finished.code == 0, finished
    first, second = finished.stdout.splitlines()
    assert first.startswith("::error file=app.py,line=6,col=37,title=UNKNOWN_COLUMN public.users.nmae::")
    assert second.startswith("::warning file=app.py,line=5,")


async def test_wrong_usage_exits_2_and_a_server_that_is_not_there_3(pgmend: Processes, tmp_path: Path) -> None:
    assert (await pgmend.run("analyze", tmp_path / "none", "--dsn", "postgresql://127.0.0.1:1/x")).code == 2
    (tmp_path / "app.py").touch()
    away = await pgmend.run("analyze", tmp_path, "--dsn", "postgresql://127.0.0.1:1/x")
    assert (away.code, "Cannot connect" in away.stderr) == (3, True), away


@pytest.mark.parametrize("path", ["docs", "docs/page.md", "docs/schema.sql", "Makefile", "docs/excluded"])
async def test_where_there_is_no_python_nothing_is_called_clean(
    pgmend: Processes, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs" / "excluded").mkdir(parents=True)
    (tmp_path / "docs" / "page.md").write_text("Words\n")
    (tmp_path / "docs" / "schema.sql").write_text("select nowhere from nothing;\n")
    (tmp_path / "docs" / "excluded" / "app.py").write_text(CODE)
    (tmp_path / "Makefile").write_text("all:\n")
    for words in (("--format", "github"), ("--write-baseline", "known.json")):
        finished = await pgmend.run(
            "analyze", path, "--exclude", "excluded/", "--exclude", "/app.py", *words, "--dsn", database.dsn
        )
        assert finished.code == 3, finished
        assert f"no Python file below {path}" in finished.stderr
        assert "nothing is wrong" not in finished.stdout
    assert not (tmp_path / "known.json").exists()


@pytest.mark.parametrize("text", ["#!/usr/bin/env python3\nx = 1\n", CODE])
async def test_a_program_without_a_suffix_is_a_python_file(
    pgmend: Processes, database: Database, code: Path, text: str
) -> None:
    (code / "tool").write_text(text)
    finished = await pgmend.run("analyze", code / "tool", "--fail-on", "never", "--dsn", database.dsn)
    assert finished.code == 0, finished


async def test_flags_and_settings_choose_what_is_judged(
    pgmend: Processes, database: Database, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(code.parent)

    async def found(*flags: str) -> dict[str, str]:
        finished = await pgmend.run("analyze", code, "--format", "json", *flags, "--dsn", database.dsn)
        assert finished.stdout, finished
        return {each["issue_type"]: each["severity"] for each in json.loads(finished.stdout)["issues"]}

    assert await found("--select", "unknown_column") == {"UNKNOWN_COLUMN": "critical"}
    assert await found("--ignore", "UNKNOWN_COLUMN") == {"PARAMETER_TYPE_MISMATCH": "medium"}
    (code.parent / "pgmend.toml").write_text(
        '[rule.UNKNOWN_COLUMN]\nseverity = "low"\n[rule.parameter_type_mismatch]\nexclude = ["logs"]\n'
    )
    assert await found() == {"UNKNOWN_COLUMN": "low"}
    (code.parent / "pgmend.toml").write_text('[rule.UNKNOWN_COLUMN]\nexclude = ["*.py"]\n')
    assert await found() == {"PARAMETER_TYPE_MISMATCH": "medium"}
    assert (await pgmend.run("analyze", code, "--select", "NOTHING", "--dsn", database.dsn)).code == 2


async def test_rules_lists_what_is_found_in_code_and_rule_shows_its_page(
    pgmend: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pgmend.toml").write_text("[rule.UNKNOWN_COLUMN]\nenabled = false\n")
    listed = json.loads((await pgmend.run("rules", "--format", "json")).stdout)["rules"]
    (rule,) = [each for each in listed if each["issue_type"] == "UNKNOWN_COLUMN"]
    assert (rule["enabled"], rule["reads"], rule["severity"]) == (False, ["code"], "critical")
    page = (await pgmend.run("rule", "unknown_column")).stdout
    assert "UNKNOWN_COLUMN" in page
    assert "switched off" in page


@pytest.fixture
def renamed(installed: Database, tmp_path: Path) -> Path:
    """A committed tree whose code still has the old name of a column."""
    installed.execute("create table users (id integer primary key, name text)")
    installed.execute(
        """
        insert into pgmend.change (table_oid, schema_name, table_name, kind, object_name, before, after)
        values ('users'::regclass, 'public', 'users', 'column_renamed', 'name', '{"name": "nmae"}', '{"name": "name"}')
        """
    )
    code = tmp_path / "my app"
    code.mkdir()
    (code / "app.py").write_text(CODE.replace("logs", "users").replace("line", "id"))
    git(code, "init", "-q")
    git(code, "add", ".")
    git(code, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x")
    return code


async def test_a_rename_is_shown_as_a_patch_that_git_applies(
    pgmend: Processes, installed: Database, renamed: Path, tmp_path: Path
) -> None:
    told = await pgmend.run("analyze", renamed, "--dsn", installed.dsn)
    assert "1 of these can be mended in 1 files: --diff shows how" in told.stdout, told
    shown = await pgmend.run("analyze", renamed, "--diff", "--dsn", installed.dsn)
    assert (shown.code, shown.stderr) == (1, "")
    (tmp_path / "patch").write_text(shown.stdout + "\n")
    git(renamed, "apply", str(tmp_path / "patch"))
    assert 'select name as nmae from users where id = 1")\n' in (renamed / "app.py").read_text()
    again = await pgmend.run("analyze", renamed, "--diff", "--dsn", installed.dsn)
    assert (again.code, again.stdout) == (0, "")


async def test_a_rename_is_written_and_rolled_back_beside_later_changes(
    pgmend: Processes, installed: Database, renamed: Path, tmp_path: Path
) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state"), "PGMEND_DSN": installed.dsn}
    before = (renamed / "app.py").read_text()
    written = await pgmend.run("analyze", renamed, "--write", env=env)
    assert written.code == 0, written
    assert "nothing is wrong" in written.stdout
    fix_id = written.stderr.partition("pgmend rollback ")[2].partition(".")[0]
    assert (renamed / "app.py").read_text() == before.replace("select nmae", "select name as nmae")
    history = "select fix_id::text, state, kind, issue_type from pgmend.fix_history"
    assert installed.fetch(history) == [(fix_id, "applied", "change_code", "UNKNOWN_COLUMN")]
    assert installed.fetch("select status from pgmend.issue") == [("resolved",)]
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"pgmend rollback {fix_id}"):
        installed.fetch("select pgmend.rollback(%s)", [fix_id])
    with (renamed / "app.py").open("a") as file:
        file.write("# later\n")
    again = await pgmend.run("analyze", renamed, "--write", env=env)
    assert (again.code, "nothing that can be mended" in again.stderr) == (0, True)
    undone = await pgmend.run("rollback", fix_id, env=env)
    assert (undone.code, undone.stderr) == (0, "")
    assert (renamed / "app.py").read_text() == before + "# later\n"
    assert installed.fetch(history) == [(fix_id, "rolled_back", "change_code", "UNKNOWN_COLUMN")]
    refused = await pgmend.run("analyze", renamed, "--write", env=env)
    assert refused.code == 1
    assert "app.py: it has changes that are not committed" in refused.stderr
    forced = await pgmend.run("analyze", renamed, "--write", "--force", env=env)
    assert forced.code == 0, forced
