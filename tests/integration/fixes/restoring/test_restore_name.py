"""Names, schemas, owners and rights brought back, and taken back again."""

from __future__ import annotations

import pytest
from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.remedy import ChangeColumnType

from tests.support.restoration import COLUMN, NAME, SCHEMA, TABLE, Case, fall_ill, heals_and_falls_back, quoted, run
from tests.support.role import Roles
from tests.support.workshop import Workshop

T = "create table app.t (id int primary key, a int default 3, b text); insert into app.t values (1, 2, 'b');"
V = f"{T} create view app.v as select a from app.t; create materialized view app.m as select a from app.t;"
HOSTILE = quoted(SCHEMA, TABLE)
STRANGE = f"create table {HOSTILE} (id int primary key, {quoted(COLUMN)} text);"
FUNCTION = "create function app.f() returns trigger language plpgsql as 'begin return new; end';"
K = ObjectKind


def renamed(well: str, fault: str, kind: ObjectKind, *name: str, found_as: str, approval: str | None = None) -> Case:
    """An object of that name, which somebody gave another."""
    schema, relation, own = name if len(name) == 3 else ("app", "", *name)
    return Case(well, fault, "name", kind, (schema, relation, own), found_as=found_as, approval=approval)


NAMES = {
    "table": renamed(V, "alter table app.t rename to new", K.TABLE, "t", found_as="new"),
    "column": renamed(V, "alter table app.t rename a to new", K.COLUMN, "app", "t", "a", found_as="new"),
    "constraint": renamed(
        T, "alter table app.t rename constraint t_pkey to new", K.CONSTRAINT, "app", "t", "t_pkey", found_as="new",
    ),
    "index": renamed(
        f"{T} create index i on app.t (a)", "alter index app.i rename to new", K.INDEX, "app", "t", "i", found_as="new",
    ),
    "constraint made anew": renamed(
        T, "alter table app.t drop constraint t_pkey, add constraint new primary key (id)",
        K.CONSTRAINT, "app", "t", "t_pkey", found_as="new",
    ),
    "index made anew": renamed(
        f"{T} create index i on app.t (a)", "drop index app.i; create index new on app.t (a)",
        K.INDEX, "app", "t", "i", found_as="new",
    ),
    "trigger made anew": renamed(
        f"{T} {FUNCTION} create trigger x before update on app.t for each row execute function app.f();",
        "drop trigger x on app.t; create trigger new before update on app.t for each row execute function app.f()",
        K.TRIGGER, "app", "t", "x", found_as="new",
    ),
    "view": renamed(V, "alter view app.v rename to new", K.VIEW, "v", found_as="new"),
    "materialized view": renamed(
        V, "alter materialized view app.m rename to new", K.MATERIALIZED_VIEW, "m", found_as="new",
    ),
    "sequence": renamed("create sequence app.s", "alter sequence app.s rename to new", K.SEQUENCE, "s", found_as="new"),
    "function": renamed(
        "create function app.g(a int) returns int language sql as 'select 1'", "alter function app.g rename to new",
        K.FUNCTION, "g(a integer)", found_as="new(a integer)",
    ),
    "domain": renamed("create domain app.d as int", "alter domain app.d rename to new", K.TYPE, "d", found_as="new"),
    "trigger": renamed(
        f"{T} {FUNCTION} create trigger x before update on app.t for each row execute function app.f();",
        "alter trigger x on app.t rename to new", K.TRIGGER, "app", "t", "x", found_as="new",
    ),
    "rule": renamed(
        f"{T} create rule r as on delete to app.t do instead nothing", "alter rule r on app.t rename to new", K.RULE,
        "app", "t", "r", found_as="new",
    ),
    "policy": renamed(
        f"{T} create policy p on app.t", "alter policy p on app.t rename to new", K.POLICY, "app", "t", "p",
        found_as="new",
    ),
    "statistics": renamed(
        f"{T} create statistics app.st on a, b from app.t", "alter statistics app.st rename to new", K.STATISTICS,
        "app", "t", "st", found_as="new",
    ),
    "schema": renamed(
        "create schema other", "alter schema other rename to new", K.SCHEMA, "", "", "other", found_as="new",
    ),
    "column with hostile names": renamed(
        STRANGE, f"alter table {HOSTILE} rename {quoted(COLUMN)} to {quoted(NAME)}", K.COLUMN, SCHEMA, TABLE, COLUMN,
        found_as=NAME,
    ),
    "what a function names": renamed(
        f"{T} create function app.g() returns int language sql as $$ select 1 as \"new\" $$",
        "alter table app.t rename to new", K.TABLE, "t", found_as="new", approval="app.g()",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES.values(), ids=NAMES)
async def test_a_name_comes_back_and_goes_again(workshop: Workshop, case: Case) -> None:
    await heals_and_falls_back(workshop, case)
    run(workshop, "drop schema if exists other; drop schema if exists new")


@pytest.mark.parametrize(
    ("well", "fault", "kind", "name"),
    [
        (T, "alter table app.t set schema", K.TABLE, "t"),
        ("create function app.g() returns int language sql as 'select 1';", "alter function app.g set schema",
         K.FUNCTION, "g()"),
        ("create type app.e as enum ('a');", "alter type app.e set schema", K.TYPE, "e"),
    ],
)  # fmt: skip
async def test_what_was_moved_to_another_schema_comes_back(
    workshop: Workshop, well: str, fault: str, kind: ObjectKind, name: str
) -> None:
    case = renamed(well, f"{fault} {quoted(SCHEMA)}", kind, name, found_as=name)
    await heals_and_falls_back(workshop, case)


@pytest.mark.parametrize("first", ["the name", "the type"])
async def test_a_name_comes_back_beside_a_type_that_makes_the_index_anew_and_both_are_undone(
    workshop: Workshop, first: str
) -> None:
    case = renamed(
        f"{T} create index i on app.t (b)",
        "alter index app.i rename to new; alter table app.t alter b type varchar(400)",
        K.INDEX, "app", "t", "i", found_as="new",
    )  # fmt: skip
    well = await fall_ill(workshop, case)
    sick = workshop.structure()
    name = case.remedy(workshop)
    of_type = ChangeColumnType(workshop.oid("app.t"), 3, "text", restores=True)
    outcomes = [await workshop.heal(each) for each in ((name, of_type) if first == "the name" else (of_type, name))]
    assert [each.state for each in outcomes] == ["applied", "applied"]
    assert workshop.structure() == well
    undone = [await workshop.roll_back(each) for each in reversed(outcomes)]
    assert [(each.state, each.reason) for each in undone] == [("rolled_back", None)] * 2
    assert workshop.structure() == sick


async def test_a_name_that_another_one_has_by_now_is_not_taken(workshop: Workshop) -> None:
    case = NAMES["view"]
    await fall_ill(workshop, case)
    run(workshop, "create table app.v (id int)")
    plan = await workshop.plan(case.remedy(workshop))
    assert "by now" in (plan.refusal or "")


async def test_what_is_on_a_renamed_table_waits_for_its_name(workshop: Workshop) -> None:
    case = Case(
        f"{T} create policy p on app.t", "drop policy p on app.t; alter table app.t rename to new", "existence",
        K.POLICY, ("app", "t", "p"), found_as="new",
    )  # fmt: skip
    await fall_ill(workshop, case)
    remedy = case.remedy(workshop)
    object.__setattr__(remedy, "table", workshop.oid("app.new"))
    plan = await workshop.plan(remedy)
    assert "app.new" in (plan.waits_for or "")
    outcome = await workshop.heal(remedy)
    assert outcome.state == "superseded", "it was approved too early, which is no failure"
    assert "app.new" in (outcome.reason or "")


OWNED = {
    "table": (T, "table app.t", K.TABLE, "t"),
    "view": (V, "view app.v", K.VIEW, "v"),
    "function": ("create function app.g() returns int language sql as 'select 1'", "function app.g", K.FUNCTION, "g()"),
    "sequence": ("create sequence app.s", "sequence app.s", K.SEQUENCE, "s"),
    "type": ("create type app.e as enum ('a')", "type app.e", K.TYPE, "e"),
    "statistics": (f"{T} create statistics app.st on a, b from app.t", "statistics app.st", K.STATISTICS, "st"),
}


@pytest.mark.parametrize(("well", "what", "kind", "name"), OWNED.values(), ids=OWNED)
async def test_an_owner_comes_back_and_goes_again(
    workshop: Workshop, role: Roles, well: str, what: str, kind: ObjectKind, name: str
) -> None:
    owner, thief = role().name, role(name=f'pgmend "ñ" {role().name}'[:60]).name
    relation = "t" if kind is K.STATISTICS else ""
    able = f"grant create on schema app to {quoted(owner)}, {quoted(thief)};"
    case = Case(
        f"{well}; {able} alter {what} owner to {quoted(owner)}", f"alter {what} owner to {quoted(thief)}", "owner",
        kind, ("app", relation, name), approval="who owns it",
    )  # fmt: skip
    await heals_and_falls_back(workshop, case)


async def test_rights_that_the_owner_had_before_survive_the_undo(workshop: Workshop, role: Roles) -> None:
    owner, thief = role().name, role().name
    case = Case(
        f"{T} grant create on schema app to {owner}, {thief}; alter table app.t owner to {owner};"
        f"grant select on app.t to {thief}; grant update on app.t to pg_monitor",
        f"alter table app.t owner to {thief}; grant delete on app.t to {owner}", "owner", K.TABLE, ("app", "", "t"),
        approval="who owns it", heals_to_the_letter=False,
    )  # fmt: skip
    await heals_and_falls_back(workshop, case)


async def test_an_owner_who_is_gone_is_refused(workshop: Workshop) -> None:
    case = Case(T, "comment on table app.t is 'x'", "owner", K.TABLE, ("app", "", "t"), "CREATE TABLE app.t ()",
                owner="nobody_at_all")  # fmt: skip
    await fall_ill(workshop, case)
    plan = await workshop.plan(case.remedy(workshop))
    assert "no such role" in (plan.refusal or "")


RIGHTS = {
    "table": (
        f"{T} grant select, update on app.t to pg_monitor; grant insert on app.t to pg_read_all_data with grant option",
        "revoke update on app.t from pg_monitor; revoke grant option for insert on app.t from pg_read_all_data;"
        "grant delete on app.t to public",
        K.TABLE, ("app", "", "t"),
    ),
    "table without any": (T, "grant all on app.t to pg_monitor", K.TABLE, ("app", "", "t")),
    "column": (
        f"{T} grant select (a) on app.t to pg_monitor", "revoke select (a) on app.t from pg_monitor;"
        "grant update (a) on app.t to public", K.COLUMN, ("app", "t", "a"),
    ),
    "column with hostile names": (
        f"{STRANGE} grant select ({quoted(COLUMN)}) on {HOSTILE} to pg_monitor",
        f"revoke select ({quoted(COLUMN)}) on {HOSTILE} from pg_monitor", K.COLUMN, (SCHEMA, TABLE, COLUMN),
    ),
    "function": (
        "create function app.g() returns int language sql as 'select 1'; revoke all on function app.g from public",
        "grant execute on function app.g to public, pg_monitor", K.FUNCTION, ("app", "", "g()"),
    ),
    "sequence": (
        "create sequence app.s; grant usage on sequence app.s to pg_monitor",
        "revoke all on sequence app.s from pg_monitor", K.SEQUENCE, ("app", "", "s"),
    ),
    "schema": (
        "grant usage on schema app to pg_monitor", "revoke usage on schema app from pg_monitor;"
        "grant create on schema app to public", K.SCHEMA, ("", "", "app"),
    ),
    "type": (
        "create type app.e as enum ('a'); revoke usage on type app.e from public",
        "grant usage on type app.e to public", K.TYPE, ("app", "", "e"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("well", "fault", "kind", "name"), RIGHTS.values(), ids=RIGHTS)
async def test_rights_come_back_and_go_again(
    workshop: Workshop, well: str, fault: str, kind: ObjectKind, name: tuple[str, str, str]
) -> None:
    case = Case(well, fault, "grants", kind, name, approval="which rights", heals_to_the_letter=False)
    plan, _ = await heals_and_falls_back(workshop, case)
    assert any(each.startswith(("grant", "revoke")) for each in plan.steps[0].statements)


async def test_rights_that_others_have_passed_on_are_taken_from_the_end(workshop: Workshop, role: Roles) -> None:
    first, second = role().name, role().name
    case = Case(
        f"{T} grant usage on schema app to public", f"grant select on app.t to {first} with grant option;"
        f"set role {first}; grant select on app.t to {second}; reset role", "grants", K.TABLE, ("app", "", "t"),
        approval="which rights", heals_to_the_letter=False,
    )  # fmt: skip
    await heals_and_falls_back(workshop, case)
