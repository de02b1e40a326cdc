"""When the listener changes code by itself, and when it does not."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pgmend.listener.codebase.autofix import Autofix
from pgmend.listener.ignore_file import FILE_NAME
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.rewriting.applying import undo
from pgmend.listener.source.rewriting.code_file import CodeFile
from pgmend.listener.source.rewriting.edit import Edit
from pgmend.listener.source.rewriting.patch import file_patch
from pgmend.listener.source.rewriting.record import Records
from pgmend.listener.source.rewriting.writing import Writer

from tests.support.database import Database

CODE = "import asyncpg\n\n\nasync def f(conn: asyncpg.Connection):\n    await conn.fetch('select nick from users')\n"
RENAME = """
insert into pgmend.change (table_oid, schema_name, table_name, kind, object_name, before, after)
values ('users'::regclass, 'public', 'users', 'column_renamed', 'name', '{"name": "nick"}', '{"name": "name"}')
"""


@pytest.fixture
def code(installed: Database, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    installed.execute("create table users (id integer primary key, name text)")
    installed.execute(RENAME)
    folder = tmp_path_factory.mktemp("code")
    (folder / "app.py").write_text(CODE)
    return folder


def commit(folder: Path) -> None:
    named = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run(["git", *named, *arguments], cwd=folder, check=True)


async def acted(
    database: Database, folder: Path, root: Path | None = None, **settings: Any
) -> tuple[bool, timedelta | None]:
    """Whether it wrote, and for how long it waits; `root` is where the code begins, if not at the folder."""
    root = root or folder
    wanted = Settings(**{"code_autofix": True, "settle_time": timedelta(), **settings})
    before = (folder / "app.py").read_text()
    connection = await database.connect()
    extraction = extract(root)
    analysis = await analyze(connection, extraction, wanted)
    wait = await Autofix(root, wanted).mend(connection, extraction, analysis.issues)
    return (folder / "app.py").read_text() != before, wait


async def test_it_acts_only_where_it_was_told_to_and_may(installed: Database, code: Path) -> None:
    assert await acted(installed, code) == (False, None)  # no working copy
    commit(code)
    assert await acted(installed, code, code_autofix=False) == (False, None)
    (code / "app.py").write_text(CODE + "\n")
    assert await acted(installed, code) == (False, None)  # not committed, so left as it was
    (code / "app.py").write_text(CODE)
    installed.execute("select pgmend.pause('deploying')")
    assert await acted(installed, code) == (False, None)
    installed.execute("select pgmend.resume()")
    installed.execute("select pgmend.auto(false)")
    assert await acted(installed, code) == (False, None)
    installed.execute("select pgmend.auto(true)")
    written, wait = await acted(installed, code, settle_time=timedelta(hours=1))
    assert not written
    assert wait is not None
    assert timedelta(minutes=50) < wait <= timedelta(hours=1)
    assert await acted(installed, code) == (True, None)
    assert (code / "app.py").read_text() == CODE.replace("select nick", "select name as nick")
    assert installed.fetch("select state, automatic, approved_by from pgmend.fix_history") == [("applied", True, None)]


async def test_what_was_left_under_way_is_put_back_first_with_nothing_to_mend(installed: Database, code: Path) -> None:
    commit(code)
    became = CODE.replace("select nick", "select name as nick")
    start = CODE.index("nick")
    edit = Edit("app.py", start, start + 4, "name as nick", "")
    writer = Writer(code)
    with writer.alone():
        writer.write([file_patch(CodeFile("app.py", CODE.encode()), [edit])], "x")  # and died
    assert (code / "app.py").read_text() == became
    connection, settings = await installed.connect(), Settings(code_autofix=True, settle_time=timedelta())
    autofix = Autofix(code, settings)
    assert await autofix.mend(connection, extract(code), ()) is None
    assert (code / "app.py").read_text() == CODE
    extraction = extract(code)
    await autofix.mend(connection, extraction, (await analyze(connection, extraction, settings)).issues)
    assert (code / "app.py").read_text() == became


async def test_who_reverts_it_is_not_fought(installed: Database, code: Path) -> None:
    commit(code)
    assert await acted(installed, code) == (True, None)
    (code / "app.py").write_text(CODE)
    assert await acted(installed, code) == (False, None)
    Records().expire(timedelta(days=-1))
    assert await acted(installed, code) == (False, None)


async def test_who_undoes_it_is_not_fought(installed: Database, code: Path) -> None:
    commit(code)
    assert await acted(installed, code) == (True, None)
    ((fix_id,),) = installed.fetch("select fix_id::text from pgmend.fix_history")
    undo(str(fix_id))
    assert await acted(installed, code) == (False, None)


async def test_it_is_known_from_another_root_too(installed: Database, code: Path) -> None:
    folder = code / "src"
    folder.mkdir()
    (code / "app.py").rename(folder / "app.py")
    commit(code)
    assert await acted(installed, folder) == (True, None)
    (folder / "app.py").write_text(CODE)
    assert await acted(installed, folder, code) == (False, None)


NAMES = "    await conn.fetch('select nick from users')"
IGNORED = CODE.replace(NAMES, f"{NAMES}  # pgmend: ignore[UNKNOWN_COLUMN] the view of the old program")


async def test_what_a_comment_ignores_is_left(installed: Database, code: Path) -> None:
    (code / "app.py").write_text(IGNORED)
    commit(code)
    assert await acted(installed, code) == (False, None)


async def test_what_the_database_ignores_is_left(installed: Database, code: Path) -> None:
    commit(code)
    (issue,) = (await analyze(await installed.connect(), extract(code), Settings())).issues
    said = f"values ('{issue.issue_id}', 'x', 'x')"
    installed.execute(f"insert into pgmend.ignored_issue (issue_id, reason, ignored_by) {said}".encode())
    assert await acted(installed, code) == (False, None)
    installed.execute("delete from pgmend.ignored_issue")
    assert await acted(installed, code) == (True, None)


async def test_what_the_ignore_file_covers_is_left(
    installed: Database, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(code)
    monkeypatch.chdir(code)
    file = code / FILE_NAME
    file.write_text('[[ignore]]\ntype = "UNKNOWN_COLUMN"\nfile = "app.py"\nreason = "x"\nowner = "x"\n')
    assert await acted(installed, code) == (False, None)
    file.unlink()
    assert await acted(installed, code) == (True, None)


async def test_without_a_place_for_backups_the_code_stays(
    installed: Database, code: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit(code)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert await acted(installed, code) == (False, None)


async def test_history_that_cannot_be_written_ends_nothing(installed: Database, code: Path) -> None:
    commit(code)
    installed.execute("alter table pgmend.fix add constraint no check (kind <> 'change_code')")
    assert await acted(installed, code) == (True, None)
