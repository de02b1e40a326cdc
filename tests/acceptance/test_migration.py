"""`pgmend migration`, as one who keeps the repository uses it."""

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
insert into users select generate_series(1, 20);
insert into sessions select id, id from users;
"""


@pytest.fixture
async def fixed(pgmend: Processes, installed: Database) -> str:
    """The id of an applied fix."""
    installed.execute(SICK)
    listener = await listen(pgmend, installed, "--observe")
    await listener.issue("MISSING_INDEX", "sessions")
    assert await listener.process.terminate() == 0
    done = await pgmend.run("fix", "--all", "--yes", "--dsn", installed.dsn)
    assert done.code == 0, done
    history = json.loads((await pgmend.run("history", "--format", "json", "--dsn", installed.dsn)).stdout)
    (fix_id,) = [each["fix_id"] for each in history["items"] if each["state"] == "applied"]
    return fix_id


def only(folder: Path, pattern: str) -> str:
    """What stands in the only file of that name."""
    (file,) = folder.glob(pattern)
    return file.read_text()


async def test_a_fix_is_printed_or_written_behind_the_last_migration(
    pgmend: Processes, installed: Database, fixed: str, tmp_path: Path
) -> None:
    printed = await pgmend.run("migration", fixed, "--dsn", installed.dsn)
    assert printed.code == 0, printed
    assert "CREATE INDEX CONCURRENTLY IF NOT EXISTS" in printed.stdout
    (tmp_path / "0007_last.py").touch()
    words = ("migration", fixed, "--as", "django", "--app", "shop", "--into", tmp_path, "--dsn", installed.dsn)
    written = await pgmend.run(*words)
    assert written.code == 0, written
    assert "dependencies = [('shop', '0007_last')]" in only(tmp_path, "0008_pgmend_*.py")
    again = await pgmend.run(*words, "--revises", "0007_last")
    assert again.code == 2
    assert "cannot be written" in again.stderr


async def test_what_cannot_be_a_migration_is_said_with_the_cure(
    pgmend: Processes, installed: Database, fixed: str, tmp_path: Path
) -> None:
    for words, said in (
        (("migration", fixed, "--as", "django"), "--app"),
        (("migration", fixed, "--into", tmp_path / "nowhere"), "is no folder"),
        (("migration", "0" * 8), "fix"),
    ):
        refused = await pgmend.run(*words, "--dsn", installed.dsn)
        assert refused.code == 2, refused
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr
