"""Code mended against a real server, and held only if it is right then."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pgmend.listener.desk.fixes import read_detail
from pgmend.listener.errors import CodeStays
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import Analysis, Unseen, analyze
from pgmend.listener.source.extracted import Site
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.rewriting.applying import Applied, apply, undo
from pgmend.listener.source.rewriting.menders import mend, ready_patches
from pgmend.listener.source.rewriting.patch import diff
from pgmend.listener.source.rewriting.record import Records
from pgmend.listener.store.code_fixes import write_applied, write_undone

from tests.support.database import Database

CODE = """\
import asyncpg


async def f(conn: asyncpg.Connection):
    await conn.fetch("select nick from users")
    return await conn.fetch("select id from users where nick = 'ä'")
"""
RENAME = """
insert into pgmend.change (table_oid, schema_name, table_name, kind, object_name, before, after)
values ('users'::regclass, 'public', 'users', 'column_renamed', 'name', '{"name": "nick"}', '{"name": "name"}')
"""


@pytest.fixture
def code(installed: Database, tmp_path: Path) -> Path:
    installed.execute("create table users (id integer primary key, name text)")
    installed.execute(RENAME)
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "app.py").write_text(CODE)
    return folder


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def after_patch(folder: Path, patch: bytes) -> str:
    """What `git apply` makes of the code."""
    subprocess.run(["git", "apply"], cwd=folder, input=patch, check=True)
    changed = (folder / "app.py").read_text()
    subprocess.run(["git", "apply", "-R"], cwd=folder, input=patch, check=True)
    return changed


async def applied(
    database: Database, folder: Path, meanwhile: Callable[[int], None] = lambda pid: None
) -> Applied | None:
    """Mend the folder; `meanwhile` is done between writing and looking again, and is told the session's process."""
    connection = await database.connect()

    def read():
        meanwhile(connection.info.backend_pid)
        return extract(folder)

    settings = Settings()
    analysis = await analyze(connection, extract(folder), settings)
    mendings = await mend(connection, analysis, folder)
    records = Records(folder.parent / "state" / "code")
    return await apply(connection, analysis, mendings, folder, read=read, settings=settings, records=records)


async def test_code_is_written_and_known_to_the_database(installed: Database, code: Path) -> None:
    done = await applied(installed, code)
    assert done is not None
    assert done.analysis.issues == ()
    assert len(done.issues) == 2
    assert await applied(installed, code) is None
    connection = await installed.connect()
    record = done.record
    await write_applied(connection, record.fix_id, record.summary, done.issues, ["app.py"])
    detail = await read_detail(connection, UUID(record.fix_id))
    assert (detail.fix.state, detail.fix.summary) == ("applied", "Change app.py for 2 issues of code")
    assert detail.plan.remedy.kind == "change_code"
    assert [each.title for each in detail.steps] == ["Write app.py"]
    undo(record.fix_id, Records(code.parent / "state" / "code"))
    assert (code / "app.py").read_text() == CODE
    assert await write_undone(connection, record.fix_id, ["app.py"])
    assert not await write_undone(connection, record.fix_id, ["app.py"])
    assert (await read_detail(connection, UUID(record.fix_id))).fix.state == "rolled_back"


async def test_what_is_not_right_then_is_restored(installed: Database, code: Path) -> None:
    def rename_back(_: int) -> None:
        installed.execute("alter table users rename name to nick")

    with pytest.raises(CodeStays, match=r"The files were restored: there would still be UNKNOWN_COLUMN"):
        await applied(installed, code, rename_back)
    assert (code / "app.py").read_text() == CODE


async def test_one_statement_unseen_before_does_not_hide_others_afterwards(
    installed: Database, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Analysis] = []

    async def look(*arguments: Any) -> Analysis:
        found = await analyze(*arguments)
        looks.append(found)
        where = found.extraction.statements[0].site
        return replace(found, unseen=(Unseen(where, "no answer"),))

    monkeypatch.setattr("pgmend.listener.source.rewriting.applying.analyze", look)
    connection = await installed.connect()
    analysis = await analyze(connection, extract(code), Settings())
    other = Unseen(Site("other.py", 1, 0), "no answer")
    mendings = await mend(connection, analysis, code)
    with pytest.raises(CodeStays, match=r"did not look at app\.py:5: no answer"):
        await apply(
            connection,
            replace(analysis, unseen=(other,)),
            mendings,
            code,
            read=lambda: extract(code),
            settings=Settings(),
            records=Records(code.parent / "state" / "code"),
        )
    assert len(looks) == 1
    assert (code / "app.py").read_text() == CODE


async def test_what_could_not_be_looked_at_again_is_restored(installed: Database, code: Path) -> None:
    def end(pid: int) -> None:
        installed.execute("select pg_terminate_backend(%s)", [pid])

    with pytest.raises(psycopg.OperationalError):
        await applied(installed, code, end)
    assert (code / "app.py").read_text() == CODE
    assert names(code) == ["app.py"]


async def test_a_rename_by_ddl_has_a_patch_ready_for_each_issue(installed: Database, code: Path) -> None:
    connection = await installed.connect()
    analysis = await analyze(connection, extract(code), Settings())
    found = await ready_patches(connection, analysis, code)
    assert found.keys() == {each.issue_id for each in analysis.issues}
    changed = [after_patch(code, diff(code, patches)) for patches in found.values()]
    assert sorted(changed) == sorted(
        [CODE.replace("select nick", "select name as nick"), CODE.replace("where nick", "where name")]
    )
