"""The copy has all that hangs on the table and runs nobody's code; steps are measured there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest
from pgmend.listener.connection import connect
from pgmend.listener.expected.compare import Terms, compare
from pgmend.listener.expected.read import read_portrait
from pgmend.listener.expected.scratch import PREFIX
from pgmend.listener.fixes.plan import Hazard, Verdict
from pgmend.listener.fixes.rehearsal.copy import build_copy, trusted_roles
from pgmend.listener.fixes.rehearsal.ground import dsn_of, rehearsal_ground
from pgmend.listener.fixes.rehearsal.rehearsal import LOCKS, REWRITES, STEPS
from pgmend.listener.remedy import ChangeColumnType
from psycopg import sql

from tests.support.database import Database
from tests.support.portraits import EVERYTHING
from tests.support.rehearsed import Rehearsed, at_once, rehearse, scratch_databases, to_integer
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import Workshop


async def test_the_copy_of_everything_lacks_nothing(workshop: Workshop) -> None:
    workshop.database.execute(EVERYTHING.encode())
    live = workshop.connection
    portrait = await read_portrait(live)
    async with rehearsal_ground(live, None) as ground:
        assert await build_copy(ground, portrait, await trusted_roles(live)) == ()
        copy = await read_portrait(ground)
    assert compare(portrait.objects.values(), copy, Terms(known=False, declared=False)) == ()


async def test_nobodys_code_runs_while_the_copy_is_made(workshop: Workshop, observing: Server) -> None:
    """A superuser's rehearsal would compute what is constant in a CHECK, with the superuser's rights."""
    roles = Roles(observing.admin)
    role = roles()
    database = workshop.database
    try:
        database.execute(sql.SQL("create schema evil authorization {}").format(role.identifier))
        with psycopg.connect(database.dsn_as(role.name, role.password), autocommit=True) as attacker:
            attacker.execute(
                """
                create function evil.inner() returns boolean language plpgsql as $$
                begin
                  if current_setting('is_superuser') = 'on' then execute 'create role pgmend_test_pwned'; end if;
                  return true;
                end $$;
                create function evil.check(text) returns boolean immutable language plpgsql as
                  $$ begin return evil.inner(); end $$;
                create table evil.sessions (id int primary key, user_id text, check (evil.check('x')));
                """
            )
        database.execute("alter table evil.sessions add column seen text; grant usage on schema evil to public")
        oid = workshop.oid("evil.sessions")
        plan = await workshop.plan(ChangeColumnType(workshop.oid("app.sessions"), 3, "integer", restores=False))
        told = await rehearse(workshop, replace(plan, tables=(*plan.tables, (oid, "evil.sessions"))))
        assert told[STEPS].verdict is Verdict.UNPROVED
        assert "no code runs in a rehearsal" in told[STEPS].figures
        assert not database.value("select count(*) from pg_roles where rolname = 'pgmend_test_pwned'")
    finally:
        database.execute(sql.SQL("drop owned by {}").format(role.identifier))
        roles.drop()


async def test_a_database_that_a_crash_left_is_swept_at_the_next_start(workshop: Workshop) -> None:
    left = PREFIX + "aaaaaaaaaaaa"
    workshop.database.execute(sql.SQL("create database {}").format(sql.Identifier(left)))
    async with rehearsal_ground(workshop.connection, None):
        assert not workshop.database.value("select count(*) from pg_database where datname = %s", [left])
        await at_once().sweep(workshop.connection)
        assert scratch_databases(workshop) == 1
    assert scratch_databases(workshop) == 0


async def test_who_stops_amid_a_rehearsal_leaves_nothing(workshop: Workshop) -> None:
    settings = "select current_setting('application_name'), current_setting('lock_timeout')"
    before = await (await workshop.connection.execute(settings)).fetchone()
    there = asyncio.Event()

    async def rehearsing() -> None:
        async with rehearsal_ground(workshop.connection, None) as ground:
            there.set()
            await ground.execute("select pg_sleep(60)")

    task = asyncio.create_task(rehearsing())
    await there.wait()
    assert scratch_databases(workshop) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scratch_databases(workshop) == 0
    assert await (await workshop.connection.execute(settings)).fetchone() == before


async def test_a_rehearsal_takes_no_room_from_the_statements_of_the_application(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    elsewhere = (
        "select count(*) from public.pg_stat_statements s where not exists"
        " (select from pg_database d where d.oid = s.dbid)"
    )
    before = workshop.database.value(elsewhere)
    assert (await rehearse(workshop)).verdicts == {Verdict.PROVED}
    # The session's own settings, before it says so.
    assert workshop.database.value(elsewhere) - before <= 2


async def test_nobody_else_enters_the_copy(workshop: Workshop, observing: Server) -> None:
    roles = Roles(observing.admin)
    role = roles()
    try:
        async with rehearsal_ground(workshop.connection, None) as ground:
            dsn = Database(ground.info.dbname, dsn_of(ground)).dsn_as(role.name, role.password)
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(dsn)
    finally:
        roles.drop()


async def test_a_role_that_may_not_create_a_database_is_told_how(workshop: Workshop, observing: Server) -> None:
    roles = Roles(observing.admin)
    role = roles()
    try:
        plan = await workshop.plan(to_integer(workshop))
        async with await connect(workshop.database.dsn_as(role.name, role.password), "test") as plain:
            told = Rehearsed(await at_once().proofs(plain, plan, workshop.limits))
        assert told.verdicts == {Verdict.UNPROVED}
        cure = sql.SQL("alter role {} createdb; or set rehearsal_dsn").format(role.identifier).as_string()
        assert cure in told[STEPS].figures
    finally:
        roles.drop()


async def test_a_role_that_is_no_superuser_proves_as_much(workshop: Workshop, observing: Server) -> None:
    roles = Roles(observing.admin)
    role = roles("login createdb")
    try:
        workshop.database.execute(
            sql.SQL(
                "alter schema app owner to {0}; alter table app.users owner to {0};"
                " alter table app.sessions owner to {0}; grant pg_read_all_stats to {0}"
            ).format(role.identifier)
        )
        plan = await workshop.plan(to_integer(workshop))
        # What it took to plan was sent by another role.
        workshop.database.execute("select public.pg_stat_statements_reset()")
        dsn = workshop.database.dsn_as(role.name, role.password)
        with psycopg.connect(dsn, autocommit=True) as application:
            application.execute("select seen from app.sessions where id = 1")
        async with await connect(dsn, "test") as plain:
            told = Rehearsed(await at_once().proofs(plain, plan, workshop.limits))
        assert told.verdicts == {Verdict.PROVED}, told
    finally:
        workshop.database.execute(sql.SQL("drop owned by {}").format(role.identifier))
        roles.drop()


async def test_another_server_serves_as_well(workshop: Workshop, server: Server) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    with server.database() as elsewhere:
        told = await rehearse(workshop, rehearsal=at_once(elsewhere.dsn))
        assert told.verdicts == {Verdict.PROVED}
    told = await rehearse(workshop, rehearsal=at_once("postgresql://127.0.0.1:1/x"))
    assert (told.verdicts, "Cannot connect" in told[STEPS].figures) == ({Verdict.UNPROVED}, True)


HANGING_ON_IT = {
    "a policy of another table": """
        create table app.o (id int);
        alter table app.o enable row level security;
        create policy p on app.o using (exists (select from app.sessions s where s.user_id = '1'));
        """,
    "views with rights of their own": """
        create view app.v with (security_barrier) as select id, user_id from app.sessions;
        revoke all on app.v from current_user;
        grant select (id) on app.v to pg_monitor with grant option;
        comment on view app.v is 'x';
        comment on column app.v.id is 'y';
        create view app.w as select * from app.v;
        """,
    "an index": "create index i on app.sessions (lower(seen)); alter index app.i alter 1 set statistics 7",
    "a check": "alter table app.sessions alter user_id type varchar(9), add check (user_id in ('1', '20'))",
    "a rule": "create rule r as on delete to app.users do also delete from app.sessions where id = old.id",
    "statistics": "create statistics app.st on id, user_id from app.sessions; create extension hstore",
    "columns": """
        alter table app.sessions add u int references app.users, add n int generated always as identity, add s serial,
          add g text generated always as (seen || 'x') stored;
        """,
}


@pytest.mark.parametrize("more", HANGING_ON_IT.values(), ids=HANGING_ON_IT)
async def test_what_hangs_on_the_table_is_copied_so_that_the_steps_come_to_their_end(
    workshop: Workshop, more: str
) -> None:
    workshop.database.execute(more.encode())
    plan = await workshop.plan(to_integer(workshop))
    if plan.refusal:
        plan = await workshop.plan(ChangeColumnType(workshop.oid("app.sessions"), 3, "varchar(40)", restores=False))
    assert plan.refusal is None
    told = await rehearse(workshop, plan)
    assert (told[STEPS].verdict, told[LOCKS].verdict) == (Verdict.PROVED, Verdict.PROVED), told.proofs


async def test_a_foreign_key_that_is_made_anew_locks_both_tables(workshop: Workshop) -> None:
    workshop.database.execute("alter table app.sessions add u int references app.users")
    change = ChangeColumnType(workshop.oid("app.sessions"), 5, "bigint", restores=False)
    told = (await rehearse(workshop, await workshop.plan(change)))[LOCKS]
    assert told.verdict is Verdict.PROVED
    assert "ACCESS EXCLUSIVE on app.users" in told.figures


# What the steps take


async def test_a_lock_that_the_plan_does_not_tell_of_refutes(workshop: Workshop) -> None:
    plan = await workshop.plan(to_integer(workshop))
    silent = replace(plan, steps=tuple(replace(step, locks=()) for step in plan.steps))
    told = (await rehearse(workshop, silent))[LOCKS]
    assert told.verdict is Verdict.REFUTED
    assert told.counter_examples == ("ACCESS EXCLUSIVE on app.sessions is not among the plan's locks",)


async def test_a_rewrite_that_the_plan_does_not_tell_of_refutes(workshop: Workshop) -> None:
    plan = await workshop.plan(to_integer(workshop))
    silent = replace(plan, hazards=tuple(each for each in plan.hazards if each is not Hazard.TABLE_REWRITE))
    told = (await rehearse(workshop, silent))[REWRITES]
    assert (told.verdict, told.counter_examples) == (Verdict.REFUTED, ("app.sessions",))


async def test_a_restore_is_not_rehearsed(workshop: Workshop) -> None:
    restore = replace(to_integer(workshop), restores=True)
    assert (await rehearse(workshop, await workshop.plan(restore))).proofs == ()
