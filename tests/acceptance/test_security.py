"""What is switched off or stands open, from the event to the healing, with a real listener and the command line."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

SHOP = """
create table payments (id integer primary key, amount numeric, payer text);
create function stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp before update on payments for each row execute function stamp();
create policy own on payments using (payer = current_user);
alter table payments enable row level security;
"""


@pytest.fixture
def shop(installed: Database) -> Database:
    """An application whose payments are guarded."""
    installed.execute(SHOP)
    return installed


async def test_a_trigger_that_was_switched_off_is_enabled_alone(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    async with await shop.connect(application_name="import.py") as connection:
        await connection.execute("alter table payments disable trigger stamp")
    issue = await listener.resolved("DISABLED_TRIGGER", "payments")
    assert (await listener.fix(issue["issue_id"], "applied"))["automatic"]
    assert shop.value("select tgenabled from pg_trigger where tgname = 'stamp'") == "O"
    who = shop.fetch("select application_name from pgmend.ddl_log where event_id = %s", (issue["event_id"],))
    assert who == [("import.py",)]


async def test_row_security_that_was_switched_off_waits_for_approval(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop, auto_fix="all")
    shop.execute("alter table payments disable row level security")
    issue = await listener.issue("DISABLED_ROW_SECURITY", "payments")
    fix = await listener.fix(issue["issue_id"], "proposed")
    why = await eventually(
        lambda: shop.value("select why_not_auto from pgmend.issue where issue_id = %s", (issue["issue_id"],))
    )
    assert "enables row security" in why
    shop.fetch("select pgmend.approve(%s)", (fix["fix_id"],))
    await listener.fix(issue["issue_id"], "applied")
    await listener.resolved("DISABLED_ROW_SECURITY", "payments")
    assert shop.value("select relrowsecurity from pg_class where relname = 'payments'")


async def test_what_is_in_no_table_is_told_planned_mended_and_undone(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop, auto_fix="all")
    shop.execute("create function pay(integer) returns integer language sql security definer as 'select 1'")
    issue = await listener.issue("MUTABLE_SEARCH_PATH", "pay")
    shop.execute("grant create on schema public to public")
    schema = await listener.issue("PUBLIC_SCHEMA_CREATE", "")
    assert not issue["backlog"] and not schema["backlog"]
    shown = await pgmend.run("issues", "--format", "json", "--dsn", shop.dsn)
    by_type = {each["issue_type"]: each for each in json.loads(shown.stdout)["issues"]}
    assert (by_type["PUBLIC_SCHEMA_CREATE"]["schema"], by_type["PUBLIC_SCHEMA_CREATE"]["table"]) == ("public", "")
    assert by_type["MUTABLE_SEARCH_PATH"]["object"] == "pay(integer)"
    text = await pgmend.run("issues", "--dsn", shop.dsn)
    assert "PUBLIC_SCHEMA_CREATE public " in text.stdout
    both = await pgmend.run("fix", issue["issue_id"], schema["issue_id"], "--yes", "--dsn", shop.dsn)
    assert both.code == 1
    assert "schema=public, may_create=public" in both.stderr + both.stdout
    await listener.resolved("PUBLIC_SCHEMA_CREATE", "")
    healed = await pgmend.run("fix", issue["issue_id"], "--yes", "--dsn", shop.dsn)
    assert healed.code == 0, healed.stdout + healed.stderr
    await listener.resolved("MUTABLE_SEARCH_PATH", "pay")
    assert shop.value("select proconfig::text from pg_proc where proname = 'pay'") == '{"search_path=public, pg_temp"}'
    fix = await listener.fix(issue["issue_id"], "applied")
    undone = await pgmend.run("rollback", fix["fix_id"], "--yes", "--dsn", shop.dsn)
    assert undone.code == 0, undone.stdout + undone.stderr
    assert shop.value("select proconfig from pg_proc where proname = 'pay'") is None
    await listener.issue("MUTABLE_SEARCH_PATH", "pay")
