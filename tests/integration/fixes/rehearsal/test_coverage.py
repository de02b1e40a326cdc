"""Where little is known of what the application runs, nothing is proved: each lack is a reason with its cure."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from pgmend.listener.connection import connect
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.rehearsal.rehearsal import Rehearsal
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.statements.observed import ObservedStatements
from pgmend.listener.statements.statement import Known
from pgmend.listener.statements.touched import read_touched
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.rehearsed import APP, at_once, rehearse, to_integer
from tests.support.workshop import Workshop


async def known(workshop: Workshop, seen_for: timedelta = timedelta()) -> Known:
    touched = await read_touched(workshop.connection, [workshop.oid("app.sessions")])
    return await ObservedStatements(seen_for).known(workshop.connection, touched)


async def test_statistics_of_a_moment_ago_prove_nothing(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    verdict, examples = (await rehearse(workshop, rehearsal=Rehearsal())).statements
    assert (verdict, "only, and that is less than 24 h" in examples) == (Verdict.UNPROVED, True)
    assert (await rehearse(workshop, rehearsal=at_once())).statements == (Verdict.PROVED, "")


async def test_a_view_or_a_function_alone_is_no_statement_that_anybody_sent(workshop: Workshop) -> None:
    workshop.database.execute(
        "create view app.v as select id from app.sessions; create function app.f() returns bigint language sql as"
        " 'select count(*) from app.sessions'"
    )
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, "no statement on these tables is known" in examples) == (Verdict.UNPROVED, True)


async def test_who_acts_alone_rehearses_nothing_where_not_all_can_be_proved(workshop: Workshop) -> None:
    plan = await workshop.plan(to_integer(workshop))
    (told,) = await at_once().proofs(workshop.connection, plan, workshop.limits, alone=True)
    assert (told.name, told.verdict, told.alone) == (STATEMENTS, Verdict.UNPROVED, True)
    assert told.counter_examples == ("no statement on these tables is known, so that none is proved to work",)


async def test_a_text_that_the_server_has_lost_is_said(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    # The view as it is where the file of the texts is gone.
    workshop.database.execute(
        """
        alter view public.pg_stat_statements rename to kept;
        create view public.pg_stat_statements as
          select userid, dbid, toplevel, queryid, null::text as query, calls from public.kept;
        alter extension pg_stat_statements drop view public.kept;
        alter extension pg_stat_statements add view public.pg_stat_statements;
        """
    )
    (gap,) = (await known(workshop)).gaps
    assert "the server has lost the text of" in gap


@pytest.mark.parametrize(
    "setting", ["pg_stat_statements.track = none", "pg_stat_statements.track_utility = off", "compute_query_id = off"]
)
async def test_what_is_not_recorded_is_said(workshop: Workshop, setting: str) -> None:
    database = sql.Identifier(workshop.database.name)
    workshop.database.execute(sql.SQL("alter database {} set {}").format(database, sql.SQL(setting)))  # type: ignore[arg-type]
    async with await connect(workshop.database.dsn, "test") as fresh:
        touched = await read_touched(fresh, [workshop.oid("app.sessions")])
        told = (await ObservedStatements(timedelta()).known(fresh, touched)).gaps
    assert any("not all statements are recorded" in gap for gap in told)


async def test_what_the_server_forgot_or_a_standby_runs_is_said(server_with: ServerWith) -> None:
    settings = {"pg_stat_statements.max": "100", "wal_level": "replica", "max_wal_senders": "2"}
    server = server_with(shared_preload_libraries="pg_stat_statements", **settings)
    with installed_database(server) as database:
        database.execute(APP.encode())
        database.execute("select public.pg_stat_statements_reset()")
        workshop = await Workshop.open(database)
        try:
            connection = await database.connect()
            for number in range(120):
                columns = ", ".join(["seen"] * (number + 1))
                await connection.execute(f"select {columns} from app.sessions".encode())
            (gap,) = (await known(workshop)).gaps
            assert "times to make room. Cure: a larger pg_stat_statements.max" in gap
            assert (await rehearse(workshop)).statements[0] is Verdict.UNPROVED
            with psycopg.connect(make_conninfo(database.dsn, replication="true"), autocommit=True) as standby:
                place = database.value("select pg_current_wal_lsn()::text")
                streaming = standby.pgconn.exec_(f"START_REPLICATION PHYSICAL {place}".encode())
                assert streaming.status == psycopg.pq.ExecStatus.COPY_BOTH
                gaps = (await known(workshop)).gaps
                assert "what runs on 1 standby is not known here" in gaps
                standby.pgconn.finish()
        finally:
            await workshop.close()
