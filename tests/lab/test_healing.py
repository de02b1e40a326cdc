"""Ten things broken on each real schema under a running listener: found, mended, and the schema as before."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from pgmend.api.demo.deed import Deed, Failing, do
from pgmend.sql.install import adopt, install

from tests.acceptance.listener import Listener, listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes
from tests.support.server import Server

from .breaks import COURSES, Break, Mending
from .dump import normalised_dump, pg_dump_for
from .shipped import ShippedSchema
from .verdict import Place

pytestmark = [pytest.mark.real_schemas, pytest.mark.timeout(300)]

ISSUES = """
select issue_id, issue_type, table_name, coalesce(column_name, ''), coalesce(object_name, ''), status
from pgmend.issue where severity <> 'low'
"""


async def test_ten_breaks_are_found_and_mended_and_the_schema_is_as_before(
    server: Server, extended: Database, schema: ShippedSchema, pgmend: Processes
) -> None:
    before = normalised_dump(extended.dsn, pg_dump_for(server))
    listener = await watched(extended, pgmend)
    for each in COURSES[schema.name].breaks:
        await broken_and_mended(listener, each)
        assert normalised_dump(extended.dsn, pg_dump_for(server)) == before, each.title


async def test_an_invalid_index_of_a_foreign_key_is_rebuilt_and_not_doubled(
    database: Database, pgmend: Processes
) -> None:
    database.execute("create table room (id integer primary key)")
    database.execute("create table chair (id integer primary key, room_id integer references room, legs integer)")
    database.execute("create index chair_room on chair (room_id, legs)")
    given_up = Failing("drop index concurrently chair_room", "55P03")
    deed = Deed("lab", ("set lock_timeout = '200ms'", given_up), "insert into chair values (1)")
    place = Place("INVALID_INDEX", "chair", "room_id, legs", "chair_room")
    listener = await watched(database, pgmend)
    await broken_and_mended(listener, Break("index whose drop gave up", (deed,), ((place, Mending.ALONE),)))
    assert database.value("select count(*) from pg_index where indrelid = 'chair'::regclass") == 2


async def test_what_an_invalid_index_stood_in_the_way_of_is_mended_once_it_is_rebuilt(
    database: Database, pgmend: Processes
) -> None:
    database.execute("create table room (id integer primary key)")
    database.execute("create table chair (id integer primary key, room_id integer references room, legs integer)")
    database.execute("create index chair_room on chair (room_id, legs)")
    database.execute("insert into room select generate_series(1, 9); insert into chair select id, id from room")
    listener = await watched(database, pgmend)
    database.fetch("select pgmend.pause('until both are broken')")
    database.execute("alter table chair drop constraint chair_room_id_fkey, alter column room_id type text")
    given_up = Failing("drop index concurrently chair_room", "55P03")
    await do(Deed("lab", ("set lock_timeout = '200ms'", given_up), "update chair set legs = 4"), database.dsn)
    database.fetch("select pgmend.request_scan()")
    no_plan = "select why_not_auto like 'no plan is possible%' from pgmend.issue where issue_type = 'TYPE_MISMATCH'"
    await eventually(lambda: database.value(no_plan), 20)
    database.fetch("select pgmend.resume()")
    await listener.resolved("TYPE_MISMATCH", "chair")


async def watched(database: Database, pgmend: Processes) -> Listener:
    """A listener on the database, which may do all alone, past its first scan and its first counting of rows."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        install(connection)
        adopt(connection)
    listener = await listen(pgmend, database, auto_fix="all")
    checked = await pgmend.run("check", "--format", "json", "--fail-on", "never", "--dsn", database.dsn)
    there = [issue["issue_id"] for issue in json.loads(checked.stdout)["issues"]]
    known = "select %s::text[] <@ pg_catalog.array_agg(issue_id) from pgmend.issue"
    await eventually(lambda: not there or database.value(known, [there]), 30)
    return listener


async def broken_and_mended(listener: Listener, each: Break) -> None:
    """Break it, see exactly the issues that it opens, and each mended by whom it should be."""
    known = set(issues(listener.database))
    for deed in each.deeds:
        await do(deed, listener.database.dsn)
    for place, mending in each.opens:
        await mended(listener, place, mending, each)
    opened = {place for place in issues(listener.database) if place not in known}
    assert opened == {place for place, _ in each.opens}, each.title


async def mended(listener: Listener, place: Place, mending: Mending, each: Break) -> None:
    """Wait until the issue is there, approve its fix if it waits for that, and wait until it is resolved."""
    database = listener.database
    issue_id, _ = await eventually(lambda: issues(database).get(place), 20)
    if mending is Mending.APPROVED:
        fix = await listener.fix(issue_id, "proposed")
        database.fetch("select pgmend.approve(%s)", (fix["fix_id"],))
    fix = await listener.fix(issue_id, "applied")
    assert fix["automatic"] == (mending is Mending.ALONE), f"{each.title}: {place}"
    await eventually(lambda: issues(database)[place][1] == "resolved", 20)


def issues(database: Database) -> dict[Place, tuple[Any, str]]:
    """Every issue that was ever opened, with its id and status."""
    return {Place(*names): (issue_id, status) for issue_id, *names, status in database.fetch(ISSUES)}
