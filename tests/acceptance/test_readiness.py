"""Where no listener could lead, the message names what is wrong and the statement that cures it: these tests run it."""

from __future__ import annotations

import re
from typing import LiteralString, cast

import pytest
from psycopg import sql

from tests.acceptance.listener import WATCHES
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.installation import installed_database
from tests.support.process import Finished, Process, Processes
from tests.support.role import Roles
from tests.support.server import Server

START = ("start", "--port", "0")


def refused(finished: Finished, *said: str) -> None:
    assert finished.code == 3, finished
    for each in said:
        assert each in finished.stderr, finished.stderr
    assert "Traceback" not in finished.stderr
    assert "defect" not in finished.stderr


def cures(text: str) -> list[LiteralString]:
    """The statements of a message, as somebody would copy them."""
    return [cast("LiteralString", each) for each in re.findall(r"\b(?:grant|alter|set) [^;:]+;", text)]


async def started(pgmend: Processes, dsn: str) -> Process:
    process = await pgmend.start(*START, "--dsn", dsn)
    await process.line(WATCHES)
    return process


@pytest.mark.parametrize("options", ["login", "login noinherit"])
async def test_a_role_without_rights_is_told_what_to_grant_and_can_then_mend(
    pgmend: Processes, installed: Database, role: Roles, options: LiteralString
) -> None:
    if options.endswith("noinherit") and installed.value("select current_setting('server_version_num')::int") < 160000:
        pytest.skip("before PostgreSQL 16 a membership inherits as its role does")
    listener, owner = role(options), role()
    installed.execute(
        sql.SQL(
            "grant create on schema public to {0}; set role {0};"
            "create table users (id int primary key); create table orders (id int primary key, user_id int references"
            " users); insert into users values (1); insert into orders values (1, 1)"
        ).format(owner.identifier)
    )
    dsn = installed.dsn_as(listener.name, listener.password)
    for command in (START, ("status",), ("pause", "--reason", "x"), ("fix", "--all", "--yes")):
        told = await pgmend.run(*command, "--dsn", dsn)
        refused(told, "permission denied for schema pgmend", "grant", listener.name)
    (cure,) = cures(told.stderr)
    installed.execute(cure)

    process = await started(pgmend, dsn)
    warning = await process.line(r"cannot mend.*")
    await eventually(lambda: installed.fetch("select 1 from pgmend.open_issues where issue_type = 'MISSING_INDEX'"))
    (cure,) = cures(warning[0].replace("\\", ""))
    assert owner.name in cure
    assert cure in (await pgmend.run("plan", "--dsn", dsn)).stdout
    assert await process.terminate() == 0
    installed.execute(cure)

    process = await started(pgmend, dsn)
    await eventually(lambda: installed.fetch("select 1 from pgmend.open_issues where issue_type = 'MISSING_INDEX'"))
    mended = await pgmend.run("fix", "--all", "--yes", "--dsn", dsn)
    assert mended.code == 0, mended
    assert installed.value("select count(*) from pg_indexes where tablename = 'orders'") == 2
    assert "cannot mend" not in process.output
    assert await process.terminate() == 0


@pytest.mark.parametrize("scope", ["database {database}", "role {role}", "role {role} in database {database}"])
async def test_a_read_only_database_is_named_with_the_cure(
    pgmend: Processes, installed: Database, role: Roles, scope: LiteralString
) -> None:
    superuser = role("login superuser")
    dsn = installed.dsn_as(superuser.name, superuser.password)
    forbid = sql.SQL("alter " + scope + " set default_transaction_read_only = on")  # pyright: ignore
    installed.execute(forbid.format(database=sql.Identifier(installed.name), role=superuser.identifier))
    for command in (START, ("pause", "--reason", "x"), ("auto", "off")):
        told = await pgmend.run(*command, "--dsn", dsn)
        refused(told, f"Database {installed.name} on ", "default_transaction_read_only")
    async with await installed.connect(user=superuser.name, password=superuser.password) as connection:
        for cure in cures(told.stderr):
            await connection.execute(cure)
    assert (await pgmend.run("pause", "--reason", "x", "--dsn", dsn)).code == 0
    assert await (await started(pgmend, dsn)).terminate() == 0


async def test_a_standby_is_named_with_the_cure(pgmend: Processes, private_server: Server) -> None:
    with installed_database(private_server) as database:
        cluster = private_server.cluster
        assert cluster is not None
        (cluster.data / "standby.signal").touch()
        private_server.restart()
        try:
            for command in (START, ("pause", "--reason", "x"), ("install", "--yes"), ("uninstall", "--yes")):
                refused(await pgmend.run(*command, "--dsn", database.dsn), "standby", "connect to its primary")
            assert (await pgmend.run("check", "--dsn", database.dsn)).code == 0
        finally:
            (cluster.data / "standby.signal").unlink()
            private_server.restart()


async def test_a_listener_whose_schema_is_taken_away_says_so_and_ends(pgmend: Processes, installed: Database) -> None:
    process = await started(pgmend, installed.dsn)
    gone = await pgmend.run("uninstall", "--yes", "--discard", "--dsn", installed.dsn)
    assert gone.code == 0, gone
    assert await process.wait(30) == 3, process.output
    refused(Finished(3, "", process.output), "pgmend is not installed in this database: run `pgmend install`")


async def test_a_listener_whose_rights_are_taken_away_says_which_and_ends(
    pgmend: Processes, installed: Database, role: Roles
) -> None:
    listener = role()
    installed.execute(sql.SQL("grant pgmend_owner to {}").format(listener.identifier))
    process = await started(pgmend, installed.dsn_as(listener.name, listener.password))
    installed.execute(sql.SQL("revoke pgmend_owner from {}").format(listener.identifier))
    assert await process.wait(30) == 3, process.output
    refused(Finished(3, "", process.output), "permission denied", 'grant "pgmend_owner" to')
