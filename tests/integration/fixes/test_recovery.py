"""A kill -9 at any instant leaves each table before or after; the next leader finishes, and nothing is left over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from pgmend.listener.fixes.queue.book import Claim
from pgmend.listener.remedy import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    EnableRowSecurity,
    EnableTrigger,
    RebuildIndex,
    Remedy,
    RevokeCreate,
    SetSearchPath,
    SetSecurityInvoker,
    ValidateConstraint,
    WidenSequence,
)

from tests.support.dialect import skip_before
from tests.support.eventually import eventually
from tests.support.mortal import Mortal
from tests.support.workshop import LIMITS, Workshop

PATIENT = replace(LIMITS, concurrent_patience=timedelta(minutes=10))

APP = """
drop schema if exists app cascade; create schema app;
create table app.users (id int primary key, email text);
create table app.orders (id int primary key, user_id int);
insert into app.users select n, 'u' || n from generate_series(1, 50) n;
insert into app.orders select n, n from generate_series(1, 50) n;
"""


@dataclass(frozen=True)
class Case:
    """A sick schema and its remedy."""

    setup: str
    remedy: Callable[[Workshop], Remedy]
    undoable: bool = True


def constraint(workshop: Workshop, name: str) -> int:
    return workshop.database.value("select oid::bigint from pg_constraint where conname = %s", [name])


def trigger(workshop: Workshop, name: str) -> int:
    return workshop.database.value("select oid::bigint from pg_trigger where tgname = %s", [name])


def emails(shop: Workshop) -> SetSecurityInvoker:
    skip_before(15, shop.connection)
    return SetSecurityInvoker(shop.oid("app.emails"))


CASES = {
    "create index": Case("", lambda shop: CreateIndex(shop.oid("app.orders"), (2,))),
    "create index on partitions": Case(
        "create table app.p (a int, b int) partition by list (a);"
        "create table app.p2 partition of app.p for values in (2) partition by list (b);"
        'create table app."P 3" partition of app.p2 for values in (3); insert into app.p values (2, 3)',
        lambda shop: CreateIndex(shop.oid("app.p"), (2,)),
    ),
    "rebuild index": Case(
        "create index broken on app.users (email);"
        "update pg_index set indisvalid = false where indexrelid = 'app.broken'::regclass",
        lambda shop: RebuildIndex(shop.oid("app.users"), shop.oid("app.broken")),
        undoable=False,
    ),
    "drop leftover": Case(
        "create index users_email on app.users (email); create index users_email_ccnew on app.users (email);"
        "update pg_index set indisvalid = false where indexrelid = 'app.users_email_ccnew'::regclass",
        lambda shop: RebuildIndex(shop.oid("app.users"), shop.oid("app.users_email_ccnew")),
        undoable=False,
    ),
    "drop index": Case(
        "create index kept on app.users (email); create index twin on app.users (email);"
        "comment on index app.twin is 'mine'; alter table app.users cluster on twin",
        lambda shop: DropIndex(shop.oid("app.users"), shop.oid("app.twin"), shop.oid("app.kept")),
    ),
    "add foreign key": Case("", lambda shop: AddForeignKey(shop.oid("app.orders"), (2,), shop.oid("app.users"), (1,))),
    "validate check": Case(
        "alter table app.users add constraint small check (id < 100) not valid",
        lambda shop: ValidateConstraint(shop.oid("app.users"), constraint(shop, "small")),
    ),
    "change column type": Case(
        "create table app.notes (id int primary key, user_id text, note text default 'x');"
        "insert into app.notes select n, n::text from generate_series(1, 50) n;"
        "create index on app.notes (user_id); create view app.noted as select user_id, note from app.notes;"
        "comment on column app.notes.user_id is 'who'; alter table app.notes alter user_id set statistics 77",
        lambda shop: ChangeColumnType(shop.oid("app.notes"), 2, "integer"),
    ),
    "change column type, other spelling": Case(
        "create table app.notes (id int primary key, user_id text);insert into app.notes values (1, '007'), (2, '8')",
        lambda shop: ChangeColumnType(shop.oid("app.notes"), 2, "integer"),
    ),
    "enable trigger": Case(
        "create function app.touch() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger touch after update on app.users for each row execute function app.touch();"
        "alter table app.users disable trigger touch",
        lambda shop: EnableTrigger(shop.oid("app.users"), trigger(shop, "touch"), restores=True),
    ),
    "enable row security": Case(
        "create policy own on app.users using (email = current_user)",
        lambda shop: EnableRowSecurity(shop.oid("app.users")),
    ),
    "set security invoker": Case(
        "create view app.emails as select email from app.users",
        emails,
    ),
    "set search path": Case(
        "create function app.risky() returns integer language sql security definer as 'select 1'",
        lambda shop: SetSearchPath(shop.database.value("select 'app.risky'::regproc::oid::bigint"), ("app", "pg_temp")),
    ),
    "revoke create": Case(
        "grant create on schema app to public",
        lambda shop: RevokeCreate(shop.database.value("select 'app'::regnamespace::oid::bigint")),
    ),
    "validate foreign key": Case(
        "alter table app.orders add constraint users foreign key (user_id) references app.users not valid",
        lambda shop: ValidateConstraint(shop.oid("app.orders"), constraint(shop, "users")),
    ),
}


# What is one transaction as others are, and dies in the long run alone.
MORE_CASES = {
    "change column types together": Case(
        "alter table app.orders add constraint users foreign key (user_id) references app.users;"
        "create sequence app.ids as int owned by app.users.id; comment on constraint users on app.orders is 'who'",
        lambda shop: ChangeColumnType(shop.oid("app.users"), 1, "bigint", along=()),
    ),
    "widen sequence": Case(
        "alter table app.users alter id type bigint; create sequence app.ids as int owned by app.users.id",
        lambda shop: WidenSequence(shop.oid("app.users"), 1, shop.oid("app.ids")),
    ),
}


async def fall_ill(workshop: Workshop, case: Case) -> Claim:
    """The sick schema anew, and the claimed fix for it."""
    await asyncio.to_thread(workshop.database.execute, (APP + case.setup).encode())
    return await workshop.claim(case.remedy(workshop))


async def killed(workshop: Workshop, claim: Claim, last: int) -> bool:
    """Whether a listener that carries the claim on was killed at its checkpoint of that number, or was done before."""
    mortal = Mortal(workshop.database.dsn, workshop.limits, claim.fix_id, workshop.lease.token, last)
    mortal.start()
    return await asyncio.to_thread(mortal.wait)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_fix_killed_anywhere_is_finished_by_the_next_leader(workshop: Workshop, case: Case) -> None:
    claim = await fall_ill(workshop, case)
    before = workshop.structure()
    assert not await killed(workshop, claim, last=1000)
    after = workshop.structure()
    assert after != before
    point = 0
    while await killed(workshop, claim := await fall_ill(workshop, case), point):
        (outcome,) = await workshop.recover()
        assert (point, outcome.fix_id, outcome.state, outcome.reason) == (point, claim.fix_id, "applied", None)
        assert (point, workshop.structure()) == (point, after)
        assert (point, workshop.leftovers()) == (point, [])
        point += 1
    assert point >= 5


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.undoable], ids=[n for n, c in CASES.items() if c.undoable]
)
async def test_an_undo_killed_anywhere_is_finished_by_the_next_leader(workshop: Workshop, case: Case) -> None:
    point = 0
    while True:
        claim = await fall_ill(workshop, case)
        before = workshop.structure()
        outcome = await workshop.executor().carry_on(claim, workshop.lease)
        workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])
        undo = await workshop.next()
        assert undo is not None
        if not await killed(workshop, undo, point):
            break
        (outcome,) = await workshop.recover()
        assert (point, outcome.state, outcome.reason) == (point, "rolled_back", None)
        assert (point, workshop.structure(), workshop.backups()) == (point, before, 0)
        assert (point, workshop.leftovers()) == (point, [])
        point += 1
    assert point > 3


async def test_a_way_back_killed_anywhere_is_finished_by_the_next_leader(workshop: Workshop) -> None:
    case, point = CASES["add foreign key"], 0
    workshop.database.execute("""
        create function public.fail() returns event_trigger language plpgsql as $$ begin
          if pg_catalog.current_query() ilike '%validate constraint%' then raise 'no'; end if; end $$;
        create event trigger fail on ddl_command_end when tag in ('ALTER TABLE') execute function public.fail();
    """)
    while await killed(workshop, await fall_ill(workshop, case), point):
        (outcome,) = await workshop.recover()
        assert outcome.state == "failed"
        assert "P0001" in (outcome.reason or "")
        assert workshop.leftovers() == []
        assert workshop.database.value("select to_regclass('app.orders_user_id_idx')") is None
        assert workshop.database.value("select count(*) from pg_constraint where conname = 'orders_user_id_fkey'") == 0
        point += 1
    assert point > 10


@pytest.mark.parametrize("name", ["create index", "rebuild index", "add foreign key"])
async def test_a_build_that_outlives_its_listener_is_ended_and_cleaned_up(workshop: Workshop, name: str) -> None:
    claim = await fall_ill(workshop, CASES[name])
    before = workshop.structure()
    async with await workshop.database.connect(autocommit=False, application_name="webshop") as shop:
        await shop.execute("set transaction isolation level repeatable read")
        await shop.execute("select count(*) from pg_catalog.pg_class")
        mortal = Mortal(workshop.database.dsn, PATIENT, claim.fix_id, workshop.lease.token)
        mortal.start()
        try:
            await eventually(lambda: builds(workshop))
        finally:
            mortal.kill()
        assert builds(workshop)
        (outcome,) = await workshop.recover()
        assert outcome.state == "deferred"
        assert "of webshop" in (outcome.reason or "")
        assert workshop.leftovers() == [] or name == "rebuild index"
        assert workshop.structure() == before
        assert not builds(workshop)
    workshop.database.execute("update pgmend.fix set next_attempt_at = now()")
    again = await workshop.next()
    assert again is not None
    assert (await workshop.executor().carry_on(again, workshop.lease)).state == "applied"


async def test_recovery_ends_no_session_but_the_fixers_own(workshop: Workshop) -> None:
    await fall_ill(workshop, CASES["create index"])
    workshop.database.execute(
        "insert into pgmend.own_backend (backend_pid, backend_start, fix_id)"
        " select pid, backend_start, gen_random_uuid() from pg_stat_activity where application_name = 'webshop'"
    )
    async with (
        await workshop.database.connect(application_name="webshop") as shop,
        await workshop.database.connect(application_name="pgmend fixer") as unregistered,
    ):
        workshop.database.execute(
            "insert into pgmend.own_backend (backend_pid, backend_start, fix_id)"
            " select pid, backend_start, gen_random_uuid() from pg_stat_activity where application_name = 'webshop'"
            " union all select pid, backend_start - interval '1 s', gen_random_uuid() from pg_stat_activity"
            " where application_name = 'pgmend fixer'"
        )
        await workshop.recover()
        await shop.execute("select 1")
        await unregistered.execute("select 1")


def builds(workshop: Workshop) -> list[tuple[Any, ...]]:
    """Index builds that wait for older snapshots."""
    return workshop.database.fetch(
        "select pid from pg_stat_progress_create_index where phase like 'waiting for old snapshots%'"
    )


@pytest.mark.parametrize("name", ["create index", "add foreign key"])
async def test_a_task_cancelled_in_the_middle_leaves_what_recovery_finishes(workshop: Workshop, name: str) -> None:
    claim = await fall_ill(workshop, CASES[name])
    async with await workshop.database.connect(autocommit=False) as shop:
        await shop.execute("set transaction isolation level repeatable read")
        await shop.execute("select count(*) from pg_catalog.pg_class")
        task = asyncio.create_task(
            workshop.executor(limits={"concurrent_patience": timedelta(minutes=10)}).carry_on(claim, workshop.lease)
        )
        await eventually(lambda: builds(workshop))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not builds(workshop)
        assert workshop.state(claim.fix_id) == "running"
    (outcome,) = await workshop.recover()
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.leftovers() == []
