"""Since when an index is idle, by the server's counters and our memory of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.counters.idle import Idleness, watch
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from psycopg.conninfo import make_conninfo

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.installation import installed_database
from tests.support.server import Server

WORLD = """
    create table t (id int primary key, a int, b int); insert into t select n, n, n from generate_series(1, 2000) n;
    create index "A, 1" on t (a); create index b on t (b); analyze t;
    set enable_seqscan = off; set enable_bitmapscan = off; select from t where b = 7; select pg_stat_force_next_flush()
"""


@pytest.fixture(autouse=True)
def world(installed: Database) -> None:
    installed.execute(WORLD)


async def look(database: Database) -> Idleness:
    async with await connect(database.dsn, "test") as connection:
        return await watch(connection)


def later(database: Database, gone: timedelta) -> None:
    """As if that much time had gone by, the listener looking on all the while."""
    database.execute("update pgmend.idle_index set idle_since = idle_since - %s", [gone])


async def idle(database: Database) -> set[str]:
    names = dict(database.fetch("select oid::bigint, relname from pg_class where relkind = 'i' and oid >= 16384"))
    return {names[oid] for oid in (await look(database)).indexes if names[oid] in {"A, 1", "b", "t_pkey", "young"}}


async def test_nothing_is_idle_at_first_sight_and_what_was_never_used_is_in_time(installed: Database) -> None:
    assert await idle(installed) == set()
    later(installed, timedelta(days=34))
    assert await idle(installed) == set()
    later(installed, timedelta(days=2))
    assert await idle(installed) == {"A, 1", "t_pkey"}


async def test_young_index_has_its_own_time(installed: Database) -> None:
    await look(installed)
    later(installed, timedelta(days=30))
    installed.execute("create index young on t (a, b)")
    await look(installed)
    later(installed, timedelta(days=10))
    assert await idle(installed) == {"A, 1", "t_pkey"}


async def test_use_ends_idleness(installed: Database) -> None:
    await look(installed)
    later(installed, timedelta(days=40))
    installed.execute("""
        set enable_seqscan = off; set enable_bitmapscan = off; select from t where a = 7;
        select pg_stat_force_next_flush()
    """)
    assert await idle(installed) == {"t_pkey"}
    assert installed.value("select count(*) from pgmend.idle_index where index_oid = '\"A, 1\"'::regclass") == 0


@pytest.mark.parametrize(
    "happened",
    [
        "select pg_stat_reset()",
        "update pgmend.statistics_look set transactions = transactions + 1000000",
        "update pgmend.statistics_look set looked_at = looked_at - interval '25 hours'",
    ],
    ids=["reset", "lost in a crash", "nobody looked"],
)
async def test_counters_that_did_not_go_on_begin_the_time_anew(installed: Database, happened: str) -> None:
    await look(installed)
    later(installed, timedelta(days=40))
    installed.execute(happened.encode())
    assert await idle(installed) == set()
    later(installed, timedelta(days=36))
    assert "A, 1" in await idle(installed)


async def test_dropped_index_is_forgotten(installed: Database) -> None:
    await look(installed)
    oid = installed.value("select '\"A, 1\"'::regclass::oid::bigint")
    installed.execute('drop index "A, 1"')
    await look(installed)
    assert installed.value("select count(*) from pgmend.idle_index where index_oid = %s", [oid]) == 0


async def test_no_standby_is_seen_where_there_is_none(installed: Database) -> None:
    assert not (await look(installed)).standbys


@contextmanager
def streaming(database: Database) -> Iterator[None]:
    """A standby, as far as the primary can tell."""
    with psycopg.connect(make_conninfo(database.dsn, replication="true"), autocommit=True) as standby:
        place = database.value("select pg_current_wal_lsn()::text")
        answer = standby.pgconn.exec_(f"START_REPLICATION PHYSICAL {place}".encode())
        assert answer.status == psycopg.pq.ExecStatus.COPY_BOTH
        yield
        standby.pgconn.finish()


async def test_where_a_standby_reads_no_index_is_called_unused(private_server: Server) -> None:
    with installed_database(private_server) as database:
        database.execute(WORLD)
        database.execute("insert into t select n, n, n from generate_series(2001, 60000) n; analyze t")
        async with await connect(database.dsn, "test") as leading, await database.connect() as connection:
            lease = await take_lease(leading, "test")
            assert lease is not None
            analyst = Analyst(connection, lease, Judge(), LeftAlone(()))
            await analyst.begin()
            later(database, timedelta(days=40))
            with streaming(database):
                assert (await look(database)).standbys
                assert (await analyst.scan("safety")).opened == ()
            database.execute("select pg_create_physical_replication_slot('away')")
            assert (await analyst.scan("safety")).opened == ()
            database.execute("select pg_drop_replication_slot('away')")
            await eventually(lambda: database.value("select count(*) from pg_stat_replication") == 0)
            (issue,) = (await analyst.scan("safety")).opened
            assert (issue.issue_type, issue.object_name) == ("UNUSED_INDEX", "A, 1")


async def test_listener_tells_of_it_at_a_full_scan_and_takes_it_back_once_it_is_used(installed: Database) -> None:
    installed.execute("insert into t select n, n, n from generate_series(2001, 60000) n; analyze t")
    async with await connect(installed.dsn, "test") as leading, await installed.connect() as connection:
        lease = await take_lease(leading, "test")
        assert lease is not None
        analyst = Analyst(connection, lease, Judge(), LeftAlone(()))
        await analyst.begin()
        assert analyst.open_issues() == ()
        later(installed, timedelta(days=40))
        (issue,) = (await analyst.scan("safety")).opened
        assert (issue.issue_type, issue.table, issue.object_name) == ("UNUSED_INDEX", "t", "A, 1")
        installed.execute("""
            set enable_seqscan = off; set enable_bitmapscan = off; select from t where a = 7;
            select pg_stat_force_next_flush()
        """)
        assert (await analyst.scan("safety")).resolved == (issue.issue_id,)
