"""One of everything, replayed from pg_dump --schema-only: no difference, whoever owns what."""

from __future__ import annotations

from pathlib import Path

import psycopg
from pgmend.listener.catalog.exclusion import DEFAULT
from pgmend.listener.connection import connect
from pgmend.listener.expected import expecting
from pgmend.sql.install import install

from tests.lab.dump import dump_to, pg_dump_for
from tests.support.database import Database
from tests.support.portraits import told
from tests.support.server import Server


async def test_a_dump_with_pgmend_in_it_declares_what_is_there(
    furnished: Database, server: Server, tmp_path: Path
) -> None:
    furnished.execute("alter table other owner to pg_monitor; alter view v owner to pg_monitor")
    with psycopg.connect(furnished.dsn, autocommit=True) as connection:
        install(connection)
    dump = tmp_path / "dump.sql"
    dump_to(dump, furnished.dsn, pg_dump_for(server))
    async with await connect(furnished.dsn, "test") as connection:
        await expecting.load(connection, furnished.dsn, dump, DEFAULT)
        comparison = await expecting.differences(connection, DEFAULT)
        assert comparison is not None
        assert told([each.difference for each in comparison.found]) == []
        furnished.execute("alter table child rename x to y; drop view v; alter table other owner to current_user")
        comparison = await expecting.differences(connection, DEFAULT)
        assert comparison is not None
        assert told([each.difference for each in comparison.found]) == [
            "owner table other",
            "name column child.x",
            "existence view v",
        ]
