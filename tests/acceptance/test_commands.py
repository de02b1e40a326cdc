"""The command line as people and scripts use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.process import Processes

SICK = """
create table users (id integer primary key);
create table sessions (id integer primary key, user_id integer not null references users);
create table logs (line text);
insert into users select generate_series(1, 20);
insert into sessions select id, id from users;
"""
TYPES = {"MISSING_INDEX", "MISSING_PRIMARY_KEY"}
ISSUE_KEYS = {
    "issue_id", "issue_type", "severity", "schema", "table", "column", "current_state", "expected_state", "evidence",
    "auto_fixable", "why_not_auto", "plan",
}  # fmt: skip


@pytest.fixture
def sick(installed: Database) -> Database:
    installed.execute(SICK)
    return installed


async def test_check_of_a_healthy_database_exits_0(pgmend: Processes, database: Database) -> None:
    database.execute("create table users (id integer primary key)")
    finished = await pgmend.run("check", "--dsn", database.dsn)
    assert finished.code == 0, finished
    assert "nothing is wrong" in finished.stdout


async def test_check_needs_no_installation_and_leaves_no_trace(pgmend: Processes, database: Database) -> None:
    database.execute(SICK)
    catalogs = "select count(*), max(oid::bigint) from pg_class"
    before = database.fetch(catalogs)
    finished = await pgmend.run("check", "--format", "json", "--dsn", database.dsn)
    assert finished.code == 0, finished
    assert database.fetch(catalogs) == before
    document = json.loads(finished.stdout)
    assert document["schema_version"] == 1
    assert document["tables"] == 3
    assert {check["status"] for check in document["checks"]} <= {"passed", "failed", "skipped"}
    assert {issue["issue_type"] for issue in document["issues"]} == TYPES
    assert all(issue.keys() >= ISSUE_KEYS for issue in document["issues"])
    planned = next(issue for issue in document["issues"] if issue["issue_type"] == "MISSING_INDEX")["plan"]
    assert "create index concurrently" in planned["statements"][0]


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 0), ("medium", 1), ("low", 1), ("never", 0)])
async def test_fail_on_decides_the_exit_code(pgmend: Processes, database: Database, fail_on: str, code: int) -> None:
    database.execute(SICK)
    assert (await pgmend.run("check", "--fail-on", fail_on, "--dsn", database.dsn)).code == code


async def test_check_speaks_sarif_and_github(pgmend: Processes, database: Database) -> None:
    database.execute(SICK)
    sarif = json.loads((await pgmend.run("check", "--format", "sarif", "--dsn", database.dsn)).stdout)
    results = sarif["runs"][0]["results"]
    assert {(each["ruleId"], each["level"]) for each in results} == {(each, "warning") for each in TYPES}
    lines = (await pgmend.run("check", "--format", "github", "--dsn", database.dsn)).stdout.splitlines()
    assert [line.partition("::")[0] + line[: line.index(" ")] for line in lines] == ["::warning"] * 2


async def test_issues_speak_sarif_and_github_and_fail_when_told(pgmend: Processes, sick: Database) -> None:
    await _see(pgmend, sick)
    sarif = json.loads((await pgmend.run("issues", "--format", "sarif", "--dsn", sick.dsn)).stdout)
    results = sarif["runs"][0]["results"]
    assert {(each["ruleId"], each["level"]) for each in results} == {(each, "warning") for each in TYPES}
    lines = (await pgmend.run("issues", "--format", "github", "--dsn", sick.dsn)).stdout.splitlines()
    assert [line[: line.index(" ")] for line in lines] == ["::warning"] * len(TYPES)
    for fail_on, code in (("critical", 0), ("medium", 1)):
        assert (await pgmend.run("issues", "--fail-on", fail_on, "--dsn", sick.dsn)).code == code


async def test_hostile_names_are_shown_as_text(pgmend: Processes, database: Database) -> None:
    database.execute('create table "evil\x1b[31m\u202ename" (a int)')
    for form in ("text", "github"):
        finished = await pgmend.run("check", "--format", form, "--dsn", database.dsn)
        assert "\x1b" not in finished.stdout, form
    assert "\\x1b[31m\\u202ename" in (await pgmend.run("check", "--dsn", database.dsn)).stdout


async def test_install_shows_its_sql_and_dry_run_runs_nothing(pgmend: Processes, database: Database) -> None:
    finished = await pgmend.run("install", "--dry-run", "--dsn", database.dsn)
    assert finished.code == 0, finished
    assert "create table pgmend.ddl_log" in finished.stdout
    assert database.value("select to_regnamespace('pgmend')") is None


async def test_install_twice_and_uninstall(pgmend: Processes, database: Database) -> None:
    for said in ("is installed", "already installed"):
        finished = await pgmend.run("install", "--yes", "--dsn", database.dsn)
        assert finished.code == 0, finished
        assert said in finished.stdout
    finished = await pgmend.run("uninstall", "--yes", "--dsn", database.dsn)
    assert finished.code == 0, finished
    assert database.fetch("select nspname from pg_namespace where nspname like 'pgmend%%'", ()) == []


async def test_fix_without_a_listener_stands_in_for_one(pgmend: Processes, sick: Database) -> None:
    await _see(pgmend, sick)
    finished = await pgmend.run("fix", "--all", "--yes", "--dsn", sick.dsn)
    assert finished.code == 0, finished
    assert sick.value("select count(*) from pg_indexes where tablename = 'sessions'") == 2
    assert sick.value("select status from pgmend.status") == "stopped"
    history = json.loads((await pgmend.run("history", "--format", "json", "--dsn", sick.dsn)).stdout)
    assert [(each["state"], each["kind"]) for each in history["items"]] == [("applied", "create_index")]

    fix_id = history["items"][0]["fix_id"]
    refusal = await pgmend.run("uninstall", "--yes", "--dsn", sick.dsn)
    assert refusal.code == 1
    assert fix_id in refusal.stderr
    undone = await pgmend.run("rollback", fix_id, "--yes", "--dsn", sick.dsn)
    assert undone.code == 0, undone
    assert sick.value("select count(*) from pg_indexes where tablename = 'sessions'") == 1
    steps = (await pgmend.run("history", fix_id, "--dsn", sick.dsn)).stdout
    assert "undo 1" in steps


async def test_a_plan_file_is_applied_as_it_stands_or_not_at_all(
    pgmend: Processes, sick: Database, tmp_path: Path
) -> None:
    await _see(pgmend, sick)
    file = tmp_path / "plan.json"
    made = await pgmend.run("plan", "--format", "json", "-o", file, "--dsn", sick.dsn)
    assert made.code == 0, made
    stale = tmp_path / "stale.json"
    document = json.loads(file.read_text())
    for each in document["plans"]:
        if each["plan"]:
            each["plan"]["plan_hash"] = "0" * 64
    stale.write_text(json.dumps(document))
    refused = await pgmend.run("fix", "--plan", stale, "--yes", "--dsn", sick.dsn)
    assert refused.code == 1, refused
    assert "stale" in refused.stderr
    applied = await pgmend.run("fix", "--plan", file, "--yes", "--dsn", sick.dsn)
    assert applied.code == 0, applied
    assert sick.value("select count(*) from pgmend.fix where state = 'applied'") == 1


async def test_plan_as_sql_is_a_script_that_psql_could_run(pgmend: Processes, sick: Database) -> None:
    await _see(pgmend, sick)
    script = (await pgmend.run("plan", "--format", "sql", "--dsn", sick.dsn)).stdout
    assert "create index concurrently" in script
    assert "-- undone by:" in script
    assert sick.value("select count(*) from pg_indexes where tablename = 'sessions'") == 1


async def test_an_ignored_issue_is_gone_until_its_definition_changes(pgmend: Processes, sick: Database) -> None:
    await _see(pgmend, sick)
    known = json.loads((await pgmend.run("issues", "--format", "json", "--dsn", sick.dsn)).stdout)["issues"]
    keyless = next(each for each in known if each["issue_type"] == "MISSING_PRIMARY_KEY")
    ignored = await pgmend.run("ignore", keyless["issue_id"], "--reason", "a log", "--dsn", sick.dsn)
    assert ignored.code == 0, ignored
    left = json.loads((await pgmend.run("issues", "--format", "json", "--dsn", sick.dsn)).stdout)["issues"]
    assert {each["issue_type"] for each in left} == {"MISSING_INDEX"}


async def test_auto_pause_and_resume_show_in_the_status(pgmend: Processes, installed: Database) -> None:
    async def fixing(*words: str) -> str:
        finished = await pgmend.run(*words, "--dsn", installed.dsn)
        assert finished.code == 0, finished
        status = await pgmend.run("status", "--format", "json", "--dsn", installed.dsn)
        return json.loads(status.stdout)["fixing"]

    assert await fixing("auto", "off") == "manual"
    assert await fixing("auto", "on") == "automatic"
    assert await fixing("pause", "--reason", "month end") == "paused"
    assert await fixing("resume") == "automatic"


async def _see(pgmend: Processes, database: Database) -> None:
    """Let a listener look once, so that issues are known."""
    listener = await listen(pgmend, database, "--observe")
    await listener.issue("MISSING_INDEX", "sessions")
    assert await listener.process.terminate() == 0
