"""A copy of a database that pgmend is installed in: it observes, says so everywhere, and can be adopted."""

from __future__ import annotations

import json

from tests.acceptance.listener import find_issue, listen
from tests.acceptance.test_loop import SHOP
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes
from tests.support.server import Server

CURE = "pgmend install --adopt"


async def test_a_copy_observes_until_it_is_adopted(pgmend: Processes, installed: Database, server: Server) -> None:
    installed.execute(SHOP)
    installed.leave()
    with server.database(installed.name) as copy:
        listener = await listen(pgmend, copy)
        await listener.process.line(CURE)
        shown = await pgmend.run("status", "--format", "json", "--dsn", copy.dsn)
        assert CURE in json.loads(shown.stdout)["why_observing"]
        assert CURE in copy.value(
            "select col_description('pgmend.status'::regclass, attnum) from pg_attribute"
            " where attrelid = 'pgmend.status'::regclass and attname = 'fixing'"
        )
        issue = await listener.issue("TYPE_MISMATCH", "notes")
        waits = await pgmend.run("fix", issue["issue_id"], "--yes", "--dsn", copy.dsn)
        assert (waits.code, CURE in waits.stderr) == (1, True), waits

        dry = await pgmend.run("install", "--adopt", "--dry-run", "--dsn", copy.dsn)
        assert "go on here: 1" in dry.stdout
        assert copy.value("select fixing from pgmend.status") == "observing"
        adopted = await pgmend.run("install", "--adopt", "--yes", "--dsn", copy.dsn)
        assert (adopted.code, "is adopted" in adopted.stdout) == (0, True), adopted
        # The listener that observed so far goes on as one that mends.
        await eventually(lambda: find_issue(copy, "TYPE_MISMATCH", "notes", "resolved"), 30)
        assert listener.process.is_running
        again = await pgmend.run("install", "--adopt", "--yes", "--dsn", copy.dsn)
        assert (again.code, "no copy" in again.stdout) == (0, True), again
        assert copy.value("select leader from pgmend.status") is not None


async def test_where_nothing_is_installed_there_is_nothing_to_adopt(pgmend: Processes, database: Database) -> None:
    finished = await pgmend.run("install", "--adopt", "--yes", "--dsn", database.dsn)
    assert (finished.code, "no copy" in finished.stdout) == (0, True), finished
    assert "grant pgmend_owner to" in finished.stdout
    assert database.value("select fixing from pgmend.status") == "automatic"
