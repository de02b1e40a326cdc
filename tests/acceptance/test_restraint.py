"""When pgmend keeps its hands off, or waits, seen end to end: a running listener on a real database."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

SHOP = """
create table users (id integer primary key generated always as identity, email text not null);
create table sessions (id integer primary key generated always as identity, user_id integer not null references users);
create index sessions_user_id_idx on sessions (user_id);
create table orders (id integer primary key generated always as identity, user_id integer references users);
create index orders_user_id_idx on orders (user_id);
create table payments (id integer primary key, user_id integer, reference text);
create index payments_user_id_idx on payments (user_id);
create table basket (id integer primary key, user_id integer references users);
insert into users (email) select 'user' || n || '@example.org' from generate_series(1, 50) as n;
insert into sessions (user_id) select id from users;
insert into orders (user_id) select id from users;
insert into payments select id, id, 'r' || id from users;
analyze;
"""
PAYMENTS_TYPE = """
select format_type(atttypid, atttypmod) from pg_attribute
where attrelid = 'payments'::regclass and attname = 'user_id'
"""


@pytest.fixture
def shop(installed: Database) -> Database:
    """A small application, pgmend installed in its database."""
    installed.execute(SHOP)
    return installed


async def test_nothing_is_touched_before_its_tables_have_settled(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop, settle="3")
    shop.execute("alter table payments alter column user_id type text")
    issue = await listener.issue("TYPE_MISMATCH", "payments")
    await asyncio.sleep(1.5)
    shop.execute("comment on table payments is 'still at it'")  # DDL, though it opens and resolves nothing
    last = shop.value("select max(occurred_at) from pgmend.ddl_log where object_id = 'payments'::regclass")
    fix = await listener.fix(issue["issue_id"], "applied")
    waited = shop.value("select created_at - %s from pgmend.fix where fix_id = %s", (last, fix["fix_id"]))
    assert waited.total_seconds() >= 3


async def test_what_is_changed_again_after_we_mended_it_is_quarantined(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    shop.execute("alter table payments alter column user_id type text")
    issue = await listener.resolved("TYPE_MISMATCH", "payments")
    shop.execute("alter table payments alter column user_id type text")
    again = await listener.issue("TYPE_MISMATCH", "payments")
    assert again["issue_id"] == issue["issue_id"]
    why = "select why_not_auto from pgmend.issue where issue_id = %s"
    await eventually(lambda: "undid it by hand" in (shop.value(why, (issue["issue_id"],)) or ""))
    await asyncio.sleep(1)
    assert shop.value(PAYMENTS_TYPE) == "text"


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped meanwhile"])
async def test_backlog_under_another_name_is_still_backlog(pgmend: Processes, shop: Database, stopped: bool) -> None:
    listener = await listen(pgmend, shop, auto_fix="all")
    before = await listener.issue("MISSING_INDEX", "basket")
    assert before["backlog"]
    if stopped:
        await listener.process.terminate()
    shop.execute("alter table basket rename column user_id to buyer_id; alter table basket rename to baskets")
    if stopped:
        listener = await listen(pgmend, shop, auto_fix="all")
    after = await listener.issue("MISSING_INDEX", "baskets")
    assert (after["column_name"], after["backlog"]) == ("buyer_id", True)
    await listener.resolved("MISSING_INDEX", "basket")


async def test_a_look_that_fails_is_put_down_and_ends_nothing(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    token = shop.value("select token from pgmend.lease")
    with psycopg.connect(shop.dsn) as locker:
        locker.execute("lock table pg_catalog.pg_description in access exclusive mode")
        scan = shop.value("select pgmend.request_scan()")
        outcome = "select outcome from pgmend.scan where scan_id = %s"
        assert await eventually(lambda: shop.value(outcome, (scan,))) == "could_not_run"
        assert shop.value("select detail ->> 'reason' from pgmend.scan where scan_id = %s", (scan,))
        assert shop.value("select status from pgmend.status") == "degraded"
        locker.rollback()
    shop.execute("select pgmend.request_scan()")
    await eventually(lambda: shop.value("select status from pgmend.status") == "running")
    assert shop.value("select token from pgmend.lease") == token
    shop.execute("alter table payments alter column user_id type text")
    await listener.resolved("TYPE_MISMATCH", "payments")


async def test_orphans_that_somebody_deletes_are_gone_by_the_next_scan(pgmend: Processes, shop: Database) -> None:
    shop.execute("insert into payments values (900, 12345, 'lost')")
    listener = await listen(pgmend, shop)
    await listener.issue("ORPHANED_ROWS", "payments")
    shop.execute("delete from payments where id = 900; select pgmend.request_scan()")
    await listener.resolved("ORPHANED_ROWS", "payments")


async def test_a_fix_that_waits_for_its_next_try_stands_alone_after_a_restart(
    pgmend: Processes, shop: Database
) -> None:
    listener = await listen(pgmend, shop)
    issue = await listener.issue("MISSING_INDEX", "basket")
    fix = await listener.fix(issue["issue_id"], "proposed")
    await listener.process.terminate()
    shop.execute(
        "update pgmend.fix set state = 'deferred', approved_by = 'somebody', approved_at = now(), attempts = 1,"
        " next_attempt_at = now() + interval '1 hour' where state = 'proposed'"
    )
    await listen(pgmend, shop)
    await asyncio.sleep(2)
    states = "select fix_id::text, state from pgmend.fix where issue_id = %s"
    assert shop.fetch(states, (issue["issue_id"],)) == [(fix["fix_id"], "deferred")]
