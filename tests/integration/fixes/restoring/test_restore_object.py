"""Views, functions, triggers, rules, policies, types, sequences and statistics brought back, and taken back again."""

from __future__ import annotations

import pytest
from pgmend.listener.expected.portrait import ObjectKind

from tests.support.restoration import COLUMN, NAME, SCHEMA, TABLE, Case, heals_and_falls_back, quoted
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
