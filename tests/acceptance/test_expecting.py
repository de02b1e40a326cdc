"""`pgmend expect`, as people and scripts use it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from tests.support.database import Database
from tests.support.process import Processes


async def test_capture_diff_and_clear(pgmend: Processes, installed: Database) -> None:
    installed.execute('create table users (id int primary key, "evil\x1b[31m" text)')
    captured = await pgmend.run("expect", "capture", "--lock", "--dsn", installed.dsn)
    assert captured.code == 0, captured
    assert "differences are healed" in captured.stdout
    same = await pgmend.run("expect", "diff", "--dsn", installed.dsn)
    assert (same.code, same.stdout.strip()) == (0, "The database is as expected.")

    installed.execute('alter table users drop column "evil\x1b[31m"; create table extra ()')
    text = await pgmend.run("expect", "diff", "--dsn", installed.dsn)
    assert text.code == 1, text
    assert "\x1b" not in text.stdout
    assert "ALTER TABLE by" in text.stdout
    document = json.loads((await pgmend.run("expect", "diff", "--format", "json", "--dsn", installed.dsn)).stdout)
    assert [(each["issue_type"], each["severity"]) for each in document["differences"]] == [
        ("MISSING_COLUMN", "critical"),
        ("UNEXPECTED", "low"),
    ]
    assert all(each["event_id"] and each["moved"] == "database" for each in document["differences"])
    sarif = json.loads((await pgmend.run("expect", "diff", "--format", "sarif", "--dsn", installed.dsn)).stdout)
    assert [each["ruleId"] for each in sarif["runs"][0]["results"]] == ["MISSING_COLUMN", "UNEXPECTED"]
    github = await pgmend.run("expect", "diff", "--format", "github", "--fail-on", "never", "--dsn", installed.dsn)
    assert (github.code, len(github.stdout.splitlines())) == (0, 2)

    assert (await pgmend.run("expect", "clear", "--dsn", installed.dsn)).code == 0
    nothing = await pgmend.run("expect", "diff", "--dsn", installed.dsn)
    assert (nothing.code, "Nothing is expected" in nothing.stdout) == (0, True)


async def test_load_and_from_command(pgmend: Processes, installed: Database, tmp_path: Path) -> None:
    file = tmp_path / "schema.sql"
    file.write_text("create table orders (id int);")
    loaded = await pgmend.run("expect", "load", file, "--dsn", installed.dsn)
    assert loaded.code == 0, loaded
    missing = await pgmend.run("expect", "load", tmp_path / "none.sql", "--dsn", installed.dsn)
    assert (missing.code, "no such file" in missing.stderr) == (2, True)
    script = (
        "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], autocommit=True).execute('create table b ()')"
    )
    built = await pgmend.run(
        "expect", "from-command", shlex.join([sys.executable, "-c", script]), "--dsn", installed.dsn
    )
    assert built.code == 0, built
    failed = await pgmend.run("expect", "from-command", "echo no; exit 7", "--dsn", installed.dsn)
    assert (failed.code, "exit code 7" in failed.stderr, "no" in failed.stderr) == (3, True, True)
    diff = json.loads((await pgmend.run("expect", "diff", "--format", "json", "--dsn", installed.dsn)).stdout)
    assert [each["name"] for each in diff["differences"]] == ["b"]


async def test_without_an_installation_it_says_so(pgmend: Processes, database: Database) -> None:
    finished = await pgmend.run("expect", "capture", "--dsn", database.dsn)
    assert (finished.code, "pgmend install" in finished.stderr) == (3, True)
