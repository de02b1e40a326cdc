"""Two listeners on one database: one leads, the other takes over."""

from __future__ import annotations

from tests.acceptance.listener import OPERATOR, listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes


async def test_a_second_listener_stands_by_and_takes_over_from_a_killed_one(
    pgmend: Processes, installed: Database
) -> None:
    installed.execute("create table users (id int primary key)")
    first = await listen(pgmend, installed)
    environment = {"PGMEND_DSN": installed.dsn, "PGMEND_OPERATOR_TOKEN": OPERATOR}
    second = await pgmend.start("start", "--port", "0", env=environment)
    await second.line("listens at")
    leader = installed.value("select holder from pgmend.lease")
    assert str(first.process.pid) in leader
    await first.process.kill()
    await second.line("watching", seconds=10)
    assert str(second.pid) in installed.value("select holder from pgmend.lease")
    installed.execute("alter table users drop constraint users_pkey")
    await eventually(
        lambda: installed.value("select count(*) from pgmend.issue where issue_type = 'MISSING_PRIMARY_KEY'") == 1
    )


async def test_a_stopped_listener_hands_over_at_once(pgmend: Processes, installed: Database) -> None:
    first = await listen(pgmend, installed)
    second = await pgmend.start("start", "--port", "0", env={"PGMEND_DSN": installed.dsn})
    await second.line("listens at")
    assert await first.process.terminate() == 0
    await second.line("leading", seconds=5)
    assert "Traceback" not in first.process.output


async def test_a_listener_survives_the_loss_of_every_connection(pgmend: Processes, installed: Database) -> None:
    listener = await listen(pgmend, installed)
    installed.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name like 'pgmend %%'",
        (),
    )
    installed.execute("create table keyless (n int)")
    await listener.issue("MISSING_PRIMARY_KEY", "keyless")
    assert listener.process.is_running
    assert "Traceback" not in listener.process.output


async def test_a_listener_stopped_in_the_midst_of_a_fix_leaves_it_to_the_next_one(
    pgmend: Processes, installed: Database
) -> None:
    installed.execute(
        """
        create table users (id int primary key);
        create table sessions (id int primary key, user_id int references users);
        insert into users select generate_series(1, 100);
        insert into sessions select n, n from generate_series(1, 100) as n;
        """
    )
    listener = await listen(pgmend, installed)
    issue = await listener.issue("MISSING_INDEX", "sessions")
    fix = await listener.fix(issue["issue_id"], "proposed")
    async with await installed.connect() as writer, writer.transaction():
        await writer.execute("update sessions set user_id = 1 where id = 1")  # the build waits for it
        installed.fetch("select pgmend.approve(%s)", (fix["fix_id"],))
        await eventually(
            lambda: installed.value("select count(*) from pg_stat_activity where query like 'create index concurr%'")
        )
        assert await listener.process.terminate(seconds=20) == 0
        assert "Traceback" not in listener.process.output
        building = "select count(*) from pg_stat_activity where query like 'create index concurr%' and state = 'active'"
        await eventually(lambda: installed.value(building) == 0)
        assert installed.value("select status from pgmend.status") == "stopped"
    listener = await listen(pgmend, installed)
    fix = await listener.fix(issue["issue_id"], "applied")
    assert fix["attempts"] == 2
    await listener.resolved("MISSING_INDEX", "sessions")
    assert installed.value("select count(*) from pgmend.open_issues where table_name = 'sessions'") == 0
    assert installed.value("select bool_and(indisvalid) from pg_index where indrelid = 'sessions'::regclass")
