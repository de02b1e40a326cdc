"""Code beside a running listener: its issues come, change and go as files and the schema move."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.acceptance.listener import OPERATOR, Listener, listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

SHOP = """
create table orders (id integer primary key, "Größe" integer, total numeric(10, 2));
create table items (order_id integer references orders, sku text);
create index on items (order_id);
"""
CODE = """
import psycopg


def totals(connection: psycopg.Connection, number: int) -> None:
    connection.execute("select total from orders where id = %s", (number,))
    connection.execute('select "Größe" from orders')


def items(connection: psycopg.Connection) -> None:
    connection.execute("select sku from items")
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a file of code."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "orders.py").write_text(CODE, encoding="utf-8")
    return tmp_path


async def watching(pgmend: Processes, database: Database, code: Path, **settings: str) -> Listener:
    """A listener that has read the code."""
    listener = await listen(pgmend, database, "--code", str(code), **settings)
    await listener.process.line("code is watched")
    return listener


def open_in_code(database: Database) -> list[dict[str, Any]]:
    rows = database.fetch("select to_jsonb(i) from pgmend.open_issues as i where file is not null order by line")
    return [row[0] for row in rows]


async def test_a_renamed_column_is_an_issue_until_it_is_renamed_back(
    pgmend: Processes, installed: Database, code: Path
) -> None:
    installed.execute(SHOP)
    listener = await watching(pgmend, installed, code)
    assert open_in_code(installed) == []
    installed.execute('alter table orders rename column "Größe" to breite')
    (issue,) = await eventually(lambda: open_in_code(installed))
    assert (issue["issue_type"], issue["file"], issue["line"]) == ("UNKNOWN_COLUMN", "shop/orders.py", 7)
    assert (issue["statement"], issue["sqlstate"]) == ('select "Größe" from orders', "42703")
    ((event,),) = installed.fetch("select event_id::text from pgmend.ddl_log order by occurred_at desc limit 1")
    assert any(f"renamed to breite by event {event} on" in each["seen"] for each in issue["evidence"])
    assert (issue["caused_with"], issue["backlog"], issue["auto_fixable"]) == ("ALTER TABLE", False, False)
    assert "in code" in issue["why_not_auto"]
    async with ClientSession(headers={"Authorization": f"Bearer {OPERATOR}"}) as session:
        url = f"{listener.address}/api/database-health"
        shown = await (await session.get(f"{url}/issues/{issue['issue_id']}")).json()
        status = await (await session.get(f"{url}/status")).json()
    assert (shown["site"]["file"], shown["site"]["line"]) == ("shop/orders.py", 7)
    assert (status["code"], status["code_files"], status["code_statements"]) == (str(code), 1, 3)
    assert status["code_trouble"] is None
    told = await pgmend.run("issues", "--format", "json", env={"PGMEND_DSN": installed.dsn})
    assert [each["line"] for each in json.loads(told.stdout)["issues"] if "file" in each] == [7]
    installed.execute('alter table orders rename column breite to "Größe"')
    await eventually(lambda: not open_in_code(installed))
    assert await listener.process.terminate() == 0


async def test_files_are_followed_and_what_cannot_be_read_is_told(
    pgmend: Processes, installed: Database, code: Path
) -> None:
    installed.execute(SHOP)
    (code / "loop").symlink_to(code, target_is_directory=True)
    listener = await watching(pgmend, installed, code)
    (code / "new").mkdir()
    (code / "new" / "broken.py").write_text(CODE + "def (:\n", encoding="utf-8")
    (code / "new" / "late.py").write_text(CODE.replace("sku", "nothing"), encoding="utf-8")
    (issue,) = await eventually(lambda: open_in_code(installed))
    assert (issue["file"], issue["column_name"]) == ("new/late.py", "nothing")
    trouble = await eventually(lambda: installed.fetch("select code_trouble from pgmend.status")[0][0])
    assert trouble.startswith("new/broken.py:12: it does not parse")
    installed.execute("select pgmend.ignore(%s, 'we know')", (issue["issue_id"],))
    await eventually(lambda: not open_in_code(installed))
    (code / "new" / "late.py").unlink()
    (code / "new" / "broken.py").unlink()
    gone = "select status from pgmend.issue where file = 'new/late.py'"
    await eventually(lambda: installed.fetch(gone) == [("resolved",)])
    await eventually(lambda: installed.fetch("select code_trouble from pgmend.status") == [(None,)])
    code.rename(code.with_name("elsewhere"))  # noqa: ASYNC240 - nobody else waits
    told = await eventually(lambda: installed.fetch("select code_trouble from pgmend.status")[0][0])
    assert "is no folder" in told
    assert listener.process.is_running
    code.with_name("elsewhere").rename(code)
    await eventually(lambda: installed.fetch("select code_trouble from pgmend.status") == [(None,)])


async def test_without_code_its_issues_are_closed(pgmend: Processes, installed: Database, code: Path) -> None:
    installed.execute(SHOP.replace("sku", "article"))
    listener = await watching(pgmend, installed, code)
    (issue,) = await eventually(lambda: open_in_code(installed))
    assert issue["backlog"]
    await listener.process.kill()
    listener = await watching(pgmend, installed, code)
    assert [each["issue_id"] for each in open_in_code(installed)] == [issue["issue_id"]]
    await listener.process.terminate()
    await listen(pgmend, installed)
    closed = installed.fetch("select status, resolved_because like '%--code%' from pgmend.issue where file is not null")
    assert closed == [("resolved", True)]
    assert installed.fetch("select code from pgmend.status") == [(None,)]


def git(folder: Path, *arguments: str) -> None:
    named = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True)


async def test_a_working_copy_follows_a_rename_by_itself_and_never_again_once_that_is_undone(
    pgmend: Processes,
    installed: Database,
    code: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed.execute(SHOP)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        git(code / "shop", *arguments)
    listener = await watching(pgmend, installed, code / "shop", code_autofix="true")
    installed.execute("alter table orders rename column total to sum")
    history = "select fix_id::text, state, automatic from pgmend.fix_history where kind = 'change_code'"
    ((fix_id, applied, automatic),) = await eventually(lambda: installed.fetch(history), 60)
    assert (applied, automatic) == ("applied", True)
    mended = CODE.replace("select total from", "select sum as total from")
    assert (code / "shop" / "orders.py").read_text(encoding="utf-8") == mended
    await eventually(lambda: not open_in_code(installed))
    undone = await pgmend.run("rollback", fix_id, env={"PGMEND_DSN": installed.dsn})
    assert undone.code == 0, undone
    await eventually(lambda: open_in_code(installed))
    installed.execute("alter table items rename column sku to article")
    await eventually(lambda: len(installed.fetch(history)) == 2, 60)
    assert (code / "shop" / "orders.py").read_text(encoding="utf-8") == CODE.replace(
        "select sku", "select article as sku"
    )
    assert await listener.process.terminate() == 0
