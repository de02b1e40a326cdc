"""Known statements speak against a type change that breaks them, and what is not known proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener.connection import connect
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.preflight import objection, preflight
from pgmend.listener.fixes.rehearsal.rehearsal import LOCKS, REWRITES, STEPS
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.hand import MARK
from pgmend.listener.remedy import ChangeColumnType
from pgmend.listener.statements.comparison import Change
from pgmend.listener.statements.observed import ObservedStatements
from pgmend.listener.statements.statement import Known, Origin, Statement
from pgmend.listener.statements.touched import Touched, read_touched
from psycopg import AsyncConnection, sql

from tests.support.database import Database
from tests.support.rehearsed import at_once, rehearse, scratch_databases, to_integer
from tests.support.role import Roles
from tests.support.server import Server
from tests.support.workshop import Workshop

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


BROKEN = {
    "select id from app.sessions where user_id = '7'": "parameter $1 text becomes integer",
    "select user_id from app.sessions": "result user_id text becomes integer",
    "select * from app.sessions": "result user_id text becomes integer",
    "insert into app.sessions (id, user_id) values (9, '9')": "parameter $2 text becomes integer",
    "update app.sessions set user_id = '3' where id = 1": "parameter $1 text becomes integer",
    "delete from app.sessions where seen = 'z' returning user_id": "result user_id text becomes integer",
    "select 1 from app.sessions where user_id = seen": "it fails: operator does not exist: integer = text",
    "select length(user_id) from app.sessions": "it fails: function length(integer) does not exist",
    "copy app.sessions (user_id) to stdout": "result user_id text becomes integer",
    "create temp table x as select seen, user_id as k from app.sessions": "result k text becomes integer",
    "select id, user_id as kept into temp y from app.sessions": "result kept text becomes integer",
    "explain select seen from app.sessions where user_id = '7'": "parameter $1 text becomes integer",
    "with s as (select user_id u from app.sessions) select u from s": "result u text becomes integer",
}
HARMLESS = ("select seen from app.sessions where id = 1", "select seen from app.sessions where id::text = '7'")


async def test_each_statement_that_breaks_or_has_other_types_is_named(workshop: Workshop) -> None:
    connection = await workshop.database.connect()
    for statement in (*HARMLESS, *BROKEN):
        if statement.startswith("copy"):
            async with connection.cursor().copy(statement.encode()) as copy:
                assert [row async for row in copy]
        else:
            await connection.execute(statement.encode())
    workshop.limits = replace(workshop.limits, counter_examples=100)
    told = (await rehearse(workshop))[STATEMENTS]
    assert told.verdict is Verdict.REFUTED
    assert told.figures.startswith(f"{len(BROKEN) + len(HARMLESS)} statements of pg_stat_statements; described before")
    assert len(told.counter_examples) == len(BROKEN)
    for said in BROKEN.values():
        assert any(said in example for example in told.counter_examples), (said, told.counter_examples)


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


async def test_what_the_application_sends_under_our_role_is_known_though_it_looks_like_ours(workshop: Workshop) -> None:
    """Of the same role, all qualified; and the very query that a mark of ours stands before."""
    workshop.database.execute("select seen from app.sessions where id = 1")
    ours = f"{MARK} select pg_catalog.count(*) from app.sessions where user_id operator(pg_catalog.=) '7'"
    workshop.database.execute(sql.SQL(ours))
    assert (await rehearse(workshop)).statements == (Verdict.PROVED, "")
    workshop.database.execute(sql.SQL(ours.removeprefix(MARK)))
    verdict, examples = (await rehearse(workshop)).statements
    assert (verdict, "parameter $1 text becomes integer" in examples) == (Verdict.REFUTED, True)


async def test_a_statement_that_may_stand_behind_another_with_a_needless_cast_proves_nothing(
    workshop: Workshop,
) -> None:
    for statement in (
        "select seen from app.sessions where user_id::text = '7'",
        "select seen, id::text from app.sessions",
    ):
        workshop.database.execute(statement.encode())
    workshop.database.execute("select seen from app.sessions where user_id = '7'")
    told = (await rehearse(workshop))[STATEMENTS]
    assert told.verdict is Verdict.UNPROVED
    (example,) = told.counter_examples
    assert "where user_id::text = $1" in example
    assert "parameter $1 text becomes integer; the server counts it as one" in example


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


async def test_a_server_that_does_not_load_pg_stat_statements_is_said(database: Database) -> None:
    database.execute("create extension pg_stat_statements; create table t (id int)")
    async with await connect(database.dsn, "test") as connection:
        touched = await read_touched(connection, [database.value("select 't'::regclass::oid::bigint")])
        known = await ObservedStatements(timedelta()).known(connection, touched)
    assert "must be loaded via" in known.gaps[0]


async def test_statements_of_other_roles_that_are_hidden_are_said(workshop: Workshop, observing: Server) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    touched = await read_touched(workshop.connection, [workshop.oid("app.sessions")])
    roles = Roles(observing.admin)
    role = roles()
    try:
        async with await connect(workshop.database.dsn_as(role.name, role.password), "test") as plain:
            known = await ObservedStatements(timedelta()).known(plain, touched)
        assert known.statements == ()
        assert "statements of other roles are hidden from this role. Cure: grant pg_read_all_stats" in known.gaps[0]
    finally:
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


async def test_one_that_stands_behind_another_is_not_passed_over_for_want_of_time(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgmend.listener.fixes.rehearsal.rehearsal._LONGEST_DESCRIBING", timedelta())
    workshop.database.execute("select seen from app.sessions where id::int = 7")
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


async def test_names_in_a_body_mean_what_its_search_path_says_or_that_of_its_caller(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        select seen from app.sessions where id = 1;
        create table public.users (id text);
        create function app.fixed() returns bigint language sql set search_path = app, public as
          'select count(*) from sessions s join users u using (id)';
        create function app.of_caller() returns bigint language plpgsql as
          $$ begin return (select count(*) from sessions where user_id like 'x%'); end $$;
        create function app.unclear() returns bigint language sql as 'select 1';
        set check_function_bodies = off;
        create or replace function app.unclear() returns bigint language sql as
          'select count(*) from sessions s join users u on u.id::text = s.seen';
        """
    )
    workshop.limits = replace(workshop.limits, counter_examples=100)
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED
    caller, *unclear = sorted(examples.splitlines())
    assert caller.startswith("function app.of_caller(): ")
    assert caller.endswith(
        "does not exist: integer ~~ unknown (SQLSTATE 42883); its sessions is what the caller's search_path says"
    )
    assert unclear == [
        "function app.unclear(): its users, which is in several schemas, is what the caller's search_path says"
    ]


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


async def test_a_trigger_of_compiled_code_is_unproved(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    workshop.database.execute(
        "create trigger quiet before update on app.sessions for each row"
        " execute function suppress_redundant_updates_trigger()"
    )
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED
    assert examples == (
        "trigger quiet on app.sessions: it runs suppress_redundant_updates_trigger(), which nobody here reads"
    )


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
        text = "select id from sessions where user_id = $1"

        async def known(self, _: Any, touched: Touched) -> Known:
            assert touched.names == {"sessions"}
            return Known((Statement(Origin.CODE, "orders.py:7", self.text, ("app",), frozenset({"sessions"})),))

    class Reviewed:
        def is_harmless(self, change: Change) -> bool:
            return change.statement.name == "orders.py:7"

    told = await rehearse(workshop, rehearsal=at_once(sources=[Code()]))
    assert told.statements == (Verdict.REFUTED, "orders.py:7: parameter $1 text becomes integer")
    told = await rehearse(workshop, rehearsal=at_once(sources=[Code()], witnesses=[Reviewed()]))
    assert told.statements == (Verdict.PROVED, "")
    Code.text += " order by user_id"
    verdict, examples = (
        await rehearse(workshop, rehearsal=at_once(sources=[Code()], witnesses=[Reviewed()]))
    ).statements
    assert (verdict, "has another order then" in examples) == (Verdict.UNPROVED, True)


async def test_what_is_wrong_with_us_is_told_as_that(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    class Wrong:
        async def known(self, connection: AsyncConnection[Any], _: Touched) -> Known:
            await connection.execute("select from from")
            raise AssertionError

    verdict, _ = (told := await rehearse(workshop, rehearsal=at_once(sources=[Wrong()]))).statements
    assert verdict is Verdict.UNPROVED
    assert "this is a defect of pgmend" in told[STATEMENTS].figures
    assert "a rehearsal failed" in capsys.readouterr().out


async def test_several_statements_in_one_are_never_run(workshop: Workshop) -> None:
    class Attack:
        async def known(self, *_: Any) -> Known:
            text = "select 1; drop table app.sessions cascade"
            return Known((Statement(Origin.CODE, "attack", text, ()),))

    told = await rehearse(workshop, rehearsal=at_once(sources=[Attack()]))
    assert told.statements == (
        Verdict.UNPROVED,
        "attack: cannot insert multiple commands into a prepared statement (SQLSTATE 42601)",
    )
    assert told[STEPS].verdict is Verdict.PROVED
