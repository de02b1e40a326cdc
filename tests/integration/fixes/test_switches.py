"""Triggers, row security, views, search paths and schemas switched as they should be, and back."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from pgmend.listener.connection import connect
from pgmend.listener.remedy import (
    EnableRowSecurity,
    EnableTrigger,
    Remedy,
    RevokeCreate,
    SetSearchPath,
    SetSecurityInvoker,
)

from tests.support.dialect import skip_before
from tests.support.mending import at, executing
from tests.support.role import Roles
from tests.support.workshop import Workshop

APP = """
create schema app;
create schema "Ünser ""S"" 1";
create table app.users (id int primary key, name text);
create table app."Ordérs" (id int, day int, primary key (id, day)) partition by range (day);
create table app.early partition of app."Ordérs" for values from (0) to (10);
create table app.late partition of app."Ordérs" for values from (10) to (20);
create function app.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger "touch ""it"" é" before update on app.users for each row execute function app.touch();
create trigger touch before update on app."Ordérs" for each row execute function app.touch();
alter table app.users enable row level security;
create policy own on app.users using (name = current_user);
create view app."Näme s" with (security_barrier) as select name from app.users;
create function app.risky(a integer, inout "b c" app.users, variadic d numeric[]) language plpgsql security definer
    as 'begin end';
create procedure "Ünser ""S"" 1".work() language plpgsql security definer set search_path = app, "$user" as 'begin end';
grant create on schema "Ünser ""S"" 1" to public;
"""
TOUCH, WORK, RISKY = 'touch "it" é', '"Ünser ""S"" 1".work()', "app.risky(integer, app.users, numeric[])"


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def trigger(workshop: Workshop, table: str, name: str, enabled: str = "O", *, restores: bool = True) -> EnableTrigger:
    oid = workshop.database.value(
        "select oid::bigint from pg_trigger where tgrelid = %s::regclass and tgname = %s", [table, name]
    )
    quoted = name.replace('"', '""')
    workshop.database.execute(f'alter table {table} disable trigger "{quoted}"'.encode())
    return EnableTrigger(workshop.oid(table), oid, enabled, restores=restores)


def row_security(workshop: Workshop) -> EnableRowSecurity:
    workshop.database.execute("alter table app.users disable row level security")
    return EnableRowSecurity(workshop.oid("app.users"))


def view(workshop: Workshop) -> SetSecurityInvoker:
    skip_before(15, workshop.connection)
    return SetSecurityInvoker(workshop.oid('app."Näme s"'))


def routine(workshop: Workshop, signature: str, *path: str) -> SetSearchPath:
    return SetSearchPath(workshop.database.value("select %s::regprocedure::oid::bigint", [signature]), path)


def schema(workshop: Workshop, name: str = '"Ünser ""S"" 1"') -> RevokeCreate:
    return RevokeCreate(workshop.database.value("select %s::regnamespace::oid::bigint", [name]))


FIXES: dict[str, Callable[[Workshop], Remedy]] = {
    "trigger": lambda shop: trigger(shop, "app.users", TOUCH),
    "trigger that fires always": lambda shop: trigger(shop, "app.users", TOUCH, "A"),
    "trigger for replicas": lambda shop: trigger(shop, "app.users", TOUCH, "R"),
    "trigger of a partitioned table": lambda shop: trigger(shop, 'app."Ordérs"', "touch"),
    "row security": row_security,
    "view": view,
    "function": lambda shop: routine(shop, RISKY, "app", 'Nö "" ,', "pg_temp"),
    "procedure with a path": lambda shop: routine(shop, WORK, "app", "pg_temp"),
    "schema": schema,
}


@pytest.mark.parametrize("case", FIXES)
async def test_a_switch_is_thrown_and_thrown_back(workshop: Workshop, case: str) -> None:
    remedy = FIXES[case](workshop)
    before = workshop.structure()
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.structure() != before
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.structure() == before
    assert workshop.leftovers() == []


@pytest.mark.parametrize("case", FIXES)
async def test_what_is_switched_by_now_is_refused(workshop: Workshop, case: str) -> None:
    remedy = FIXES[case](workshop)
    assert (await workshop.heal(remedy)).state == "applied"
    plan = await workshop.plan(remedy)
    assert "by now" in (plan.refusal or "")


async def test_enabled_triggers_fire_on_every_partition_and_others_stay(workshop: Workshop) -> None:
    remedy = trigger(workshop, 'app."Ordérs"', "touch")
    workshop.database.execute("alter table app.late enable always trigger touch")
    outcome = await workshop.heal(remedy)
    assert outcome.state == "applied"
    states = "select tgrelid::regclass::text, tgenabled::text from pg_trigger where tgname = 'touch' order by 1"
    assert workshop.database.fetch(states) == [('app."Ordérs"', "O"), ("app.early", "O"), ("app.late", "A")]
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.database.fetch(states) == [('app."Ordérs"', "D"), ("app.early", "D"), ("app.late", "A")]


async def test_only_a_restored_trigger_needs_nobody(workshop: Workshop) -> None:
    restored = await workshop.plan(trigger(workshop, "app.users", TOUCH))
    assert (restored.restores, restored.needs_approval) == (True, None)
    for remedy in (trigger(workshop, "app.users", TOUCH, restores=False), row_security(workshop), view(workshop)):
        assert (await workshop.plan(remedy)).needs_approval
    for remedy in (routine(workshop, RISKY, "app"), schema(workshop)):
        assert (await workshop.plan(remedy)).needs_approval


async def test_a_reader_who_would_be_locked_out_is_named(workshop: Workshop) -> None:
    workshop.database.execute(
        'grant select on app."Näme s" to public, pg_monitor; grant select on app.users to pg_monitor'
    )
    outcome = await workshop.heal(view(workshop))
    assert outcome.state == "refused"
    assert outcome.proofs[0].counter_examples == ("role=public, may_not_read=app.users",)


async def test_a_path_in_which_others_may_create_is_refused(workshop: Workshop) -> None:
    workshop.database.execute("grant create on schema app to pg_monitor")
    outcome = await workshop.heal(routine(workshop, RISKY, "app", 'Ünser "S" 1', "pg_temp"))
    assert outcome.state == "refused"
    assert sorted(outcome.proofs[0].counter_examples) == [
        "schema=app, may_create=pg_monitor",
        'schema=Ünser "S" 1, may_create=public',
    ]


SWAPS = {
    "view": ('alter view app."Näme s" rename to gone; create view app."Näme s" as select 1 as a', view),
    "function": (
        "alter function app.risky rename to gone; create function app.risky(a integer, inout b app.users,"
        " variadic d numeric[]) language plpgsql as 'begin end'",
        lambda shop: routine(shop, RISKY, "app"),
    ),
    "schema": (
        'alter schema "Ünser ""S"" 1" rename to gone; create schema "Ünser ""S"" 1";'
        ' grant create on schema "Ünser ""S"" 1" to public',
        schema,
    ),
}


@pytest.mark.parametrize("case", SWAPS)
async def test_another_object_under_the_name_is_not_touched(workshop: Workshop, case: str) -> None:
    swap, remedy = SWAPS[case]
    claim = await workshop.claim(remedy(workshop))
    executor = workshop.executor(checkpoint=at("apply proved", executing(workshop, swap)))
    outcome = await executor.carry_on(claim, workshop.lease)
    assert outcome.state == "refused"
    assert "it is this" in (outcome.reason or "")
    option = workshop.database.value("select reloptions::text from pg_class where relname = 'Näme s'")
    assert "security_invoker" not in (option or "")
    assert workshop.database.value("select proconfig from pg_proc where proname = 'risky'") is None
    assert workshop.database.value("select nspacl::text like '%%,=C/%%' from pg_namespace where nspname like 'Ünser%%'")


@pytest.mark.parametrize("case", ["trigger", "view", "function", "schema"])
async def test_what_belongs_to_another_role_is_refused_with_the_cure(
    workshop: Workshop, role: Roles, case: str
) -> None:
    remedy, owner, fixer = FIXES[case](workshop), role(), role()
    workshop.database.execute(f"""
        alter table app.users owner to {owner.name}; alter view app."Näme s" owner to {owner.name};
        alter function app.risky owner to {owner.name}; alter schema "Ünser ""S"" 1" owner to {owner.name};
        grant pgmend_owner to {fixer.name};
    """.encode())  # fmt: skip
    async with await connect(workshop.database.dsn_as(fixer.name, fixer.password), "test") as connection:
        workshop.connection, own = connection, workshop.connection
        plan = await workshop.plan(remedy)
        workshop.connection = own
    assert f"belongs to role {owner.name}" in (plan.refusal or "")
    assert f"{owner.name}" in (plan.refusal or "").partition("Cure: ")[2].lower()


async def test_a_busy_table_defers_its_trigger_and_nobody_waits(
    workshop: Workshop, shop: psycopg.AsyncConnection[object]
) -> None:
    remedy = trigger(workshop, "app.users", TOUCH)
    await shop.execute("insert into app.users values (1, 'a')")
    outcome = await workshop.heal(remedy, limits={"lock_attempts": 2})
    assert outcome.state == "deferred"
    assert "of webshop" in (outcome.reason or "")
    await shop.commit()
    assert (await workshop.again()).state == "applied"
