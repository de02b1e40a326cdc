"""A column's default and nullability, comments, firing states and row security brought back, and taken back again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

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
from tests.support.workshop import Workshop

T = "create table app.t (id int primary key, a int default 7, b text); insert into app.t values (1, 2, 'b');"
HOSTILE = quoted(SCHEMA, TABLE)
FUNCTION = "create function app.f() returns trigger language plpgsql as 'begin return new; end';"
TRIGGER = f"{T} {FUNCTION} create trigger stamp before update on app.t for each row execute function app.f();"
STRANGE = f"create table {HOSTILE} (id int primary key, {quoted(COLUMN)} text);"

CASES = {
    "default dropped": Case(
        T, "alter table app.t alter a drop default", "default", ObjectKind.COLUMN, ("app", "t", "a"),
        fields={"default": "7"},
    ),
    "default changed": Case(
        T, "alter table app.t alter a set default 1 + 3", "default", ObjectKind.COLUMN, ("app", "t", "a"),
        fields={"default": "7"},
    ),
    "default added": Case(
        T, "alter table app.t alter b set default 'x'", "default", ObjectKind.COLUMN, ("app", "t", "b"),
    ),
    "default of a sequence": Case(
        f"{T} create sequence app.s; alter table app.t alter a set default nextval('app.s')",
        "alter table app.t alter a drop default", "default", ObjectKind.COLUMN, ("app", "t", "a"),
        fields={"default": "nextval('app.s'::regclass)"},
    ),
    "default with hostile names": Case(
        f"{STRANGE} alter table {HOSTILE} alter {quoted(COLUMN)} set default 'it''s %s {{}} \\ $$'",
        f"alter table {HOSTILE} alter {quoted(COLUMN)} set default 'é'",
        "default", ObjectKind.COLUMN, (SCHEMA, TABLE, COLUMN), fields={"default": "'it''s %s {} \\ $$'::text"},
    ),
    "not null dropped": Case(
        f"{T} alter table app.t alter b set not null", "alter table app.t alter b drop not null", "nullability",
        ObjectKind.COLUMN, ("app", "t", "b"), fields={"not_null": "true"},
    ),
    "not null under a name of its own": Case(
        f"{T} alter table app.t add constraint {quoted(NAME)} not null b", "alter table app.t alter b drop not null",
        "nullability", ObjectKind.COLUMN, ("app", "t", "b"), fields={"not_null": "true", "not_null_name": NAME},
    ),
    "not null whose name another table has, too": Case(
        f"{T} alter table app.t alter b set not null; create table app.u (c int constraint t_b_not_null not null)",
        "alter table app.t alter b drop not null", "nullability", ObjectKind.COLUMN, ("app", "t", "b"),
        fields={"not_null": "true"},
    ),
    "not null whose name a check has by now": Case(
        f"{T} alter table app.t add constraint present not null b",
        "alter table app.t alter b drop not null; alter table app.t add constraint present check (b <> 'x')",
        "nullability", ObjectKind.COLUMN, ("app", "t", "b"), fields={"not_null": "true", "not_null_name": "present"},
        heals_to_the_letter=False,
    ),
    "not null under a name of its own added": Case(
        T, "alter table app.t add constraint present not null b", "nullability", ObjectKind.COLUMN, ("app", "t", "b"),
    ),
    "not null added": Case(
        T, "alter table app.t alter b set not null", "nullability", ObjectKind.COLUMN, ("app", "t", "b"),
    ),
    "not null of a parent": Case(
        f"{T} create table app.child () inherits (app.t); alter table app.t alter b set not null",
        "alter table app.t alter b drop not null", "nullability", ObjectKind.COLUMN, ("app", "t", "b"),
        fields={"not_null": "true"},
    ),
    "not null with hostile names": Case(
        f"{STRANGE} alter table {HOSTILE} alter {quoted(COLUMN)} set not null",
        f"alter table {HOSTILE} alter {quoted(COLUMN)} drop not null", "nullability", ObjectKind.COLUMN,
        (SCHEMA, TABLE, COLUMN), fields={"not_null": "true"},
    ),
    "comment on a table": Case(
        f"{T} comment on table app.t is 'it''s \\ {{}} %s'", "comment on table app.t is null", "comment",
        ObjectKind.TABLE, ("app", "", "t"), comment="it's \\ {} %s",
    ),
    "comment on a column": Case(
        T, "comment on column app.t.b is 'wrong'", "comment", ObjectKind.COLUMN, ("app", "t", "b"),
    ),
    "comment with hostile names": Case(
        f"{STRANGE} create index {quoted(NAME)} on {HOSTILE} ({quoted(COLUMN)});"
        f"comment on index {quoted(SCHEMA, NAME)} is 'a'",
        f"comment on index {quoted(SCHEMA, NAME)} is 'b'", "comment", ObjectKind.INDEX, (SCHEMA, TABLE, NAME),
        comment="a",
    ),
    "comment on a function": Case(
        "create function app.f(a int, variadic b text[]) returns int language sql as 'select 1';"
        "comment on function app.f is 'one'",
        "comment on function app.f is null", "comment", ObjectKind.FUNCTION,
        ("app", "", "f(a integer, VARIADIC b text[])"), comment="one",
    ),
    "comment on a trigger": Case(
        f"{TRIGGER} comment on trigger stamp on app.t is 'why'", "comment on trigger stamp on app.t is null",
        "comment", ObjectKind.TRIGGER, ("app", "t", "stamp"), comment="why",
    ),
    "comment on a constraint": Case(
        f"{T} comment on constraint t_pkey on app.t is 'why'", "comment on constraint t_pkey on app.t is null",
        "comment", ObjectKind.CONSTRAINT, ("app", "t", "t_pkey"), comment="why",
    ),
    "comment on a schema": Case(
        "comment on schema app is 'all'", "comment on schema app is null", "comment", ObjectKind.SCHEMA,
        ("", "", "app"), comment="all",
    ),
    "comment on a policy": Case(
        f"{T} create policy p on app.t; comment on policy p on app.t is 'x'", "comment on policy p on app.t is null",
        "comment", ObjectKind.POLICY, ("app", "t", "p"), comment="x",
    ),
    "comment on a domain": Case(
        "create domain app.d as int; comment on domain app.d is 'x'", "comment on domain app.d is 'y'",
        "comment", ObjectKind.TYPE, ("app", "", "d"), comment="x",
    ),
    "trigger disabled": Case(
        TRIGGER, "alter table app.t disable trigger stamp", "enabled", ObjectKind.TRIGGER, ("app", "t", "stamp"),
        fields={"enabled": "O"},
    ),
    "trigger that fires always": Case(
        f"{TRIGGER} alter table app.t enable always trigger stamp", "alter table app.t enable trigger stamp",
        "enabled", ObjectKind.TRIGGER, ("app", "t", "stamp"), fields={"enabled": "A"},
    ),
    "trigger enabled": Case(
        f"{TRIGGER} alter table app.t disable trigger stamp", "alter table app.t enable trigger stamp",
        "enabled", ObjectKind.TRIGGER, ("app", "t", "stamp"), fields={"enabled": "D"}, approval="from firing",
    ),
    "rule disabled": Case(
        f"{T} create rule r as on delete to app.t do instead nothing", "alter table app.t disable rule r",
        "enabled", ObjectKind.RULE, ("app", "t", "r"), fields={"enabled": "O"},
    ),
    "row security disabled": Case(
        f"{T} alter table app.t enable row level security, force row level security",
        "alter table app.t disable row level security, no force row level security",
        "row_security", ObjectKind.TABLE, ("app", "", "t"),
        fields={"row_security": "true", "force_row_security": "true"}, approval="who sees which rows",
    ),
    "row security enabled": Case(
        T, "alter table app.t enable row level security", "row_security", ObjectKind.TABLE, ("app", "", "t"),
        approval="who sees which rows",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_it_is_as_expected_and_then_as_it_was(workshop: Workshop, case: Case) -> None:
    await heals_and_falls_back(workshop, case)


async def test_rows_without_a_value_are_shown_before_anything_is_changed(workshop: Workshop) -> None:
    case = CASES["not null dropped"]
    await fall_ill(workshop, case)
    run(workshop, "insert into app.t values (5), (6)")
    sick = workshop.structure()
    outcome = await workshop.heal(case.remedy(workshop))
    assert outcome.state == "refused"
    assert sorted(outcome.proofs[0].counter_examples) == ["id=5", "id=6"]
    assert workshop.structure() == sick


async def test_an_undo_of_a_nullable_column_refuses_rows_that_came_meanwhile(workshop: Workshop) -> None:
    case = CASES["not null added"]
    await fall_ill(workshop, case)
    outcome = await workshop.heal(case.remedy(workshop))
    healed = workshop.structure()
    run(workshop, "insert into app.t values (5)")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "id=5" in (undone.reason or "")
    assert workshop.structure() == healed


async def test_an_undo_that_finds_another_default_leaves_it(workshop: Workshop) -> None:
    case = CASES["default dropped"]
    await fall_ill(workshop, case)
    outcome = await workshop.heal(case.remedy(workshop))
    run(workshop, "alter table app.t alter a set default 9")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "as the fix left it" in (undone.reason or "")
    assert ("9",) in workshop.database.fetch("select pg_get_expr(adbin, adrelid) from pg_attrdef")


async def test_a_comment_that_is_written_while_the_fix_waits_makes_its_plan_stale(workshop: Workshop) -> None:
    case = CASES["comment on a function"]
    await fall_ill(workshop, case)
    claim = await workshop.claim(case.remedy(workshop))
    run(workshop, "comment on function app.f is 'newer'")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert ("newer",) in workshop.database.fetch("select description from pg_description where classoid = 1255")


async def test_a_default_waits_for_what_it_names(workshop: Workshop) -> None:
    case = CASES["default of a sequence"]
    await fall_ill(workshop, case)
    run(workshop, "drop sequence app.s")
    plan = await workshop.plan(case.remedy(workshop))
    assert "app.s" in (plan.waits_for or "")
    assert plan.steps == ()


async def test_a_default_that_is_no_expression_is_refused(workshop: Workshop) -> None:
    for evil in ("1; drop table app.t", "1, drop column b", "1) --", "1 from app.t"):
        case = Case(T, CASES["default dropped"].fault, "default", ObjectKind.COLUMN, ("app", "t", "a"),
                    fields={"default": evil})  # fmt: skip
        await fall_ill(workshop, case)
        plan = await workshop.plan(case.remedy(workshop))
        assert plan.refusal
        assert plan.steps == ()


async def test_what_is_only_reported_waits_for_approval(workshop: Workshop) -> None:
    case = CASES["default dropped"]
    await fall_ill(workshop, case, replace(LOCKED, locked=False))
    plan = await workshop.plan(case.remedy(workshop))
    assert "not locked" in (plan.needs_approval or "")


async def test_what_nobody_expects_is_refused(workshop: Workshop) -> None:
    case = CASES["default dropped"]
    await fall_ill(workshop, case)
    workshop.database.execute("delete from pgmend.expected_object")
    plan = await workshop.plan(case.remedy(workshop))
    assert "says nothing" in (plan.refusal or "")


ROWS = (
    "create domain app.plain as int; create domain app.checked as int check (value <> 7);"
    "create domain app.upon as app.checked; create table app.t (id int primary key, {column});"
    "insert into app.t (id) select generate_series(1, 5000);"
)
DROPPED = {
    "a constant": ("c int not null default 7", False, 7),
    "a constant that is computed": ("c timestamptz default now()", False, None),
    "another value for each row": ("c float8 default random()", False, None),
    "a number from a sequence": ("c bigserial", False, None),
    "a plain domain": ("c app.plain default 3", False, None),
    "a domain that checks": ("c app.checked", True, None),
    "a domain upon one that checks": ("c app.upon", True, None),
    "an identity": ("c int generated always as identity", True, 1),
    "what is stored of others": ("c int generated always as (id + 1) stored", True, 2),
}


@pytest.mark.parametrize("name", DROPPED)
async def test_a_dropped_column_comes_back_without_a_rewrite_or_is_known_to_need_one(
    workshop: Workshop, name: str
) -> None:
    column, rewrites, first = DROPPED[name]
    case = Case(
        ROWS.format(column=column), "alter table app.t drop c", "existence", ObjectKind.COLUMN, ("app", "t", "c")
    )
    await fall_ill(workshop, case)
    file = "select pg_relation_filenode('app.t')"
    before = workshop.database.value(file.encode())
    remedy = case.remedy(workshop)
    workshop.limits = replace(workshop.limits, online_above=timedelta(seconds=10))
    plan = await workshop.plan(remedy)
    assert (plan.refusal, plan.waits_for) == (None, None) or "app.t_c_seq" in (plan.waits_for or "")
    assert any(step.rewrites for step in plan.steps) == rewrites
    if plan.steps:
        assert (await workshop.heal(remedy)).state == "applied"
        assert (workshop.database.value(file.encode()) != before) == rewrites
        assert workshop.database.value("select c from app.t order by id limit 1") == first


async def test_a_column_that_writes_a_large_table_anew_is_refused_above_online_above(workshop: Workshop) -> None:
    case = Case(
        ROWS.format(column="c app.upon"), "alter table app.t drop c", "existence", ObjectKind.COLUMN, ("app", "t", "c")
    )
    await fall_ill(workshop, case)
    workshop.limits = replace(workshop.limits, online_above=timedelta(milliseconds=5))
    plan = await workshop.plan(case.remedy(workshop))
    assert "to add it writes app.t anew, which would block everybody for about" in (plan.refusal or "")
