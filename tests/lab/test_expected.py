"""Shipped schemas portrayed: equal to themselves, and to what pg_dump --schema-only makes of them elsewhere."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from pgmend.listener.catalog.exclusion import DEFAULT
from pgmend.listener.connection import connect
from pgmend.listener.expected import expecting
from pgmend.sql.install import install

from tests.lab.dump import dump_to, pg_dump_for
from tests.support.database import Database
from tests.support.portraits import differences, portrait_of, told
from tests.support.server import Server

pytestmark = pytest.mark.real_schemas


async def test_a_schema_equals_itself(extended: Database) -> None:
    first = await portrait_of(extended)
    assert len(first.objects) > 10
    assert told(differences(first, await portrait_of(extended), unexpected=True)) == []


async def test_a_schema_equals_its_own_dump(extended: Database, server: Server, tmp_path: Path) -> None:
    dump = tmp_path / "dump.sql"
    dump_to(dump, extended.dsn, pg_dump_for(server))
    with psycopg.connect(extended.dsn, autocommit=True) as connection:
        install(connection)
    async with await connect(extended.dsn, "test") as connection:
        await expecting.load(connection, extended.dsn, dump, DEFAULT)
        comparison = await expecting.differences(connection, DEFAULT)
    assert comparison is not None
    assert told([each.difference for each in comparison.found]) == []
