"""Conversions and casts that have no use as things are: which of them go, and which stay for a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.rewriting.edit import rewritten
from pgmend.listener.source.rewriting.menders import mend

from tests.support.database import Database

SCHEMA = """
create table users (id integer primary key, key uuid not null, name text, boss integer);
create table logs (line text, user_id text, sessions integer not null);
"""
HEAD = (
    "import asyncpg\nfrom fastapi import Depends\nfrom uuid import UUID\nasync def f(conn: asyncpg.Connection, {}):\n"
)
# Parameters, the lines, and what they are then; the same where it is left.
CASES: dict[str, tuple[str, str, str]] = {
    "an int of an int": (
        "x: int",
        "await conn.fetch('select 1 from users where id = $1', int(x))",
        "await conn.fetch('select 1 from users where id = $1', x)",
    ),
    "an int of what may be None": (
        "x: int | None",
        "await conn.fetch('select 1 from users where id = $1', int(x))",
        "",
    ),
    "an int of what a loop changes": (
        "y",
        "x = 5\n    while y:\n        await conn.fetch('select 1 from users where id = $1', int(x))\n        x = y",
        "",
    ),
    "a str of a str": (
        "x: str",
        "await conn.fetch('select 1 from users where name = $1', str( x ))",
        "await conn.fetch('select 1 from users where name = $1', x)",
    ),
    "an int of what a dependency gives": (
        "x: int = Depends(current)",
        "await conn.fetch('select 1 from users where id = $1', int(x))",
        "",
    ),
    "a str of a claim": (
        "claims",
        "x: str = claims['sub']\n    await conn.fetch('select 1 from users where name = $1', str(x))",
        "",
    ),
    "an int of a column": (
        "y",
        "r = await conn.fetchrow('select id from users')\n"
        "    await conn.fetch('select 1 from users where boss = $1', int(r['id']))",
        "",
    ),
    "a cast for a converted int": (
        "x: int",
        "await conn.fetch('select name from users where id::text = $1', str(x))",
        "await conn.fetch('select name from users where id = $1', x)",
    ),
    "CAST for a converted UUID": (
        "x: UUID",
        "await conn.fetch('select name from users where $1 = CAST(key AS text) and id > 5', str(x))",
        "await conn.fetch('select name from users where $1 = key and id > 5', x)",
    ),
    "a cast for what comes from outside": (
        "x: str",
        "await conn.fetch('select name from users where id::text = $1', x)",
        "",
    ),
    "a cast for a UUID in any spelling": (
        "x: str",
        "await conn.fetch('select name from users where key::text = $1', x)",
        "",
    ),
    "casts of both sides": (
        "x",
        "await conn.fetch('select 1 from users u join logs l on u.id::text = l.sessions::text')",
        "await conn.fetch('select 1 from users u join logs l on u.id = l.sessions')",
    ),
    "a cast between two types": (
        "x",
        "await conn.fetch('select 1 from users u join logs l on u.id::text = l.user_id')",
        "",
    ),
    "a value of two statements": (
        "x: int",
        "y = str(x)\n    await conn.fetch('select 1 from users where id::text = $1', y)\n"
        "    await conn.fetch('select 1 from logs where user_id = $1', y)",
        "",
    ),
}


async def test_what_is_proved_to_change_nothing_goes(database: Database, tmp_path: Path) -> None:
    database.execute(SCHEMA)
    codes = {
        f"case_{number}.py": HEAD.format(each[0]) + f"    {each[1]}\n" for number, each in enumerate(CASES.values())
    }
    for name, code in codes.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    connection = await database.connect()
    analysis = await analyze(connection, extract(tmp_path), Settings())
    found = await mend(connection, analysis, tmp_path)
    after = {name: rewritten(code, found.edits().get(name, ())) for name, code in codes.items()}
    expected = {
        f"case_{number}.py": HEAD.format(parameters) + f"    {wanted or before}\n"
        for number, (parameters, before, wanted) in enumerate(CASES.values())
    }
    assert after == expected
    # An issue of what may be changed, or why it is not: nothing is passed over.
    looked_at = {each.issue_id for each in analysis.issues}
    assert {*(each.issue_id for each in found.ready), *found.left} == looked_at
    for name, code in after.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    again = await analyze(connection, extract(tmp_path), Settings())
    assert {each.issue_id for each in again.issues} == set(found.left)


SHARED = (
    "import asyncpg\nBASE = 'select name from users where id::text = $1'\nBY_ID = BASE + ' limit 5'\n"
    "async def f(conn: asyncpg.Connection, x: int):\n    await conn.fetch(BY_ID, str(x))\n"
)


@pytest.mark.parametrize(
    ("other", "text", "stays"),
    [
        ("two.py", "from one import BY_ID\nasync def g(c, y: str):\n    await c.fetch(BY_ID, y)\n", True),
        ("bin/run", "from one import BASE\n", True),
        ("two.py", "from one import f\n", False),
    ],
)
async def test_a_text_that_another_file_may_send_keeps_its_cast(
    database: Database, tmp_path: Path, other: str, text: str, stays: bool
) -> None:
    database.execute(SCHEMA)
    (tmp_path / "one.py").write_text(SHARED, encoding="utf-8")
    (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / other).write_text(text, encoding="utf-8")
    connection = await database.connect()
    analysis = await analyze(connection, extract(tmp_path / "one.py"), Settings())
    found = await mend(connection, analysis, tmp_path / "one.py")
    assert bool(found.edits()) is not stays
    assert any(other in why and "not looked at" in why for why in found.left.values()) is stays
