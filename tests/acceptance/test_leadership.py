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
