"""The way of an event: an accident on a real database, healed by a real listener."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from tests.acceptance.listener import OPERATOR, listen
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
create table notes (id integer primary key, user_id text);
insert into users (email) select 'user' || n || '@example.org' from generate_series(1, 50) as n;
insert into sessions (user_id) select id from users;
insert into orders (user_id) select id from users;
insert into payments select id, id, 'r' || id from users;
insert into notes select id, id::text from users;
analyze;
"""


@pytest.fixture
def shop(installed: Database) -> Database:
    """A small application, pgmend installed in its database."""
    installed.execute(SHOP)
    return installed


async def test_a_changed_type_is_put_back_alone_and_its_rollback_keeps_later_writes(
    pgmend: Processes, shop: Database
) -> None:
    listener = await listen(pgmend, shop)
    async with await shop.connect(application_name="careless_script.py") as connection:
        await connection.execute("alter table payments alter column user_id type text")
    issue = await listener.resolved("TYPE_MISMATCH", "payments")
    assert not issue["backlog"]
    assert (
        shop.value(
            "select format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = 'payments'::regclass and attname = 'user_id'"
        )
        == "integer"
    )
    fix = await listener.fix(issue["issue_id"], "applied")
    assert fix["automatic"]
    who = shop.fetch("select application_name from pgmend.ddl_log where event_id = %s", (issue["event_id"],))
    assert who == [("careless_script.py",)]

    shop.execute("insert into payments values (1000, 7, 'later')")
    shop.fetch("select pgmend.rollback(%s)", (fix["fix_id"],))
    await listener.fix(issue["issue_id"], "rolled_back")
    assert shop.value("select user_id from payments where id = 1000") == "7"
    again = await listener.issue("TYPE_MISMATCH", "payments")
    await eventually(
        lambda: (
            "revert"
            in (shop.value("select why_not_auto from pgmend.issue where issue_id = %s", (again["issue_id"],)) or "")
        )
    )


async def test_a_dropped_foreign_key_is_proposed_with_who_dropped_it_and_comes_back_when_approved(
    pgmend: Processes, shop: Database
) -> None:
    before = shop.value("select pg_get_constraintdef(oid) from pg_constraint where conname = 'orders_user_id_fkey'")
    listener = await listen(pgmend, shop)
    async with await shop.connect(application_name="nightly_load") as connection:
        await connection.execute("alter table orders drop constraint orders_user_id_fkey")
    issue = await listener.issue("MISSING_FOREIGN_KEY", "orders")
    fix = await listener.fix(issue["issue_id"], "proposed")
    why = await eventually(
        lambda: shop.value("select why_not_auto from pgmend.issue where issue_id = %s", (issue["issue_id"],))
    )
    assert "dropped" in why
    who = shop.fetch("select application_name from pgmend.ddl_log where event_id = %s", [issue["event_id"]])
    assert who == [("nightly_load",)]
    shown = shop.fetch("select caused_from from pgmend.open_issues where issue_id = %s", [issue["issue_id"]])
    assert "nightly_load" in str(shown)
    shop.fetch("select pgmend.approve(%s)", (fix["fix_id"],))
    await listener.fix(issue["issue_id"], "applied")
    after = shop.value("select pg_get_constraintdef(oid) from pg_constraint where conname = 'orders_user_id_fkey'")
    assert after == before


async def test_the_loop_is_driven_over_http_alone(pgmend: Processes, shop: Database) -> None:
    kind = "select pg_typeof(user_id)::text from notes limit 1"
    listener = await listen(pgmend, shop)
    session = ClientSession(listener.address, headers={"Authorization": f"Bearer {OPERATOR}"})

    async def ask(method: str, path: str, status: int = 200, **body: object) -> dict[str, Any]:
        json = body if method == "POST" else None
        async with session.request(method, f"/api/database-health{path}", json=json) as response:
            answer = await response.json(content_type=None)
            assert response.status == status, (path, answer)
            return answer

    async def in_state(fix_id: str, state: str) -> bool:
        return (await ask("GET", f"/fixes/{fix_id}"))["fix"]["state"] == state

    async with session:
        assert (await ask("POST", "/check"))["scan"]["tables"] == 5
        looked = await ask("GET", "/issues")
        (issue,) = [each for each in looked["critical_issues"] + looked["warnings"] if each["table"] == "notes"]
        assert issue["issue_type"] == "TYPE_MISMATCH"
        plan = await ask("POST", "/preview-fix", issue_id=issue["issue_id"])
        assert plan["statements"]
        fix = await ask("POST", "/fix", 202, issue_id=issue["issue_id"], plan_hash=plan["plan_hash"])
        await eventually(lambda: in_state(fix["fix_id"], "applied"), 20)
        assert shop.value(kind) == "integer"
        shop.execute("insert into notes values (1000, 7)")
        await ask("POST", f"/fixes/{fix['fix_id']}/rollback", 202)
        await eventually(lambda: in_state(fix["fix_id"], "rolled_back"), 20)
        assert shop.value(kind) == "text"
        assert shop.value("select user_id from notes where id = 1000") == "7"


async def test_an_invalid_unique_index_is_rebuilt_alone(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    async with await shop.connect() as blocking, await shop.connect() as building:
        await blocking.execute("begin")
        await blocking.execute("update payments set reference = reference where id = 1")
        await building.execute("set lock_timeout = '100ms'")
        with pytest.raises(Exception, match="lock timeout"):
            await building.execute("create unique index concurrently payments_reference_key on payments (reference)")
        await blocking.execute("rollback")
    issue = await listener.resolved("INVALID_INDEX", "payments")
    assert shop.value("select indisvalid from pg_index where indexrelid = 'payments_reference_key'::regclass")
    assert (await listener.fix(issue["issue_id"], "applied"))["automatic"]


async def test_what_was_there_at_install_is_left_alone(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop, auto_fix="all")
    issue = await listener.issue("TYPE_MISMATCH", "notes")
    assert issue["backlog"]
    why = await eventually(
        lambda: shop.value("select why_not_auto from pgmend.issue where issue_id = %s", (issue["issue_id"],))
    )
    assert "installed" in why or "approval" in why


async def test_a_change_that_was_meant_is_reported_and_not_reverted(pgmend: Processes, shop: Database) -> None:
    shop.execute("create table alembic_version (version_num text primary key)")
    listener = await listen(pgmend, shop)
    async with await shop.connect() as connection, connection.transaction():
        await connection.execute("alter table payments alter column user_id type text")
        await connection.execute("insert into alembic_version values ('abc')")
    issue = await listener.issue("TYPE_MISMATCH", "payments")
    await eventually(
        lambda: (
            "alembic_version"
            in (shop.value("select why_not_auto from pgmend.issue where issue_id = %s", (issue["issue_id"],)) or "")
        )
    )


async def test_what_happened_while_nobody_listened_is_found_at_the_next_start(
    pgmend: Processes, shop: Database
) -> None:
    first = await listen(pgmend, shop)
    assert await first.process.terminate() == 0
    shop.execute("alter table payments alter column user_id type text")
    second = await listen(pgmend, shop)
    assert not (await second.resolved("TYPE_MISMATCH", "payments"))["backlog"]


async def test_a_change_that_no_trigger_saw_is_found_by_the_safety_scan(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop, "--scan-interval", "1")
    async with await shop.connect() as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("alter table payments alter column user_id type text")
    issue = await listener.resolved("TYPE_MISMATCH", "payments")
    assert issue["event_id"] is None


async def test_without_event_triggers_it_heals_by_polling(pgmend: Processes, shop: Database) -> None:
    shop.execute("drop event trigger pgmend_record_ddl; drop event trigger pgmend_record_drop")
    listener = await listen(pgmend, shop)
    shop.execute("alter table payments alter column user_id type text")
    await listener.resolved("TYPE_MISMATCH", "payments")
    assert shop.value("select detection from pgmend.status") == "polling"


async def test_pause_keeps_everything_as_it_is_and_resume_heals(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    shop.fetch("select pgmend.pause('month end')")
    shop.execute("alter table payments alter column user_id type text")
    issue = await listener.issue("TYPE_MISMATCH", "payments")
    await eventually(
        lambda: shop.value("select auto_fixable from pgmend.issue where issue_id = %s", (issue["issue_id"],))
    )
    assert shop.value("select count(*) from pgmend.fix where state in ('running', 'applied')") == 0
    shop.fetch("select pgmend.resume()")
    await listener.resolved("TYPE_MISMATCH", "payments")


async def test_an_issue_ends_with_its_table_though_nobody_listened_when_that_was_dropped(
    pgmend: Processes, shop: Database
) -> None:
    shop.execute("create table scratch (line text)")
    listener = await listen(pgmend, shop, "--observe")
    await listener.issue("MISSING_PRIMARY_KEY", "scratch")
    assert await listener.process.terminate() == 0
    shop.execute("drop table scratch")
    listener = await listen(pgmend, shop, "--observe")
    await listener.resolved("MISSING_PRIMARY_KEY", "scratch")


async def test_a_new_views_join_is_evidence_and_goes_with_the_view(pgmend: Processes, installed: Database) -> None:
    installed.execute("""
        create table teams (id integer primary key); create table games (id integer primary key, team_id integer);
        create index on games (team_id)
    """)
    listener = await listen(pgmend, installed)
    installed.execute("create view table_of_teams as select 1 from games as g join teams as t on t.id = g.team_id")
    issue = await listener.issue("MISSING_FOREIGN_KEY", "games")
    assert "the view public.table_of_teams joins team_id with public.teams(id)." in [
        evidence["seen"] for evidence in issue["evidence"]
    ]
    installed.execute("drop view table_of_teams")
    await listener.resolved("MISSING_FOREIGN_KEY", "games")
