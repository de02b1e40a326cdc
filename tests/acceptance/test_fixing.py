"""`pgmend fix`, `plan` and `rollback`: nothing is applied that nobody was shown, and nothing waits in silence."""

from __future__ import annotations

import json
import re

import pytest
from pgmend.api.bulk import Bulk
from pgmend.api.proposal import propose
from pgmend.listener.desk import Connections, Desk
from pgmend.listener.settings import Settings
from psycopg.conninfo import make_conninfo
from rich.console import Console

from tests.acceptance.listener import Listener, find_fix, find_issue, listen
from tests.acceptance.test_loop import SHOP
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Finished, Processes

APPLIED = "select count(*) from pgmend.fix where state = 'applied'"


@pytest.fixture
def shop(installed: Database) -> Database:
    """A small application whose notes.user_id is text: that mended, a foreign key turns out to be missing."""
    installed.execute(SHOP)
    return installed


async def weighed(listener: Listener) -> Listener:
    """The listener, once it has said of every issue what it thinks."""
    unsaid = "select count(*) = 0 from pgmend.open_issues where not auto_fixable and why_not_auto is null"
    await listener.issue("TYPE_MISMATCH", "notes")
    await eventually(lambda: listener.database.value(unsaid))
    return listener


async def fix(pgmend: Processes, shop: Database, *words: str, stdin: str | None = None) -> Finished:
    finished = await pgmend.run("fix", *words, "--dsn", shop.dsn, stdin=stdin)
    assert "Traceback" not in finished.stderr
    return finished


async def test_what_a_fix_brings_to_light_is_shown_and_asked_for(pgmend: Processes, shop: Database) -> None:
    listener = await weighed(await listen(pgmend, shop, auto_fix="none"))
    shop.execute("alter table payments alter column user_id type text")
    await listener.issue("TYPE_MISMATCH", "payments")
    await weighed(listener)
    only = await fix(pgmend, shop, "--all", stdin="y\n")
    assert only.code == 0, only
    # The two types, and the key that the plan of notes said comes afterwards.
    shown = only.stderr.count("Apply these 2 fixes?")
    assert (shown, shop.value(APPLIED)) == (1, 3)
    assert "came to light. Apply them too?" in only.stderr
    assert "payments_user_id_fkey" in only.stdout
    assert find_issue(shop, "MISSING_FOREIGN_KEY", "payments", "open")
    both = await fix(pgmend, shop, "--all", stdin="y\ny\n")
    assert both.code == 0, both
    assert find_issue(shop, "MISSING_FOREIGN_KEY", "payments", "resolved")


async def test_no_is_an_answer(pgmend: Processes, shop: Database) -> None:
    await weighed(await listen(pgmend, shop))
    for said, code in (("n\n", 1), ("", 2)):
        finished = await fix(pgmend, shop, "--all", stdin=said)
        assert finished.code == code, finished
        assert "othing was done" in finished.stderr
        assert "defect" not in finished.stderr
    assert shop.value(APPLIED) == 0


async def test_yes_covers_what_only_our_fixes_brought_to_light_and_no_more(pgmend: Processes, shop: Database) -> None:
    listener = await weighed(await listen(pgmend, shop))
    async with Connections(shop.dsn) as connections:
        desk = Desk(connections, Settings())
        shown = await propose(desk)
        # After the list was shown, and on a table that will be touched: a twin that only a person may drop.
        shop.execute(
            "create index notes_a on notes (id, user_id); create index notes_b on notes (id, user_id);"
            "create table refunds (id int primary key, user_id text);"
            "insert into refunds select id, '0' || id from users"
        )
        await listener.issue("DUPLICATE_INDEX", "notes")
        await listener.issue("TYPE_MISMATCH", "refunds")
        bulk = Bulk(desk, Console(quiet=True))
        await bulk.apply(shown)
        await bulk.follow()
    assert (bulk.tally.failed, bulk.tally.refused) == (0, 0)
    assert find_issue(shop, "MISSING_FOREIGN_KEY", "notes", "resolved")
    assert find_issue(shop, "DUPLICATE_INDEX", "notes", "open")
    assert find_issue(shop, "TYPE_MISMATCH", "refunds", "open")
    assert bulk.tally.applied == len([each for each in shown if each.feasible]) + 1
    assert shop.value("select count(*) from pgmend.fix where kind = 'drop_index' and approved_at is not null") == 0


async def test_a_plan_of_a_file_that_somebody_else_made_stale_is_not_approved_anew(
    pgmend: Processes, shop: Database
) -> None:
    listener = await weighed(await listen(pgmend, shop))
    async with Connections(shop.dsn) as connections:
        desk = Desk(connections, Settings())
        shown = [each for each in await propose(desk) if each.issue.table == "notes" and each.preview]
        file = {each.issue.issue_id: each.preview.fix.plan_hash for each in shown if each.preview}
        shop.execute("alter table notes add column other integer")
        seen = "select count(*) > 0 from pgmend.change where object_name = 'other'"
        await eventually(lambda: listener.database.value(seen))
        bulk = Bulk(desk, Console(quiet=True), frozen=file)
        await bulk.apply(shown)
    assert (bulk.tally.applied, bulk.tally.failed, len(shown)) == (0, 1, 1)
    assert find_issue(shop, "TYPE_MISMATCH", "notes", "open")


async def test_all_with_yes_heals_what_it_brings_to_light(pgmend: Processes, shop: Database) -> None:
    await weighed(await listen(pgmend, shop))
    finished = await fix(pgmend, shop, "--all", "--yes")
    assert finished.code == 0, finished
    assert find_issue(shop, "MISSING_FOREIGN_KEY", "notes", "resolved")


async def test_a_fix_while_fixing_is_paused_says_so_and_stays_approved(pgmend: Processes, shop: Database) -> None:
    listener = await weighed(await listen(pgmend, shop))
    issue = await listener.issue("TYPE_MISMATCH", "notes")
    shop.execute("select pgmend.pause('month end')")
    finished = await fix(pgmend, shop, issue["issue_id"], "--yes")
    assert finished.code == 1, finished
    for said in ("paused", "month end", "stays approved", "pgmend resume"):
        assert said in finished.stderr
    assert find_fix(shop, issue["issue_id"], "approved")
    (fix_id,) = shop.fetch("select fix_id::text from pgmend.fix where state = 'approved'")[0]
    again = await fix(pgmend, shop, issue["issue_id"], "--yes")
    assert (again.code, f"stays approved in its row ({fix_id})" in again.stderr) == (1, True), again
    shop.execute("select pgmend.resume()")
    state = "select state from pgmend.fix where fix_id = %s"
    await eventually(lambda: shop.value(state, (fix_id,)) == "applied")

    shop.execute("select pgmend.pause('month end')")
    undo = await pgmend.run("rollback", fix_id, "--yes", "--dsn", shop.dsn)
    assert undo.code == 1, undo
    for said in ("paused", "undo stays requested", "pgmend resume"):
        assert said in undo.stderr
    shop.execute("select pgmend.resume()")
    await eventually(lambda: shop.value(state, (fix_id,)) == "rolled_back")


async def test_a_fix_while_the_leader_observes_says_so(pgmend: Processes, shop: Database) -> None:
    listener = await weighed(await listen(pgmend, shop, "--observe"))
    issue = await listener.issue("TYPE_MISMATCH", "notes")
    finished = await fix(pgmend, shop, issue["issue_id"], "--yes")
    assert finished.code == 1, finished
    for said in ("only observes", "--observe", "stays approved"):
        assert said in finished.stderr
    shown = await pgmend.run("status", "--format", "json", "--dsn", shop.dsn)
    assert json.loads(shown.stdout)["why_observing"] == "it was started with --observe"


async def test_a_fix_asked_for_by_name_that_cannot_be_made_exits_1(pgmend: Processes, shop: Database) -> None:
    shop.execute("create table logs (line text); create view v as select * from notes where user_id like 'x%'")
    listener = await weighed(await listen(pgmend, shop))
    keyless = await listener.issue("MISSING_PRIMARY_KEY", "logs")
    left = await fix(pgmend, shop, keyless["issue_id"], "--yes")
    assert (left.code, "left" in left.stderr, "for a person" in left.stderr) == (1, True, True), left
    mistyped = await listener.issue("TYPE_MISMATCH", "notes")
    refused = await fix(pgmend, shop, mistyped["issue_id"], "--yes")
    assert (refused.code, "refused" in refused.stderr, "view public.v" in refused.stderr) == (1, True, True), refused
    every = await fix(pgmend, shop, "--all", "--yes")
    assert (every.code, "refused" in every.stderr) == (1, True), every


@pytest.mark.parametrize("command", [("check",), ("install", "--yes"), ("expect", "capture"), ("expect", "diff")])
async def test_a_command_that_lasts_over_a_second_says_so(
    pgmend: Processes, installed: Database, command: tuple[str, ...]
) -> None:
    slow = make_conninfo(installed.dsn, options="-c post_auth_delay=2")
    lasted = await pgmend.run(*command, "--dsn", slow)
    assert re.search(r"\(1 s\)", lasted.stderr), lasted
    assert lasted.code == 0, lasted


async def test_what_lasts_over_a_second_says_what_it_is_at(pgmend: Processes, shop: Database) -> None:
    listener = await weighed(await listen(pgmend, shop))
    issue = await listener.issue("TYPE_MISMATCH", "notes")
    slow = make_conninfo(shop.dsn, options="-c post_auth_delay=2")
    planned = await pgmend.run("plan", "--dsn", slow)
    assert (planned.code, "connecting (" in planned.stderr) == (0, True), planned
    # Somebody reads the table for as long as it takes until the command has said something.
    async with await shop.connect(autocommit=False) as reader:
        await reader.execute("select 1 from notes limit 1")
        mending = await pgmend.start("fix", issue["issue_id"], "--yes", "--dsn", shop.dsn)
        await mending.line(r"mending 1 of 1: TYPE_MISMATCH public\.notes\.user_id \(\d+ s\)")
        await reader.rollback()
    assert await mending.wait() == 0, mending.output
    done = await listener.fix(issue["issue_id"], "applied")
    undone = await pgmend.run("rollback", done["fix_id"], "--yes", "--dsn", slow)
    assert (undone.code, "undoing fix" in undone.stderr) == (0, True), undone
