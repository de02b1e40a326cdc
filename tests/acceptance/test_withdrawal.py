"""What people say while a fix waits in the queue: it is withdrawn, and what is ignored comes back in its time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.listener import Listener, listen
from tests.acceptance.test_loop import SHOP
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

TYPE = """
select format_type(atttypid, atttypmod) from pg_attribute
where attrelid = 'payments'::regclass and attname = 'user_id'
"""
DUE = "update pgmend.fix set next_attempt_at = now() where next_attempt_at is not null"


@pytest.fixture
def shop(installed: Database) -> Database:
    """A small application, pgmend installed in its database."""
    installed.execute(SHOP)
    return installed


async def deferred(listener: Listener) -> dict[str, Any]:
    """An automatic fix that somebody's idle transaction was in the way of."""
    shop = listener.database
    async with await shop.connect(autocommit=False) as reader:
        shop.execute("select pgmend.pause('until a reader is in the way')")
        shop.execute("alter table payments alter column user_id type text")
        issue = await listener.issue("TYPE_MISMATCH", "payments")
        await reader.execute("select 1 from payments limit 1")
        shop.execute("select pgmend.resume()")
        fix = await listener.fix(issue["issue_id"], "deferred")
        await reader.rollback()
    assert fix["automatic"]
    return fix


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("select pgmend.auto(false)", "automatic fixing is off"),
        (
            "select pgmend.ignore(issue_id, 'we want text') from pgmend.open_issues where table_name = 'payments'",
            "we want text",
        ),
    ],
)
async def test_a_deferred_fix_is_withdrawn_by_what_people_say_meanwhile(
    pgmend: Processes, shop: Database, statement: str, says: str
) -> None:
    listener = await listen(pgmend, shop)
    fix = await deferred(listener)
    shop.execute(statement.encode())
    (row,) = await eventually(
        lambda: shop.fetch(
            "select reason from pgmend.fix where fix_id = %s and state = 'superseded'", (fix["fix_id"],)
        ),
        10,
    )
    assert "Withdrawn" in row[0]
    assert says in row[0]
    shop.execute(DUE)
    for _ in range(2):  # the mender takes its turn between them
        shop.execute("select pgmend.request_scan()")
        await eventually(lambda: shop.value("select bool_and(finished_at is not null) from pgmend.scan"), 10)
    await listener.process.terminate()
    assert shop.value(TYPE) == "text"
    assert shop.value("select count(*) from pgmend.fix where state = 'applied'") == 0


async def test_an_accident_that_was_ignored_for_a_time_is_healed_after_it(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    shop.execute("select pgmend.pause('until it is ignored')")
    shop.execute("alter table payments alter column user_id type text")
    issue = await listener.issue("TYPE_MISMATCH", "payments")
    shop.execute("select pgmend.ignore(%s, 'later', clock_timestamp() + interval '2 seconds')", (issue["issue_id"],))
    shop.execute("select pgmend.resume()")
    assert shop.value(TYPE) == "text"
    await listener.issue("TYPE_MISMATCH", "payments", "ignored")
    await listener.resolved("TYPE_MISMATCH", "payments")
    assert shop.value(TYPE) == "integer"
    fix = await listener.fix(issue["issue_id"], "applied")
    assert shop.value("select until < %s::timestamptz from pgmend.ignored_issue", (fix["created_at"],))


async def test_an_issue_whose_ignoring_was_deleted_is_open_without_any_ddl(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    issue = await listener.issue("TYPE_MISMATCH", "notes")
    shop.execute("select pgmend.ignore(%s, 'by design')", (issue["issue_id"],))
    shop.execute("delete from pgmend.ignored_issue")
    assert shop.value("select status from pgmend.all_issues where issue_id = %s", (issue["issue_id"],)) == "open"
    await listener.issue("TYPE_MISMATCH", "notes", "open")


async def test_a_command_that_leads_for_a_moment_leaves_automatic_fixes_to_the_listener(
    pgmend: Processes, shop: Database
) -> None:
    listener = await listen(pgmend, shop)
    notes = await listener.issue("TYPE_MISMATCH", "notes")
    fix = await deferred(listener)
    await listener.process.terminate()
    shop.execute(DUE)
    done = await pgmend.run("fix", notes["issue_id"], "--yes", env={"PGMEND_DSN": shop.dsn})
    assert done.code == 0, done.stderr
    await listener.resolved("TYPE_MISMATCH", "notes")
    assert shop.value(TYPE) == "text"
    assert shop.value("select state from pgmend.fix where fix_id = %s", (fix["fix_id"],)) == "deferred"
    await listen(pgmend, shop)
    await listener.resolved("TYPE_MISMATCH", "payments")
    assert shop.value(TYPE) == "integer"


async def test_a_command_approves_the_automatic_fix_that_waits(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    fix = await deferred(listener)
    await listener.process.terminate()
    done = await pgmend.run("fix", fix["issue_id"], "--yes", env={"PGMEND_DSN": shop.dsn})
    assert done.code == 0, done.stderr
    assert shop.value(TYPE) == "integer"
    states = "select state, automatic, approved_by is not null from pgmend.fix where fix_id = %s"
    assert shop.fetch(states, (fix["fix_id"],)) == [("applied", False, True)]
