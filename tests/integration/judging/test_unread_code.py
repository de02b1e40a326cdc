"""What of the code could not be read is said on every face of a check, and nothing is called looked at that was not."""

from __future__ import annotations

import json

import pytest
from pgmend.api.cli.check import Format, print_for_machines
from pgmend.api.http.scans import ScanAnswer
from pgmend.api.report.document import check_document
from pgmend.api.report.paper import paper
from pgmend.api.report.terminal import print_check
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.check import CheckResult, check
from pgmend.listener.connection import connect
from pgmend.listener.desk.scans import read_scans
from pgmend.listener.hearing.lease import take_lease
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.settings import Settings

from tests.support.database import Database

GAPS = ("2 functions could not be read: joins there speak for no relation.",)


CODE = """
    create table users (id int primary key);
    set check_function_bodies = off;
    create function odd() returns int language sql as 'select from from';
    create function "Ödd; --"() returns int language plpgsql as 'begin if; end';
    create function plain() returns bigint language sql as 'select count(*) from public.users';
"""
SCANS = "select outcome, detail from pgmend.scan order by recorded_at"


@pytest.fixture
async def result(database: Database) -> CheckResult:
    """A check of two functions that nobody can parse, one that says something, and a table."""
    database.execute(CODE)
    return await check(await database.connect(), Settings())


async def test_unread_code_keeps_no_rule_from_looking_and_is_said(
    result: CheckResult, capsys: pytest.CaptureFixture[str]
) -> None:
    assert result.unread == GAPS
    assert result.saw_everything
    assert check_document(result)["unread"] == list(GAPS)
    print_check(paper(), result)
    assert f"not read: {GAPS[0]}" in " ".join(capsys.readouterr().out.split())


async def test_unread_code_is_a_note_for_machines(result: CheckResult, capsys: pytest.CaptureFixture[str]) -> None:
    print_for_machines([], Format.GITHUB, result.checks, (), result.unread)
    assert f"::notice title=not read::{GAPS[0]}" in capsys.readouterr().out
    print_for_machines([], Format.SARIF, result.checks, (), result.unread)
    (invocation,) = json.loads(capsys.readouterr().out)["runs"][0]["invocations"]
    assert {"level": "note", "message": {"text": GAPS[0]}} in invocation["toolExecutionNotifications"]
    assert invocation["executionSuccessful"]


async def test_nothing_is_said_where_all_was_read(database: Database) -> None:
    database.execute("create table users (id int primary key); create view v as select id from users")
    assert (await check(await database.connect(), Settings())).unread == ()


async def test_every_scan_of_a_listener_puts_it_down(installed: Database) -> None:
    installed.execute(CODE)
    async with await connect(installed.dsn, "test") as leading, await installed.connect() as connection:
        lease = await take_lease(leading, "test")
        assert lease is not None
        analyst = Analyst(connection, lease, Judge(), LeftAlone(()))
        await analyst.begin()
        await analyst.scan("safety")
        installed.execute('drop function odd(), "Ödd; --"()')
        await analyst.scan("safety")
        await lease.release(leading)
    told = {"unread": list(GAPS)}
    assert installed.fetch(SCANS) == [("complete", told), ("complete", told), ("complete", {})]
    (latest, before, _) = (await read_scans(await installed.connect())).items
    answers = [ScanAnswer.model_validate(each).detail for each in (latest, before)]
    assert answers == [{}, told]
