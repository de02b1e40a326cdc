"""A comment in code that is watched: the issue goes with it, and comes back without it."""

from __future__ import annotations

from pathlib import Path

from pgmend.listener.codebase.account import Moved
from pgmend.listener.codebase.codebase import Codebase
from pgmend.listener.settings import Settings

from tests.support.database import Database

CODE = 'import psycopg\n\n\ndef f(conn: psycopg.Connection):\n    conn.execute("select nmae from users")'


async def test_a_comment_takes_an_issue_back_and_its_end_brings_it_again(database: Database, tmp_path: Path) -> None:
    database.execute("create table users (id integer primary key, name text)")
    connection = await database.connect()
    code = Codebase(tmp_path, Settings())
    told: list[tuple[list[str], int]] = []
    for ending in ("\n", "  # pgmend: ignore[UNKNOWN_COLUMN] not yet\n", "  # pgmend: ignore[INVALID_SQL] not yet\n"):
        (tmp_path / "app.py").write_text(CODE + ending)
        code.read()
        account = await code.look(connection, Moved())
        told.append(([each.issue_type for each in account.issues], len(account.gone)))
    assert told == [(["UNKNOWN_COLUMN"], 0), ([], 1), (["UNKNOWN_COLUMN"], 0)]
