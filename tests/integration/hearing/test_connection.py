"""Our sessions are the same whatever a database or a role has set for its own."""

from __future__ import annotations

import pytest
from pgmend.listener.connection import SESSION, connect
from psycopg import sql

from tests.support.database import Database


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_transaction_isolation", "serializable"),
        ("DateStyle", "German"),
        ("search_path", "evil, public"),
        ("statement_timeout", "7000"),
        ("lock_timeout", "7000"),
    ],
)
async def test_what_the_database_sets_does_not_reach_us(database: Database, name: str, value: str) -> None:
    database.execute(
        sql.SQL("alter database {} set {} = {}").format(
            sql.Identifier(database.name), sql.Identifier(name), sql.Literal(value)
        )
    )
    async with await connect(database.dsn, "test") as connection:
        row = await (await connection.execute("select pg_catalog.current_setting(%s)", (name,))).fetchone()
    assert row is not None
    assert row[0] == SESSION[name] if name in SESSION else row[0] != value
