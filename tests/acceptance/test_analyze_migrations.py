"""`pgmend analyze --migrations`: the schema is built for it, by a command or from files, and nothing of it stays."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.eventually import eventually
from tests.support.process import Finished, Processes

CODE = """\
import psycopg


def get(conn: psycopg.Connection):
    conn.execute('select größe from "Users" where id = 1')
    conn.execute("select nmae from users")
"""
FIRST = """\
create role "App Öwner" login;
create table users (id integer primary key, name text, mood text);
alter table users owner to "App Öwner";
grant select on users to "App Öwner", reader;
set role "App Öwner";
"""
SECOND = """\
create table "Users" (id integer primary key, "größe" text);
create policy own on "Users" to reader using (true);
create extension citext;
create schema authorization "App Öwner";
"""
# Says where it works, so that a test can tell whether that is gone.
BUILD = """\
import os, pathlib, sys, time
import psycopg
assert os.environ["OTHER_URL"].startswith("postgresql+asyncpg://postgres:")
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("create table users (id integer, name text)")
    connection.execute('create table "Users" (id integer, "größe" text)')
    data = connection.execute("show data_directory").fetchone()[0]
pathlib.Path("draft").write_text(f"{data}\\n{os.environ['PGPORT']}\\n{os.getpid()}")
pathlib.Path("draft").rename("where")
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "app.py"


def command(folder: Path, rest: str = "") -> str:
    """A migration command that builds, then does the rest."""
    (folder / "build.py").write_text(BUILD + rest, encoding="utf-8")
    return f"{shlex.quote(sys.executable)} build.py"


async def analyze(pgmend: Processes, code: Path, migrations: str, *flags: str) -> Finished:
    """Run it with other databases in the environment, none of which answers."""
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/live", "OTHER_URL": "postgresql+asyncpg://127.0.0.1:1/live"}
    return await pgmend.run("analyze", code, "--migrations", migrations, *flags, env=nowhere)


def traces(folder: Path) -> tuple[bool, bool, bool]:
    """Whether the data, the server and the command are still there."""
    data, port, pid = (folder / "where").read_text().split("\n")
    try:
        psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres").close()
        answers = True
    except psycopg.OperationalError as error:
        answers = "refused" not in str(error)
    return Path(data).exists(), answers, runs(pid)


def runs(pid: str) -> bool:
    """Whether the process does: one that has ended may wait for whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_command_builds_what_the_code_is_judged_by(pgmend: Processes, code: Path) -> None:
    finished = await analyze(pgmend, code, command(code.parent), "--format", "json")
    assert finished.code == 1, finished
    assert [(each["issue_type"], each["column"]) for each in json.loads(finished.stdout)["issues"]] == [
        ("UNKNOWN_COLUMN", "nmae")
    ]
    assert traces(code.parent) == (False, False, False)


async def test_libpqs_environment_is_for_other_servers(pgmend: Processes, code: Path) -> None:
    elsewhere = {
        "PGSSLMODE": "require",
        "PGHOSTADDR": "127.0.0.2",
        "PGOPTIONS": "-c default_transaction_read_only=on",
        "PGGSSENCMODE": "require",
        "PGCHANNELBINDING": "require",
        "PGTARGETSESSIONATTRS": "standby",
        "OTHER_URL": "postgresql+asyncpg://x/y",
    }
    built = await pgmend.run("analyze", code, "--migrations", command(code.parent), env=elsewhere)
    assert built.code == 1, built
    (code.parent / "schema.sql").write_text(FIRST, encoding="utf-8")
    replayed = await pgmend.run("analyze", code, "--migrations", "schema.sql", env=elsewhere)
    assert replayed.code == 1, replayed


async def test_files_of_sql_build_it_whoever_they_name(pgmend: Processes, code: Path) -> None:
    files = code.parent / "my migrations"
    files.mkdir()
    (files / "2_first.sql").write_text(FIRST, encoding="utf-8")
    (files / "10_second.sql").write_text(SECOND, encoding="utf-8")
    (files / "10_second.down.sql").write_text("drop table users")
    finished = await analyze(pgmend, code, "my migrations", "--format", "json")
    assert finished.code == 1, finished
    assert [each["column"] for each in json.loads(finished.stdout)["issues"]] == ["nmae"]


async def test_files_of_sql_do_not_reach_out_of_the_server(pgmend: Processes, code: Path) -> None:
    stolen = code.parent / "stolen"
    for number, each in enumerate((f"copy (select 1) to program 'touch {stolen}'", "create extension file_fdw")):
        (code.parent / "schema.sql").write_text(f"create table users (id integer);\n{each};\n")
        finished = await analyze(pgmend, code, "schema.sql")
        assert finished.code == 3, (number, finished)
        assert "permission denied" in finished.stderr
    assert not stolen.exists()


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("print('half', 'way', os.environ['DATABASE_URL'])\nsys.exit(7)\n", "exit code 7"),
        ("time.sleep(600)\n", "did not end within"),
        ("connection = psycopg.connect(os.environ['DATABASE_URL'])\nos.execlp('true', 'true')\n", None),
    ],
)
async def test_a_command_that_fails_is_told_with_the_end_of_what_it_said(
    pgmend: Processes, code: Path, rest: str, said: str | None
) -> None:
    finished = await analyze(
        pgmend, code, command(code.parent, rest), "--migrations-timeout", "12" if "sleep" in rest else "60"
    )
    assert finished.code == (3 if said else 1), finished
    if said is not None:
        assert said in finished.stderr
    if "half" in rest:
        assert "half way" in finished.stderr
        assert "postgres:***" in finished.stderr or "postgres:" not in finished.stderr
    assert traces(code.parent) == (False, False, False)


async def test_a_command_that_builds_nothing_or_is_none_is_told(pgmend: Processes, code: Path) -> None:
    nothing = await analyze(pgmend, code, "true")
    assert (nothing.code, "Nothing was built" in nothing.stderr) == (3, True), nothing
    none = await analyze(pgmend, code, "no-such-command-anywhere")
    assert (none.code, "not found" in none.stderr) == (3, True), none


async def test_two_schemas_are_wrong_usage(pgmend: Processes, code: Path) -> None:
    assert (await analyze(pgmend, code, "true", "--dsn", "postgresql://127.0.0.1:1/x")).code == 2


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_a_signal_leaves_nothing_behind(
    pgmend: Processes, code: Path, number: signal.Signals, exit_code: int
) -> None:
    waits = command(code.parent, "time.sleep(600)\n")
    process = await pgmend.start("analyze", code, "--migrations", waits, env={"OTHER_URL": "postgresql+asyncpg://x/y"})
    await eventually((code.parent / "where").exists, seconds=60)
    assert traces(code.parent)[0]
    os.kill(process.pid, number)
    assert await process.wait(60) == exit_code, process
    assert traces(code.parent) == (False, False, False)
