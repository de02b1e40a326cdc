"""docs/code-in-ci.md and action.yml, done as they say."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.database import Database
from tests.support.process import Processes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "code-in-ci.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
SCHEMA = "create table users (id integer primary key, name text);\n"
MIGRATE = """\
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("create table users (id integer primary key, name text)")
"""
CODE = """\
import psycopg


def get(conn: psycopg.Connection):
    return conn.execute("select {} from users")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose code fits the schema that its migrations build in each of three ways."""
    (tmp_path / "src").mkdir()
    (tmp_path / "migrations").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE.format("name"))
    (tmp_path / "migrations" / "1_users.sql").write_text(SCHEMA)
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "manage_migrations.py").write_text(MIGRATE)
    return tmp_path


def bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as GitHub runs a step of `shell: bash`."""
    file = folder / ".step.sh"
    file.write_text(script)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PGMEND_", "INPUT_"))}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
        cwd=folder,
        env=kept | {"PATH": PATH} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_every_command_of_the_page_does_what_it_says(
    repository: Path, pgmend: Processes, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("create table users (id integer primary key, name text)")
    monkeypatch.chdir(repository)
    built: set[str] = set()
    for command in COMMANDS:
        words = words_of(command, repository, TEST_DATABASE_URL=database.dsn)
        # How a schema is built is tried once for each way.
        if "--migrations" in words and (how := words[words.index("--migrations") + 1]) in built:
            place = words.index("--migrations")
            words[place : place + 2] = ["--dsn", database.dsn]
        elif "--migrations" in words:
            built.add(how)
        finished = await pgmend.run(*words, env={"PATH": PATH})
        assert finished.code == 0, (command, finished)
        if "sarif" in words:
            assert json.loads(finished.stdout)["version"] == "2.1.0"
    assert content(repository / "pgmend-baseline.json") == {"schema_version": 1, "issues": []}
    assert built == {"migrations", "schema.sql", "python manage_migrations.py"}


def words_of(command: str, folder: Path, **environment: str) -> list[str]:
    """What pgmend gets of a command line, as the shell takes it apart; what the shell writes is written."""
    stub = folder / "bin" / "pgmend"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > words\n')
    stub.chmod(0o755)
    assert bash(f'PATH="$PWD/bin:$PATH"; {command}', folder, **environment).returncode == 0
    return (folder / "words").read_text().split("\0")[:-1]


def content(path: Path) -> Any:
    return json.loads(path.read_text())


class Action:
    """The steps of action.yml, with the values that an expression stands for."""

    def __init__(self, folder: Path) -> None:
        self.definition: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        self.folder = folder
        self.steps: list[dict[str, Any]] = self.definition["runs"]["steps"]

    def analyze(self, pythonpath: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the last step, pgmend being installed where the first puts it."""
        unknown = inputs.keys() - {name.replace("-", "_") for name in self.definition["inputs"]}
        assert not unknown
        room = self.folder / "runner" / "pgmend" / "bin"
        if not room.exists():
            room.mkdir(parents=True)
            # No link: the server's account may not go through this folder.
            (room / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
            (room / "python").chmod(0o755)
            (room / "pgmend").symlink_to(Path(sys.executable).with_name("pgmend"))
        given = {
            f"inputs.{name}": inputs.get(name.replace("-", "_"), each["default"])
            for name, each in self.definition["inputs"].items()
        }
        return self.run(self.steps[-1], given, PYTHONPATH=pythonpath)

    def run(self, step: dict[str, Any], given: Mapping[str, str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run one step with these values of expressions, and `more` in its environment."""
        environment = {
            name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: given[found[1]], value)
            for name, value in step["env"].items()
        }
        return bash(step["run"], self.folder, RUNNER_TEMP=str(self.folder / "runner"), **more, **environment)


@pytest.fixture
def action(repository: Path) -> Action:
    return Action(repository)


def test_no_script_of_the_action_holds_an_expression_and_nothing_of_others_is_used(action: Action) -> None:
    assert action.definition["runs"]["using"] == "composite"
    assert all("${{" not in each["run"] and each["shell"] == "bash" for each in action.steps)
    assert not [each["uses"] for each in action.steps if "uses" in each]
    read = {name for name in re.findall(r"INPUT_\w+", action.steps[-1]["run"])}
    assert read == {f"INPUT_{name.upper().replace('-', '_')}" for name in action.definition["inputs"]} - {
        "INPUT_PYTHON"
    }


def test_the_action_tells_issues_beside_the_lines(action: Action, repository: Path) -> None:
    (repository / "src" / "app.py").write_text(CODE.format("nmae"))
    finished = action.analyze(
        path="src", migrations="migrations", arguments="--select\nUNKNOWN_COLUMN\n\n--exclude\na b"
    )
    assert finished.returncode == 1, finished
    assert finished.stdout.startswith("::error file=app.py,line=5,")


def test_the_action_prints_to_a_file(action: Action, repository: Path, database: Database) -> None:
    database.execute("create table users (id integer primary key)")
    finished = action.analyze(path="src", dsn=database.dsn, fail_on="never", format="json", output="found here.json")
    assert (finished.returncode, finished.stdout) == (0, ""), finished
    assert len(content(repository / "found here.json")["issues"]) == 1


@pytest.mark.parametrize("name", ["path", "dsn", "baseline", "fail_on", "format", "output", "arguments"])
@pytest.mark.parametrize("text", ['"; touch pwned; "', "$(touch pwned)", "`touch pwned`", "--help\n; touch pwned"])
def test_no_input_is_run(action: Action, repository: Path, name: str, text: str) -> None:
    program = repository / "runner" / "pgmend" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    finished = action.analyze(**{name: text})
    assert not (repository / "pwned").exists()
    if name == "path":
        assert finished.stdout.endswith(f"--\n{text}\n")


def test_the_action_runs_no_module_of_the_repository(action: Action, repository: Path, database: Database) -> None:
    for name in ("logging", "venv", "json", "asyncio"):
        (repository / f"{name}.py").write_text(f"open({str(repository / 'pwned')!r}, 'w').close()\n")
    # It stops where the pins are to be read: nothing is fetched.
    python = repository / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@" --without-pip\n')
    python.chmod(0o755)
    (repository / "action").mkdir()
    (repository / "runner").mkdir()
    given = {"github.action_path": str(repository / "action"), "inputs.python": str(python)}
    installed = action.run(action.steps[0], given, PYTHONPATH=str(repository))
    assert "requirements.txt" in installed.stderr, installed
    assert (repository / "runner" / "pgmend" / "bin" / "python").exists()
    assert not (repository / "pwned").exists()
    shutil.rmtree(repository / "runner")
    database.execute("create table users (id integer primary key, name text)")
    found = action.analyze(pythonpath=str(repository), path="src", dsn=database.dsn)
    assert found.returncode == 0, found
    assert not (repository / "pwned").exists()


def test_every_python_of_the_action_is_isolated(action: Action) -> None:
    started = [line.strip() for each in action.steps for line in each["run"].splitlines() if "bin/" in line]
    started += [line.strip() for each in action.steps for line in each["run"].splitlines() if '"$PYTHON"' in line]
    assert len(started) == 5
    assert all(
        re.match(r'("\$PYTHON"|"\$room/bin/python"|"\$RUNNER_TEMP/pgmend/bin/python") -I ', each) for each in started
    )


def test_the_hook_is_the_command_line() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["entry"], hook["language"], hook["pass_filenames"]) == ("pgmend analyze", "python", False)
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert hook["additional_dependencies"] == extra["embedded"]
