"""Views, functions, triggers, rules, policies, types, sequences and statistics brought back, and taken back again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.expected.portrait import ObjectKind

from tests.support.restoration import (
    COLUMN,
    LOCKED,
    NAME,
    SCHEMA,
    TABLE,
    Case,
    fall_ill,
    heals_and_falls_back,
    quoted,
    run,
)
from tests.support.role import Roles
from tests.support.workshop import Workshop

T = "create table app.t (id int primary key, a int, b text); insert into app.t values (1, 2, 'b');"
HOSTILE = quoted(SCHEMA, TABLE)
STRANGE = f"create table {HOSTILE} (id int primary key, {quoted(COLUMN)} text);"
FUNCTION = "create function app.f() returns trigger language plpgsql as 'begin return new; end';"
K = ObjectKind


def case(well: str, fault: str, kind: ObjectKind, *name: str, **more: object) -> Case:
    """An object that somebody drops, or with `aspect="definition"`, changes."""
    schema, relation, own = name if len(name) == 3 else ("app", "", *name)
    return Case(well, fault, str(more.pop("aspect", "existence")), kind, (schema, relation, own), **more)  # pyright: ignore


VIEW = (
    f'{T} create view app.v with (security_barrier = true) as select id, a as "A b" from app.t where a > 1;'
    "comment on view app.v is 'it''s a view'; comment on column app.v.\"A b\" is E'one\\n\"id\": two';"
    "comment on column app.v.id is 'key'; alter view app.v alter column id set default 5;"
    "grant select on app.v to pg_monitor with grant option; grant update (id) on app.v to pg_read_all_data;"
)
STANDING = (
    f"{VIEW} create view app.w as select id from app.v; grant select on app.w to public;"
    "create rule r as on delete to app.w do instead nothing; comment on view app.w is 'w';"
    f"{FUNCTION} create trigger x instead of insert on app.w for each row execute function app.f();"
)
MATERIALIZED = (
    f"{T} create materialized view app.m as select id, b from app.t; create unique index m_id on app.m (id);"
    "comment on index app.m_id is 'ix'; comment on materialized view app.m is 'mat';"
)
CASES = {
    "view": case(VIEW, "drop view app.v", K.VIEW, "v", approval="grants rights"),
    "plain view": case(f"{T} create view app.v as select * from app.t", "drop view app.v", K.VIEW, "v"),
    "view with hostile names": case(
        f"{STRANGE} create view {quoted(SCHEMA, NAME)} as select {quoted(COLUMN)} from {HOSTILE}"
        f" where {quoted(COLUMN)} <> 'as {{}} %s';"
        f"comment on column {quoted(SCHEMA, NAME)}.{quoted(COLUMN)} is 'x'",
        f"drop view {quoted(SCHEMA, NAME)}", K.VIEW, SCHEMA, "", NAME,
    ),
    "other view": case(
        VIEW, "create or replace view app.v as select id, a as \"A b\" from app.t where a > 7", K.VIEW, "v",
        aspect="definition",
    ),
    "view with a column more": case(
        STANDING, "create or replace view app.v as select id, a as \"A b\", b from app.t", K.VIEW, "v",
        aspect="definition", approval="view app.w",
    ),
    "view with another type": case(
        f"{T} create view app.v as select id, a from app.t",
        "drop view app.v; create view app.v as select id, b as a from app.t", K.VIEW, "v",
        aspect="definition", approval="dropped and made anew",
    ),
    "view with a longer column": case(
        f"{T} create view app.v as select id, b::varchar(10) as b from app.t",
        "drop view app.v; create view app.v as select id, b::varchar(20) as b from app.t", K.VIEW, "v",
        aspect="definition", approval="dropped and made anew",
    ),
    "materialized view": case(
        MATERIALIZED, "drop materialized view app.m", K.MATERIALIZED_VIEW, "m", approval="computed anew",
    ),
    "other materialized view": case(
        f"{MATERIALIZED} create view app.n as select * from app.m",
        "drop materialized view app.m cascade; create materialized view app.m as select id, upper(b) as b from app.t;"
        "create unique index m_id on app.m (id); create view app.n as select * from app.m;"
        "comment on index app.m_id is 'ix'; comment on materialized view app.m is 'mat';",
        K.MATERIALIZED_VIEW, "m", aspect="definition", approval="computed anew",
    ),
    "function": case(
        "create function app.g(a int, out b text) language sql immutable as $$ select 'it''s \\ {} %s' || a $$;"
        "comment on function app.g is 'g'; revoke all on function app.g from public;",
        "drop function app.g", K.FUNCTION, "g(a integer, OUT b text)",
    ),
    "function of what is missing": case(
        "create table app.x (id int); create function app.g() returns bigint language sql as"
        " 'select count(*) from app.x'; drop table app.x", "drop function app.g", K.FUNCTION, "g()",
    ),
    "other function": case(
        f"{T} create function app.g(a int) returns int language sql as 'select 1'; comment on function app.g is 'x';"
        "alter table app.t alter a set default app.g(1); grant execute on function app.g to pg_monitor",
        "create or replace function app.g(a int) returns int language sql as 'select 2'", K.FUNCTION,
        "g(a integer)", aspect="definition",
    ),
    "function with another result": case(
        "create function app.g(a int) returns int language sql as 'select 1'; comment on function app.g is 'x'",
        "drop function app.g; create function app.g(a int) returns text language sql as $$ select 'a' $$;"
        "comment on function app.g is 'x'",
        K.FUNCTION, "g(a integer)", aspect="definition", approval="made anew",
    ),
    "definer": case(
        "create function app.g() returns int security definer language sql as 'select 1'", "drop function app.g",
        K.FUNCTION, "g()", approval="SECURITY DEFINER",
    ),
    "procedure": case(
        "create procedure app.p(inout a int) language plpgsql as 'begin end'", "drop procedure app.p",
        K.FUNCTION, "p(INOUT a integer)",
    ),
    "aggregate": case(
        "create aggregate app.agg(integer) (sfunc = int4pl, stype = int, initcond = '0')",
        "drop aggregate app.agg(integer)", K.FUNCTION, "agg(integer)",
    ),
    "function with hostile names": case(
        f"create function {quoted(SCHEMA, NAME)}({quoted(COLUMN)} int) returns int language sql as 'select 1'",
        f"drop function {quoted(SCHEMA, NAME)}", K.FUNCTION, SCHEMA, "", f"{NAME}({quoted(COLUMN)} integer)",
    ),
    "trigger": case(
        f"{T} {FUNCTION} create trigger x before update of a on app.t for each row when (old.a > 1)"
        " execute function app.f('a', 'b'); alter table app.t enable always trigger x;"
        "comment on trigger x on app.t is 'x'",
        "drop trigger x on app.t", K.TRIGGER, "app", "t", "x",
    ),
    "constraint trigger": case(
        f"{T} {FUNCTION} create constraint trigger x after insert on app.t deferrable initially deferred for each row"
        " execute function app.f(); comment on trigger x on app.t is 'x'",
        "drop trigger x on app.t; create constraint trigger x after update on app.t for each row"
        " execute function app.f(); comment on trigger x on app.t is 'x'; alter table app.t disable trigger x",
        K.TRIGGER, "app", "t", "x", aspect="definition", heals_to_the_letter=False,
    ),
    "other trigger": case(
        f"{T} {FUNCTION} create trigger x before update on app.t for each row execute function app.f();"
        "comment on trigger x on app.t is 'x'; alter table app.t enable replica trigger x",
        "create or replace trigger x after insert on app.t for each row execute function app.f();"
        "alter table app.t enable replica trigger x",
        K.TRIGGER, "app", "t", "x", aspect="definition",
    ),
    "trigger of a view": case(
        STANDING, "drop trigger x on app.w", K.TRIGGER, "app", "w", "x",
    ),
    "trigger with hostile names": case(
        f"{STRANGE} create function {quoted(SCHEMA, NAME)}() returns trigger language plpgsql as 'begin end';"
        f"create trigger {quoted(NAME)} before update of {quoted(COLUMN)} on {HOSTILE} for each row"
        f" execute function {quoted(SCHEMA, NAME)}('%s', '{{}}')",
        f"drop trigger {quoted(NAME)} on {HOSTILE}", K.TRIGGER, SCHEMA, TABLE, NAME,
    ),
    "rule": case(
        f"{T} create rule r as on delete to app.t where old.a > 1"
        " do instead (update app.t set b = 'x'; delete from app.t);"
        "comment on rule r on app.t is 'r'; alter table app.t enable always rule r",
        "drop rule r on app.t", K.RULE, "app", "t", "r",
    ),
    "other rule": case(
        f"{T} create rule r as on delete to app.t do instead nothing; comment on rule r on app.t is 'r'",
        "create or replace rule r as on delete to app.t where old.a > 1 do instead nothing",
        K.RULE, "app", "t", "r", aspect="definition",
    ),
    "policy": case(
        f"{T} create policy p on app.t as restrictive for update to pg_monitor, pg_read_all_data using (a > 1)"
        " with check (b <> 'with check (%s)'); comment on policy p on app.t is 'p'",
        "drop policy p on app.t", K.POLICY, "app", "t", "p",
    ),
    "other policy": case(
        f"{T} create policy p on app.t for select using (a > 1); comment on policy p on app.t is 'p'",
        "drop policy p on app.t; create policy p on app.t for all using (true) with check (true);"
        "comment on policy p on app.t is 'p'",
        K.POLICY, "app", "t", "p", aspect="definition",
    ),
    "policy with hostile names": case(
        f"{STRANGE} create policy {quoted(NAME)} on {HOSTILE} using ({quoted(COLUMN)} <> 'x')",
        f"drop policy {quoted(NAME)} on {HOSTILE}", K.POLICY, SCHEMA, TABLE, NAME,
    ),
    "statistics": case(
        f"{T} create statistics app.st (dependencies) on a, b from app.t; alter statistics app.st set statistics 77;"
        "comment on statistics app.st is 's'", "drop statistics app.st", K.STATISTICS, "app", "t", "st",
    ),
    "other statistics": case(
        f"{T} create statistics app.st (dependencies) on a, b from app.t; comment on statistics app.st is 's'",
        "drop statistics app.st; create statistics app.st (ndistinct) on id, b from app.t;"
        "comment on statistics app.st is 's'", K.STATISTICS, "app", "t", "st", aspect="definition",
    ),
    "statistics elsewhere": case(
        f"{T} create statistics {quoted(SCHEMA, NAME)} on a, b from app.t", f"drop statistics {quoted(SCHEMA, NAME)}",
        K.STATISTICS, "app", "t", quoted(SCHEMA, NAME),
    ),
    "sequence": case(
        f"{T} create sequence app.s as int increment by 5 minvalue 2 maxvalue 1000 start 3 cache 2 cycle"
        " owned by app.t.a; comment on sequence app.s is 's'; grant usage on sequence app.s to pg_monitor",
        "drop sequence app.s", K.SEQUENCE, "s", approval="grants rights",
    ),
    "other sequence": case(
        f"{T} create sequence app.s as int increment by 5 minvalue 2 maxvalue 1000 start 3 cache 2 owned by app.t.a",
        "alter sequence app.s increment by 7 no minvalue maxvalue 900 cycle owned by none", K.SEQUENCE, "s",
        aspect="definition",
    ),
    "other domain": case(
        f"{T} create domain app.d as int default 3 constraint pos check (value > 0); alter table app.t add d app.d",
        "alter domain app.d drop default; alter domain app.d set not null; alter domain app.d drop constraint pos;"
        "alter domain app.d add constraint pos check (value > -9)",
        K.TYPE, "d", aspect="definition", approval="every row",
    ),
    "enum": case(
        "create type app.e as enum ('a', 'it''s'); comment on type app.e is 'e'", "drop type app.e", K.TYPE, "e",
    ),
    "domain": case(
        "create domain app.d as int default 3 not null constraint pos check (value > 0)", "drop domain app.d",
        K.TYPE, "d",
    ),
    "composite": case("create type app.c as (a int, \"B c\" text)", "drop type app.c", K.TYPE, "c"),
    "range": case("create type app.r as range (subtype = float8)", "drop type app.r", K.TYPE, "r"),
    "schema": case(
        "create schema other; comment on schema other is 'o'", "drop schema other", K.SCHEMA, "", "", "other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_it_is_as_expected_and_then_as_it_was(workshop: Workshop, case: Case) -> None:
    await heals_and_falls_back(workshop, case)


async def test_an_enum_gets_the_labels_that_it_lacks_in_their_places(workshop: Workshop) -> None:
    enum = case(
        "create type app.e as enum ('a', 'b', 'it''s', 'd')",
        "drop type app.e; create type app.e as enum ('b')", K.TYPE, "e", aspect="definition",
    )  # fmt: skip
    well = await fall_ill(workshop, enum)
    outcome = await workshop.heal(enum.remedy(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.structure() == well


@pytest.mark.parametrize("sick", ["enum ('a', 'b', 'c')", "enum ('b', 'a')", "(x int)"])
async def test_a_type_that_cannot_be_changed_is_refused(workshop: Workshop, sick: str) -> None:
    enum = case(
        "create type app.e as enum ('a', 'b')",
        f"drop type app.e; create type app.e as {sick}; create table app.t (id int, e app.e)", K.TYPE, "e",
        aspect="definition",
    )  # fmt: skip
    await fall_ill(workshop, enum)
    plan = await workshop.plan(enum.remedy(workshop))
    assert "column e of table app.t" in (plan.refusal or "")
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("view", "CREATE VIEW app.v AS SELECT 1; DROP TABLE app.t"),
        ("view", "CREATE VIEW app.other AS SELECT 1 AS id"),
        ("view", "DROP TABLE app.t"),
        ("function", "CREATE FUNCTION app.other() RETURNS int LANGUAGE sql AS 'select 1'"),
        ("trigger", "CREATE TRIGGER x BEFORE UPDATE ON app.other FOR EACH ROW EXECUTE FUNCTION app.f()"),
        ("schema", "CREATE SCHEMA other CREATE TABLE x (id int)"),
        ("policy", "CREATE POLICY q ON app.t"),
    ],
)
async def test_a_definition_of_something_else_is_refused(workshop: Workshop, name: str, definition: str) -> None:
    await fall_ill(workshop, CASES[name])
    workshop.database.execute(
        "update pgmend.expected_object set definition = %s where (kind, object_name) = (%s, %s)",
        [definition, CASES[name].kind.value, CASES[name].name[2]],
    )
    plan = await workshop.plan(CASES[name].remedy(workshop))
    assert plan.refusal
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("name", "gone", "said"),
    [
        ("plain view", "drop table app.t", "app.t"),
        ("trigger", "drop function app.f", "app.f"),
        ("policy", "alter table app.t drop column b", "b"),
        ("trigger of a view", "drop view app.w", "app.w"),
    ],
)
async def test_what_stands_on_something_missing_waits_for_it(
    workshop: Workshop, name: str, gone: str, said: str
) -> None:
    await fall_ill(workshop, CASES[name])
    remedy = CASES[name].remedy(workshop)
    run(workshop, gone)
    plan = await workshop.plan(remedy)
    assert said in (plan.waits_for or "")
    assert plan.steps == ()


async def test_a_view_that_was_changed_after_the_plan_is_left_alone(workshop: Workshop) -> None:
    other = CASES["other view"]
    await fall_ill(workshop, other)
    claim = await workshop.claim(other.remedy(workshop))
    run(workshop, 'create or replace view app.v as select id, a as "A b" from app.t where a > 99')
    sick = workshop.structure()
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert workshop.structure() == sick


@pytest.mark.parametrize("name", ["plain view", "function", "trigger", "policy", "sequence", "statistics"])
async def test_an_undo_leaves_what_somebody_has_changed_since(workshop: Workshop, name: str) -> None:
    changes = {
        "plain view": "create or replace view app.v as select id, a, 'x'::text as b from app.t",
        "function": "alter function app.g cost 77",
        "trigger": "alter table app.t disable trigger x",
        "policy": "alter policy p on app.t using (true)",
        "sequence": "grant all on sequence app.s to pg_monitor",
        "statistics": "alter statistics app.st rename to other; create statistics app.st on id, a from app.t",
    }
    await fall_ill(workshop, CASES[name])
    outcome = await workshop.heal(CASES[name].remedy(workshop))
    run(workshop, changes[name])
    changed = workshop.structure()
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "as the fix left it" in (undone.reason or "")
    assert workshop.structure() == changed


async def test_an_undo_leaves_a_view_that_others_stand_on(workshop: Workshop) -> None:
    await fall_ill(workshop, CASES["plain view"])
    outcome = await workshop.heal(CASES["plain view"].remedy(workshop))
    run(workshop, "create view app.w as select * from app.v")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "app.w" in (undone.reason or "")


async def test_a_view_that_something_else_stands_on_is_not_made_anew(workshop: Workshop) -> None:
    more = CASES["view with a column more"]
    await fall_ill(workshop, more)
    run(workshop, "create function app.rows_of() returns setof app.v language sql as 'select * from app.v'")
    plan = await workshop.plan(more.remedy(workshop))
    assert "app.rows_of()" in (plan.refusal or "")


async def test_what_belongs_to_a_role_that_we_may_not_act_for_is_refused(workshop: Workshop, role: Roles) -> None:
    plain = CASES["plain view"]
    await fall_ill(workshop, plain)
    workshop.database.execute("update pgmend.expected_object set owner = 'nobody_at_all' where kind = 'view'")
    plan = await workshop.plan(plain.remedy(workshop))
    assert "no such role" in (plan.refusal or "")
    stranger = role("nologin").name
    workshop.database.execute("update pgmend.expected_object set owner = %s where kind = 'view'", [stranger])
    plan = await workshop.plan(plain.remedy(workshop))
    assert "grant create on schema" in (plan.refusal or "")


async def test_what_is_made_has_no_rights_by_default_privileges(workshop: Workshop) -> None:
    plain = CASES["plain view"]
    well = await fall_ill(workshop, plain)
    run(workshop, "alter default privileges in schema app grant all on tables to public, pg_monitor")
    outcome = await workshop.heal(plain.remedy(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.structure() == well


async def test_an_unlocked_schema_brings_nothing_back_alone(workshop: Workshop) -> None:
    plain = CASES["plain view"]
    await fall_ill(workshop, plain, replace(LOCKED, locked=False))
    plan = await workshop.plan(plain.remedy(workshop))
    assert plan.undoes_drop
    assert "not locked" in (plan.needs_approval or "")
