"""A type change that is no restore is rehearsed on an empty copy, and known statements speak against it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pgmend.api.report.terminal import plan_text
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.desk.fixes import read_detail
from pgmend.listener.desk.plans import Planner
from pgmend.listener.expected.compare import Terms, compare
from pgmend.listener.expected.read import read_portrait
from pgmend.listener.expected.scratch import PREFIX
from pgmend.listener.fixes.plan import Hazard, Plan, Proof, Verdict
from pgmend.listener.fixes.preflight import objection, preflight
from pgmend.listener.fixes.queue import book
from pgmend.listener.fixes.queue.proposal import put_up
from pgmend.listener.fixes.rehearsal.copy import build_copy, trusted_roles
from pgmend.listener.fixes.rehearsal.ground import dsn_of, rehearsal_ground
from pgmend.listener.fixes.rehearsal.rehearsal import LOCKS, REWRITES, STEPS, Rehearsal
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.mending.proposals import Proposals
from pgmend.listener.relations.measure import measure
from pgmend.listener.remedy import ChangeColumnType
from pgmend.listener.settings import AutoFix, Settings
from pgmend.listener.statements.comparison import Change
from pgmend.listener.statements.statement import Known, Origin, Statement
from pgmend.listener.statements.touched import Touched
from psycopg import sql
from rich.console import Console

from tests.support.database import Database
from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.portraits import EVERYTHING
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import LIMITS, Workshop

APP = """
create extension if not exists pg_stat_statements schema public;
create schema app;
create table app.users (id int primary key);
create table app.sessions (id int primary key, gone int, user_id text, seen text);
alter table app.sessions drop column gone;
insert into app.sessions values (1, '1', 'x'), (2, '20', 'y');
"""
WANTED = "select count(*) from pg_database where datname like 'pgmend\\_scratch\\_%%' and datdba = %s::regrole"


@pytest.fixture(scope="module")
def observing(server_with: ServerWith) -> Server:
    return server_with(shared_preload_libraries="pg_stat_statements")


@pytest.fixture
def watched(observing: Server) -> Iterator[Database]:
    """An installed database whose statements the server remembers; it has forgotten those of other tests."""
    with installed_database(observing) as database:
        database.execute(APP.encode())
        database.execute("select public.pg_stat_statements_reset()")
        yield database


@pytest.fixture
async def workshop(watched: Database) -> AsyncIterator[Workshop]:
    workshop = await Workshop.open(watched)
    yield workshop
    await workshop.close()


def to_integer(workshop: Workshop) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.sessions"), 3, "integer", restores=False)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The proofs by name."""

    proofs: tuple[Proof, ...]

    def __getitem__(self, name: str) -> Proof:
        (found,) = (each for each in self.proofs if each.name == name)
        return found

    @property
    def statements(self) -> tuple[Verdict, str]:
        return self[STATEMENTS].verdict, "\n".join(self[STATEMENTS].counter_examples)

    @property
    def verdicts(self) -> set[Verdict]:
        return {each.verdict for each in self.proofs}


async def rehearse(workshop: Workshop, plan: Plan | None = None, rehearsal: Rehearsal | None = None) -> Rehearsed:
    plan = plan or await workshop.plan(to_integer(workshop))
    return Rehearsed(await (rehearsal or Rehearsal()).proofs(workshop.connection, plan, workshop.limits))


def scratch_databases(workshop: Workshop) -> int:
    return workshop.database.value(WANTED, [workshop.database.value("select current_user")])


# What statements say


async def test_all_is_proved_where_no_statement_has_another_type(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    told = await rehearse(workshop)
    assert told.verdicts == {Verdict.PROVED}
    assert told[STATEMENTS].figures.startswith("1 statement of pg_stat_statements; described before and after")
    assert told[LOCKS].figures == "taken: ACCESS EXCLUSIVE on app.sessions"
    assert told[REWRITES].figures == "written anew: app.sessions"
    assert scratch_databases(workshop) == 0
    assert workshop.database.value("select pg_typeof(user_id)::text from app.sessions limit 1") == "text"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select id from app.sessions where user_id = '7'", "parameter $1 text becomes integer"),
        ("select user_id from app.sessions", "result user_id text becomes integer"),
        ("select * from app.sessions", "result user_id text becomes integer"),
        ("insert into app.sessions (id, user_id) values (9, '9')", "parameter $2 text becomes integer"),
        ("update app.sessions set user_id = '3' where id = 1", "parameter $1 text becomes integer"),
        ("delete from app.sessions where seen = 'y' returning user_id", "result user_id text becomes integer"),
        ("select 1 from app.sessions where user_id = seen", "it fails: operator does not exist: integer = text"),
        ("select length(user_id) from app.sessions", "it fails: function length(integer) does not exist"),
        ("copy app.sessions (user_id) to stdout", "result user_id text becomes integer"),
        ("create temp table x as select user_id from app.sessions", "result user_id text becomes integer"),
        ("explain select id from app.sessions where user_id = '7'", "parameter $1 text becomes integer"),
        ("with s as (select user_id u from app.sessions) select u from s", "result u text becomes integer"),
    ],
)
async def test_a_statement_that_breaks_or_has_other_types_refutes(
    workshop: Workshop, statement: str, said: str
) -> None:
    connection = await workshop.database.connect()
    if statement.startswith("copy"):
        async with connection.cursor().copy(statement.encode()) as copy:
            [row async for row in copy]
    else:
        await connection.execute(statement.encode())
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, said in examples) == (Verdict.REFUTED, True), examples
    assert "app.sessions" in examples


async def test_without_any_known_statement_nothing_is_proved(workshop: Workshop) -> None:
    told = await rehearse(workshop)
    assert told.statements == (
        Verdict.UNPROVED,
        "no statement on these tables is known, so that none is proved to work",
    )
    assert told[STEPS].verdict is Verdict.PROVED
    assert objection(told.proofs) is None
    assert "could not be proved" in (objection(told.proofs, alone=True) or "")


async def test_without_pg_stat_statements_nobody_knows_what_the_application_runs(workshop: Workshop) -> None:
    workshop.database.execute("drop extension pg_stat_statements; create view app.v as select id from app.sessions")
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED
    assert "pg_stat_statements cannot be read: it is not there" in examples


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("select interval '1 day', id from app.sessions", 'syntax error at or near "$1"'),
        ("do $$ begin perform id from app.sessions; end $$", "a DO block runs what it likes"),
        ("create temp table t (x int); select s.id from app.sessions s join t on true", 'relation "t" does not exist'),
    ],
)
async def test_what_cannot_be_described_is_named_and_unproved(workshop: Workshop, statement: str, why: str) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    workshop.database.execute(statement.encode())
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, why in examples) == (Verdict.UNPROVED, True), examples


async def test_what_pgmend_itself_asks_of_the_table_is_no_statement_of_the_application(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    plan = await workshop.plan(to_integer(workshop))
    assert objection(await preflight(workshop.connection, plan.checks, workshop.limits)) is None
    assert (await workshop.heal(to_integer(workshop))).state == "applied"
    back = ChangeColumnType(workshop.oid("app.sessions"), 3, "text", restores=False)
    told = await rehearse(workshop, await workshop.plan(back))
    assert told.statements == (Verdict.PROVED, "")


async def test_names_mean_what_the_roles_search_path_says(workshop: Workshop, observing: Server) -> None:
    database = workshop.database
    roles = Roles(observing.admin)
    role = roles()
    try:
        # What a role may not use its search_path does not lead to.
        database.execute("create schema hidden; create table hidden.sessions (id int, user_id int)")
        database.execute(sql.SQL("alter role {} set search_path = nowhere, hidden, app").format(role.identifier))
        database.execute(
            sql.SQL("grant usage on schema app to {0}; grant select on app.sessions to {0}").format(role.identifier)
        )
        with psycopg.connect(database.dsn_as(role.name, role.password)) as application:
            application.execute("select id from sessions where user_id = '7'")
        verdict, examples = (await rehearse(workshop)).statements
        assert (verdict, "parameter $1 text becomes integer" in examples) == (Verdict.REFUTED, True), examples
        assert f"of role {role.name}" in examples
    finally:
        database.execute(sql.SQL("drop owned by {}").format(role.identifier))
        roles.drop()


async def test_a_name_that_leads_elsewhere_by_the_known_search_path_proves_nothing(workshop: Workshop) -> None:
    workshop.database.execute("create table public.sessions (id int, user_id text)")
    workshop.database.execute("set search_path = app; select id from sessions where user_id = '7'")
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED
    assert "parameter $1 text becomes integer; under the search_path of role" in examples
    assert "is another one than app.sessions" in examples


@pytest.mark.parametrize(
    "schema, table, column",
    [
        ("App", "Session", "User Id"),
        ("Größe", "日本語", "é" * 31 + "x"),
        ('a "quoted" schema', "order", 'select "*"'),
        ("s" * 63, "%s", "{a}"),
    ],
)
async def test_names_of_every_kind_are_copied_and_described(
    workshop: Workshop, schema: str, table: str, column: str
) -> None:
    names = sql.Identifier(schema), sql.Identifier(schema, table), sql.Identifier(column)
    workshop.database.execute(
        sql.SQL(
            "create schema {0}; create table {1} (id int primary key, {2} text);"
            " create view {0}.v as select * from {1}; insert into {1} values (1, '1')"
        ).format(*names)
    )
    workshop.database.execute(sql.SQL("select id from {1} where {2} = '7'").format(*names))
    oid = workshop.oid(names[1].as_string())
    told = await rehearse(workshop, await workshop.plan(ChangeColumnType(oid, 2, "integer", restores=False)))
    verdict, examples = told.statements
    assert (told[STEPS].verdict, told[LOCKS].verdict, verdict) == (Verdict.PROVED, Verdict.PROVED, Verdict.REFUTED)
    assert "parameter $1 text becomes integer" in examples


async def test_more_statements_than_are_read_are_said(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgmend.listener.statements.observed.MOST_STATEMENTS", 2)
    for _ in range(2):
        workshop.database.execute("select seen from app.sessions where id = 1")
        workshop.database.execute("select seen, id from app.sessions where id = 1")
    workshop.database.execute("select user_id from app.sessions")
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, "more than 2 statements" in examples) == (Verdict.UNPROVED, True)


async def test_what_there_is_no_time_for_is_unproved(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgmend.listener.fixes.rehearsal.rehearsal._LONGEST_DESCRIBING", timedelta())
    workshop.database.execute("select seen from app.sessions where id = 1; select id from app.sessions")
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, "there was no time to describe it" in examples) == (Verdict.UNPROVED, True)


# What the database itself runs


async def test_bodies_of_functions_are_described(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        create function app.by_text(p text) returns bigint language sql as
          'select count(*) from app.sessions where user_id = p';
        create function app."By number"(p int) returns setof app.sessions language plpgsql as
          $$ begin return query select * from app.sessions s where s.user_id = "By number".p::text; end $$;
        create function app.harmless(p int) returns text language plpgsql as $$
          declare s app.sessions.seen%type;
          begin select seen into s from app.sessions where id = p; return s; end $$;
        """
    )
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.REFUTED
    assert "function app.by_text(text): it fails: operator does not exist: integer = text" in examples
    assert 'function app."By number"(integer)' in examples
    assert "app.harmless" not in examples


async def test_a_trigger_that_reads_the_column_is_described(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        create function app.seen() returns trigger language plpgsql as
          $$ begin if new.user_id like '7%' then new.seen := now(); end if; return new; end $$;
        create trigger seen before insert on app.sessions for each row execute function app.seen();
        """
    )
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.REFUTED
    assert "function app.seen()" in examples
    assert "it fails: operator does not exist: integer ~~ unknown" in examples


async def test_a_function_that_puts_statements_together_is_unproved(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    workshop.database.execute(
        "create function app.any(t text) returns void language plpgsql as"
        " $$ begin execute format('delete from %I', t); end $$"
    )
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, "it runs statements that it puts together itself" in examples) == (Verdict.UNPROVED, True)


async def test_a_view_whose_readers_nobody_knows_is_unproved(workshop: Workshop) -> None:
    workshop.database.execute("create view app.v as select user_id from app.sessions")
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED
    assert "view app.v: result user_id text becomes integer; whoever reads the view" in examples


async def test_what_the_code_is_known_to_run_counts_and_may_be_proved_harmless(workshop: Workshop) -> None:
    class Code:
        async def known(self, _: Any, touched: Touched) -> Known:
            assert touched.names == {"sessions"}
            text = "select id from sessions where user_id = $1"
            names = frozenset({"sessions"})
            return Known((Statement(Origin.CODE, "orders.py:7", text, ("app",), names),))

    class Reviewed:
        def is_harmless(self, change: Change) -> bool:
            return change.statement.name == "orders.py:7"

    told = await rehearse(workshop, rehearsal=Rehearsal(sources=[Code()]))
    assert told.statements == (Verdict.REFUTED, "orders.py:7: parameter $1 text becomes integer")
    told = await rehearse(workshop, rehearsal=Rehearsal(sources=[Code()], witnesses=[Reviewed()]))
    assert told.statements == (Verdict.PROVED, "")


async def test_several_statements_in_one_are_never_run(workshop: Workshop) -> None:
    class Attack:
        async def known(self, *_: Any) -> Known:
            text = "select 1; drop table app.sessions cascade"
            return Known((Statement(Origin.CODE, "attack", text, ()),))

    told = await rehearse(workshop, rehearsal=Rehearsal(sources=[Attack()]))
    assert told.statements == (
        Verdict.UNPROVED,
        "attack: cannot insert multiple commands into a prepared statement (SQLSTATE 42601)",
    )
    assert told[STEPS].verdict is Verdict.PROVED


# The copy


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
        await Rehearsal().sweep(workshop.connection)
        assert scratch_databases(workshop) == 1
    assert scratch_databases(workshop) == 0


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
            told = Rehearsed(await Rehearsal().proofs(plain, plan, workshop.limits))
        assert told.verdicts == {Verdict.UNPROVED}
        cure = sql.SQL("alter role {} createdb; or set rehearsal_dsn").format(role.identifier).as_string()
        assert cure in told[STEPS].figures
    finally:
        roles.drop()


async def test_another_server_serves_as_well(workshop: Workshop, server: Server) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    with server.database() as elsewhere:
        told = await rehearse(workshop, rehearsal=Rehearsal(elsewhere.dsn))
        assert told.verdicts == {Verdict.PROVED}
    told = await rehearse(workshop, rehearsal=Rehearsal("postgresql://127.0.0.1:1/x"))
    assert (told.verdicts, "Cannot connect" in told[STEPS].figures) == ({Verdict.UNPROVED}, True)


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


# What is done


async def test_what_statements_speak_against_is_refused_though_it_was_approved(workshop: Workshop) -> None:
    workshop.database.execute("select id from app.sessions where user_id = '7'")
    outcome = await workshop.heal(to_integer(workshop), rehearsal=Rehearsal())
    assert outcome.state == "refused"
    assert "parameter $1 text becomes integer" in (outcome.reason or "")
    stored = workshop.database.value("select proofs::text from pgmend.fix where fix_id = %s", [outcome.fix_id])
    assert "parameter $1 text becomes integer" in stored
    assert workshop.database.value("select pg_typeof(user_id)::text from app.sessions limit 1") == "text"


async def test_what_nobody_knows_does_not_stop_who_approved_it(workshop: Workshop) -> None:
    outcome = await workshop.heal(to_integer(workshop), rehearsal=Rehearsal())
    assert outcome.state == "applied"
    assert {each.verdict for each in outcome.proofs if each.name == STATEMENTS} == {Verdict.UNPROVED}


async def test_what_was_proved_when_it_was_queued_and_is_not_any_more_is_refused(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    plan = await workshop.plan(to_integer(workshop))
    proved = replace(plan, proofs=(await rehearse(workshop, plan)).proofs)
    await workshop.issue(to_integer(workshop))
    await book.propose(workshop.connection, uuid4(), proved, automatic=True)
    workshop.database.execute("select interval '1 day', id from app.sessions")
    claim = await workshop.next()
    assert claim is not None
    outcome = await workshop.executor(rehearsal=Rehearsal()).carry_on(claim, workshop.lease)
    assert outcome.state == "refused"
    assert f"{STATEMENTS}: could not be proved" in (outcome.reason or "")


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


async def test_a_preview_is_rehearsed_and_its_fix_keeps_what_came_of_it(workshop: Workshop) -> None:
    workshop.database.execute("select user_id from app.sessions")
    issue = await workshop.issue(to_integer(workshop))
    fix_id, _ = await put_up(
        workshop.connection, issue.issue_id, lambda fix_id: workshop.plan(to_integer(workshop), fix_id)
    )
    shown = await Planner(Settings()).preview(workshop.connection, issue.issue_id)
    assert shown.fix.fix_id == fix_id
    kept = await read_detail(workshop.connection, fix_id)
    for plan in (shown.plan, kept.plan):
        verdict, examples = Rehearsed(plan.proofs).statements
        assert (verdict, "result user_id text becomes integer" in examples) == (Verdict.REFUTED, True)
        said = Console(width=400, file=StringIO(), record=True)
        said.print(plan_text(plan))
        assert "result user_id text becomes integer" in said.export_text()


# Who acts alone


MISMATCH = """
create table app.orders (id int primary key, user_id int references app.users);
create table app.payments (id int primary key, user_id int references app.users);
insert into app.users values (1), (20);
insert into app.orders values (1, 1);
"""
MADE = """
create table app.accounts (id int primary key, user_id text, note text);
insert into app.accounts values (1, '1'), (2, '20');
"""


async def weighed(workshop: Workshop, statement: str) -> tuple[list[tuple[Any, ...]], str | None]:
    """What a mismatch that came up just now comes to: the automatic fixes, and why there are none."""
    workshop.database.execute(MISMATCH.encode())
    settings = Settings(auto_fix=AutoFix.ALL, settle_time=timedelta())
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(critical_tables=("accounts",)), LeftAlone(()))
        await analyst.begin()
        workshop.database.execute(MADE.encode())
        workshop.database.execute("select public.pg_stat_statements_reset()")
        workshop.database.execute(statement.encode())
        await analyst.react()
        while links := analyst.take_unmeasured(100):
            snapshot = analyst.examiner.snapshot
            measured = await measure(workshop.connection, links, snapshot, budget=timedelta(seconds=5))
            await analyst.learn(measured)
        proposals = Proposals(analyst, settings, LIMITS)
        await proposals.weigh(workshop.connection, AutoFix.ALL, None)
        await proposals.promote(workshop.connection)
    fixes = workshop.database.fetch("select kind, state, proofs::text from pgmend.fix where automatic")
    mismatch = "select why_not_auto from pgmend.issue where issue_type = 'TYPE_MISMATCH' and table_name = 'accounts'"
    return fixes, workshop.database.value(mismatch)


async def test_what_is_proved_by_a_rehearsal_is_queued_alone(workshop: Workshop) -> None:
    ((kind, state, proofs),), why_not = await weighed(workshop, "select note from app.accounts where id = 1")
    assert (kind, state, why_not) == ("change_column_type", "queued", None)
    told = {each["name"]: each["verdict"] for each in json.loads(proofs)}
    assert (told[STEPS], told[STATEMENTS]) == ("proved", "proved")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("select note from app.accounts where user_id = '1'", "parameter $1 text becomes integer"),
        ("select 1", "no statement on these tables is known"),
    ],
)
async def test_what_is_not_proved_waits_for_a_person(workshop: Workshop, statement: str, why: str) -> None:
    fixes, why_not = await weighed(workshop, statement)
    assert (fixes, why in (why_not or "")) == ([], True), why_not
