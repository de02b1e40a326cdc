"""The case that pgmend began from: eleven `user_id` of mixed types, healed by one plan that was read first, under
writes, and then undone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from pgmend.api.watching import UNDONE_OR_NOT, watch
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.settings import Settings
from pgmend.listener.stand_in import leading

from tests.lab.dump import find_pg_dump, normalised_dump
from tests.support.database import Database
from tests.support.process import Processes
from tests.support.server import Server

TYPES = {
    "sessions": "integer",
    "payments": "text",
    "bookings": "bigint",
    "invoices": "character varying(20)",
    "carts": "integer",
    "reviews": "text",
    "messages": "integer",
    "devices": "numeric",
    "addresses": "text",
    "coupons": "bigint",
    "Gästebuch": "text",
}
TIED = ("sessions", "carts", "messages")
ROWS = 300
TYPE_NOW = """
select table_name, data_type from information_schema.columns where table_schema = 'public' and column_name = 'user_id'
"""
KEYS_NOW = """
select count(*) from pg_constraint where contype = 'f' and convalidated and connamespace = 'public'::regnamespace
"""
WRITE = "insert into public.\"{0}\" (id, user_id, note) values ({1}, '{2}', 'new')"


@pytest.fixture
def eleven(installed: Database) -> Database:
    """Users, and eleven tables that mean them."""
    installed.execute(
        "create table users (id integer primary key, name text);"
        "insert into users select n, 'user ' || n from generate_series(1, 100) n"
    )
    for table, of_type in TYPES.items():
        tie = " references users" if table in TIED else ""
        installed.execute(
            f"""
            create table "{table}" (id integer primary key, user_id {of_type}{tie}, note text);
            create index on "{table}" (user_id);
            insert into "{table}" select n, (1 + n % 100)::text::{of_type}, 'old'
              from generate_series(1, {ROWS}) n;
            """.encode()
        )
    installed.execute("analyze")
    return installed


@asynccontextmanager
async def written(database: Database) -> AsyncIterator[dict[str, int]]:
    """Meanwhile somebody adds a row to each table in turn, with what its type takes; how many it wrote, by table."""
    wrote = dict.fromkeys(TYPES, 0)
    failed: list[psycopg.Error] = []

    async def write() -> None:
        async with await psycopg.AsyncConnection.connect(
            database.dsn, autocommit=True, prepare_threshold=None
        ) as session:
            while True:
                for table in TYPES:
                    number = ROWS + wrote[table] + 1
                    try:
                        await session.execute(WRITE.format(table, number, 1 + number % 100).encode())
                    except psycopg.Error as error:
                        failed.append(error)
                        return
                    wrote[table] += 1
                    await asyncio.sleep(0.02)

    task = asyncio.create_task(write())
    try:
        yield wrote
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert failed == []


async def plan(pgmend: Processes, database: Database, seed: str) -> str:
    """What `pgmend plan` prints, with another order of everything that has none."""
    environment = {"PGMEND_DSN": database.dsn, "PYTHONHASHSEED": seed}
    made = await pgmend.run("plan", "--format", "json", env=environment)
    assert made.code == 0, made
    return made.stdout


async def test_eleven_mixed_columns_are_healed_by_one_reviewed_plan_and_undone(
    pgmend: Processes, server: Server, eleven: Database, tmp_path: Path
) -> None:
    pg_dump = find_pg_dump(server)
    before, types_before = normalised_dump(eleven.dsn, pg_dump), dict(eleven.fetch(TYPE_NOW))
    file = tmp_path / "plan.json"
    file.write_text(await plan(pgmend, eleven, "1"))
    document = json.loads(file.read_text())
    planned = [(each["issue_type"], each["plan"]["afterwards"] is not None) for each in document["plans"]]
    # Those whose type is another come first, each with the key that follows; two need no other type.
    assert planned == [*[("TYPE_MISMATCH", True)] * 6, *[("MISSING_FOREIGN_KEY", False)] * 2]
    again = json.loads(await plan(pgmend, eleven, "2"))
    assert [each["plan"]["plan_hash"] for each in again["plans"]] == [
        each["plan"]["plan_hash"] for each in document["plans"]
    ]

    async with written(eleven) as wrote:
        fixed = await pgmend.run("fix", "--plan", file, "--yes", env={"PGMEND_DSN": eleven.dsn}, seconds=180)
        assert fixed.code == 0, fixed
        healed = dict(eleven.fetch(TYPE_NOW))
        assert healed == {table: of_type if "int" in of_type else "integer" for table, of_type in TYPES.items()}
        assert eleven.value(KEYS_NOW) == len(TYPES)
        checked = await pgmend.run("check", "--fail-on", "medium", env={"PGMEND_DSN": eleven.dsn})
        assert checked.code == 0, checked

        fixes = eleven.fetch("select fix_id::text from pgmend.fix where state = 'applied' order by finished_at desc")
        assert len(fixes) == 14
        async with Connections(eleven.dsn) as connections:
            desk = Desk(connections, Settings())
            async with leading(eleven.dsn, Settings(), desk):
                for (fix_id,) in fixes:
                    await desk.rollback(fix_id)
                    assert (await watch(desk, fix_id, UNDONE_OR_NOT)).state == "rolled_back"
    assert dict(eleven.fetch(TYPE_NOW)) == types_before
    assert normalised_dump(eleven.dsn, pg_dump) == before
    for table, rows in wrote.items():
        assert rows > 0
        assert eleven.value(f'select count(*) from "{table}"'.encode()) == ROWS + rows
        wrong = f'select count(*) from "{table}" where user_id::text is distinct from (1 + id % 100)::text'
        assert eleven.value(wrong.encode()) == 0


async def test_what_is_planned_is_what_is_there_though_nobody_has_looked_before(
    pgmend: Processes, eleven: Database
) -> None:
    made = await pgmend.run("plan", "--format", "json", "--dsn", eleven.dsn)
    assert len(json.loads(made.stdout)["plans"]) == 8
    assert eleven.value("select count(*) from pgmend.fix where state <> 'proposed'") == 0
    shown = await pgmend.run("fix", "--all", "--dry-run", "--dsn", eleven.dsn)
    assert "-- and then: Add foreign key payments_user_id_fkey" in shown.stdout
    assert "8 of 8 issues can be fixed." in shown.stdout
