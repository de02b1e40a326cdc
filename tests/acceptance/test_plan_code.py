"""`pgmend plan --code`: a change of type with the code that goes with it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.support.database import Database
from tests.support.process import Processes

SICK = """
create table users (id integer primary key, name text);
create table sessions (id integer primary key, user_id integer not null references users);
create index on sessions (user_id);
create table orders (id integer primary key, user_id text not null);
create index on orders (user_id);
insert into users select generate_series(1, 20);
insert into sessions select id, id from users;
insert into orders select id, id::text from users;
"""
CODE = """import asyncpg


async def orders_of(conn: asyncpg.Connection, user_id: int):
    return await conn.fetch("select o.id from orders o where o.user_id = $1", str(user_id))


async def names(conn: asyncpg.Connection, status):
    return await conn.fetch("select u.name from orders o join users u on u.id::text = o.user_id")


async def guess(conn: asyncpg.Connection, payload):
    return await conn.fetch("select id from orders where user_id = $1", payload.get("sub"))
"""


def _git(folder: Path, *arguments: str, given: str = "") -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=given.encode(), check=True)


async def test_a_plan_names_the_code_that_changes_with_it(
    pgmend: Processes, installed: Database, tmp_path: Path
) -> None:
    installed.execute(SICK)
    code = tmp_path / "größe"
    code.mkdir()
    _git(code, "init", "-q")
    (code / "app.py").write_text(CODE, encoding="utf-8")
    made = await pgmend.run(
        *("plan", "--select", "TYPE_MISMATCH", "--code", code, "--format", "json", "--dsn", installed.dsn)
    )
    assert made.code == 0, made
    (planned,) = json.loads(made.stdout)["plans"]
    found = planned["code"]
    assert [each["line"] for each in found["affected"]] == [5, 9, 13]
    assert [(each["line"], each["order"]) for each in found["changes"]] == [(5, "together"), (9, "together")]
    assert [each["line"] for each in found["left"]] == [13]
    assert found["order"] == [
        "With the schema, in one moment: app.py:5, app.py:9; no code works on both sides, so what runs between the two"
        " fails. Stop what calls it, or bear the errors."
    ]
    _git(code, "apply", given=found["patch"])
    now = CODE.replace("str(user_id)", "user_id").replace("u.id::text = o.user_id", "u.id = o.user_id")
    assert (code / "app.py").read_text(encoding="utf-8") == now
    (code / "app.py").write_text(CODE, encoding="utf-8")
    tried = await pgmend.run("fix", planned["issue_id"], "--dry-run", "--code", code, "--dsn", installed.dsn)
    assert "left to you: app.py:13" in tried.stdout
    assert '+    return await conn.fetch("select o.id from orders o where o.user_id = $1", user_id)' in tried.stdout
    assert "3 statements name the column: app.py:5, app.py:9, app.py:13" in tried.stdout
    assert installed.value("select count(*) from pgmend.fix where state <> 'proposed'") == 0
