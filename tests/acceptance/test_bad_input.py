"""What a wrong word gets: a message that names the thing and the cure, an exit code, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from tests.acceptance.listener import OPERATOR
from tests.support.database import Database
from tests.support.process import PGMEND, Finished, Processes
from tests.support.role import Roles

NOBODY = "postgresql://nobody:hunter2hunter2@127.0.0.1:1/nowhere"


def refused(finished: Finished, code: int, *said: str) -> None:
    assert finished.code == code, finished
    for each in said:
        assert each in finished.stderr, finished.stderr
    assert "Traceback" not in finished.stderr
    assert "defect" not in finished.stderr
    assert "hunter2" not in finished.stderr + finished.stdout


@pytest.mark.parametrize(
    "command",
    [["check"], ["status"], ["start"], ["issues"], ["install", "--yes"], ["fix", "--all", "--yes"]],
    ids=" ".join,
)
async def test_without_a_database_every_command_exits_2(pgmend: Processes, command: list[str]) -> None:
    refused(await pgmend.run(*command), 2, "--dsn", "DATABASE_URL")


@pytest.mark.parametrize("command", [["check"], ["status"], ["start"], ["install", "--yes"]], ids=" ".join)
async def test_a_server_that_is_not_there_exits_3(pgmend: Processes, command: list[str]) -> None:
    refused(await pgmend.run(*command, "--dsn", NOBODY), 3, "Cannot connect to nowhere on 127.0.0.1:1 as nobody")


async def test_an_address_that_is_none_exits_2(pgmend: Processes) -> None:
    refused(await pgmend.run("check", env={"DATABASE_URL": "mysql://ann:hunter2@db/shop"}), 2, "DATABASE_URL")


async def test_a_port_that_is_none_exits_2_and_is_named(pgmend: Processes) -> None:
    refused(await pgmend.run("check", "--dsn", "postgresql://u:hunter2@h:notaport/x"), 2, "--dsn", "port")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "hunter2hunter2"}, "Cure: mend the user, the password or the name of the database"),
        ({"dbname": "nowhere"}, "Cure: mend the user, the password or the name of the database"),
        ({"password": ""}, "Cure: give the password"),
        ({"port": "1"}, "Cure: see that a server listens at that host and port"),
        ({"host": "nowhere.invalid"}, "Cure: write the host as it is known here"),
    ],
    ids=["password", "database", "no password", "port", "host"],
)
@pytest.mark.parametrize("command", [["check"], ["install", "--yes"]], ids=" ".join)
async def test_who_cannot_connect_is_told_a_cure(
    pgmend: Processes, installed: Database, command: list[str], changed: dict[str, str], said: str
) -> None:
    dsn = make_conninfo(installed.dsn, **changed)
    refused(await pgmend.run(*command, "--dsn", dsn, env={"PGPASSFILE": "/dev/null"}), 3, "Cannot connect to", said)


@pytest.mark.parametrize("command", [["status"], ["start", "--port", "0"], ["issues"]], ids=" ".join)
async def test_a_database_without_pgmend_is_named_with_the_cure(
    pgmend: Processes, database: Database, command: list[str]
) -> None:
    refused(await pgmend.run(*command, "--dsn", database.dsn), 3, "pgmend install")


async def test_an_older_or_newer_installation_is_named_with_the_cure(pgmend: Processes, installed: Database) -> None:
    installed.execute("update pgmend.instance set schema_version = 99")
    refused(await pgmend.run("start", "--port", "0", "--dsn", installed.dsn), 3, "version 99", "pgmend install")


@pytest.mark.parametrize("identity", ["0000000000000000", "nonsense", "'; drop table users; --"])
async def test_an_unknown_issue_exits_2(pgmend: Processes, installed: Database, identity: str) -> None:
    refused(await pgmend.run("ignore", identity, "--reason", "x", "--dsn", installed.dsn), 2, identity[:8])


@pytest.mark.parametrize("command", [["issues"], ["plan"], ["fix", "--yes"]], ids=" ".join)
async def test_an_unknown_issue_exits_2_whatever_is_asked_of_it(
    pgmend: Processes, installed: Database, command: list[str]
) -> None:
    for identity in ("0000000000000000", "nonsense", "'; drop"):
        refused(await pgmend.run(*command, identity, "--dsn", installed.dsn), 2, identity)


@pytest.mark.parametrize("identity", ["7f0c6a4e-0000-0000-0000-000000000000", "nonsense"])
@pytest.mark.parametrize("command", [["rollback", "--yes"], ["history"], ["migration"]], ids=" ".join)
async def test_an_unknown_fix_exits_2(
    pgmend: Processes, installed: Database, command: list[str], identity: str
) -> None:
    refused(await pgmend.run(*command, identity, "--dsn", installed.dsn), 2, identity)


@pytest.mark.parametrize(
    "command",
    ["status", "issues", "plan", "history", "fix --all --yes", "expect capture", "expect diff", "pause --reason x"],
)
async def test_a_role_without_rights_exits_3_and_says_what_lacks(
    pgmend: Processes, installed: Database, role: Roles, command: str
) -> None:
    someone = role()
    dsn = installed.dsn_as(someone.name, someone.password)
    refused(await pgmend.run(*command.split(), "--dsn", dsn), 3, "right", 'grant "', someone.name)


async def test_a_role_without_rights_is_shown_what_it_may_see_and_what_lacks(
    pgmend: Processes, installed: Database, role: Roles
) -> None:
    installed.execute("create table logs (line text)")
    someone = role()
    looked = await pgmend.run("check", "--dsn", installed.dsn_as(someone.name, someone.password))
    assert looked.code == 0, looked
    assert "MISSING_PRIMARY_KEY" in looked.stdout
    assert "Whether a schema is expected cannot be told" in looked.stdout
    assert f'to "{someone.name}"' in looked.stdout


async def test_malformed_toml_names_file_and_line(installed: Database, tmp_path: Path) -> None:
    (tmp_path / "pgmend.toml").write_text("auto_fix = \n")
    there = Processes(("/usr/bin/env", "-C", tmp_path, PGMEND))
    refused(await there.run("check", "--dsn", installed.dsn), 2, "pgmend.toml", "line 1")


@pytest.mark.parametrize("content", ["not json", "[]", "{}", '{"plans": [{"issue_id": 1}]}', "[" * 100_000])
async def test_a_file_that_is_no_plan_is_refused(
    pgmend: Processes, installed: Database, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    refused(await pgmend.run("fix", "--plan", file, "--yes", "--dsn", installed.dsn), 2, "plan file")


async def test_fix_wants_exactly_one_way_of_naming(pgmend: Processes, installed: Database) -> None:
    finished = await pgmend.run("fix", "--dsn", installed.dsn, env={"PGMEND_OPERATOR_TOKEN": OPERATOR})
    assert finished.code == 2
    assert "--all" in finished.stderr


async def test_a_wrong_time_is_named(pgmend: Processes, installed: Database) -> None:
    finished = await pgmend.run("pause", "--reason", "x", "--until", "tomorrow", "--dsn", installed.dsn)
    refused(finished, 2, "'tomorrow'")


async def test_beyond_loopback_it_does_not_start_without_a_token(pgmend: Processes, installed: Database) -> None:
    refused(await pgmend.run("start", "--host", "0.0.0.0", "--dsn", installed.dsn), 2, "PGMEND_OPERATOR_TOKEN")


@pytest.mark.parametrize(
    ("content", "said"),
    [("tool = 3\n", "tool = 3 is no table"), ("[tool]\npgmend = 3\n", "tool.pgmend = 3 is no table")],
)
async def test_a_project_file_that_is_none_is_named(
    installed: Database, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(content)
    there = Processes(("/usr/bin/env", "-C", tmp_path, PGMEND))
    refused(await there.run("check", "--dsn", installed.dsn), 2, "pyproject.toml", said)


async def test_a_plan_that_cannot_be_written_names_the_file(pgmend: Processes, installed: Database) -> None:
    refused(await pgmend.run("plan", "-o", "/nonexistent/x", "--dsn", installed.dsn), 2, "/nonexistent/x cannot be")


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("", 2)])
async def test_an_installation_that_nobody_wants_does_nothing(
    pgmend: Processes, database: Database, answer: str, code: int
) -> None:
    asked = await pgmend.run("install", "--dsn", database.dsn, stdin=answer)
    refused(Finished(asked.code, "", asked.stderr), code, "othing was done")
    assert database.value("select to_regnamespace('pgmend')") is None
    assert (await pgmend.run("install", "--dsn", database.dsn, stdin="y\n")).code == 0
    refused(await pgmend.run("uninstall", "--dsn", database.dsn, stdin=answer), code, "othing was done")
    assert database.value("select to_regnamespace('pgmend')") is not None


async def test_an_issue_type_that_is_none_is_named(pgmend: Processes, installed: Database) -> None:
    for command in ("issues", "plan"):
        finished = await pgmend.run(command, "--select", "TYPE_MISMATHC", "--dsn", installed.dsn)
        refused(finished, 2, "--select TYPE_MISMATHC", "no rule 'TYPE_MISMATHC'", "TYPE_MISMATCH")


async def test_a_nul_that_no_shell_would_hand_on_is_refused(pgmend: Processes, installed: Database) -> None:
    for words in (["ignore", "a\0b", "--reason", "x"], ["plan", "--select", "a\0b"], ["history", "a\0b"]):
        refused(await pgmend.run(*words, "--dsn", installed.dsn), 2)
    refused(await pgmend.run("check", "--dsn", "postgresql://u:hunter2@h/\0x"), 2, "NUL")


async def test_a_nul_in_a_setting_or_in_the_ignore_file_is_named(installed: Database, tmp_path: Path) -> None:
    there = Processes(("/usr/bin/env", "-C", tmp_path, PGMEND))
    for name in ("exclude", "critical_tables"):
        (tmp_path / "pgmend.toml").write_text(f'{name} = ["a\\u0000b"]\n')
        refused(await there.run("check", "--dsn", installed.dsn), 2, "pgmend.toml", name, "NUL")
