"""A column gets its other type or stays as it is, and the undo keeps what was written since."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pgmend.listener.connection import connect
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.fixes.plan import CastClass, Hazard, Plan
from pgmend.listener.fixes.planner import plan_fix
from pgmend.listener.fixes.rehearsal.rehearsal import is_rehearsed
from pgmend.listener.remedy import ChangeColumnType

from tests.support.role import Roles
from tests.support.workshop import LIMITS, Workshop

APP = """
create schema app;
create table app.sessions (id int primary key, user_id {type}, seen text);
insert into app.sessions values {rows};
create index sessions_user_id_idx on app.sessions (user_id);
"""
NUMBERS = "(1, '1'), (2, '20'), (3, '-3'), (4, null)"
SPELLINGS = "(1, '007'), (2, ' 7'), (3, '+7'), (4, '7'), (5, null), (6, '0008'), (7, '09')"


def setup(workshop: Workshop, rows: str = NUMBERS, type_name: str = "text", more: str = "") -> None:
    workshop.database.execute((APP.format(type=type_name, rows=rows) + more).encode())


def to_type(workshop: Workshop, type_name: str = "integer", *, restores: bool = False) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.sessions"), 2, type_name, restores)


def values(workshop: Workshop) -> dict[int, Any]:
    return dict(workshop.database.fetch("select id, user_id from app.sessions order by id"))


def type_of(workshop: Workshop) -> str:
    return workshop.database.value(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'app.sessions'::regclass and attnum = 2"
    )


def at(point: str, workshop: Workshop, statement: str) -> Callable[[str], Awaitable[None]]:
    """A checkpoint at which somebody else runs a statement."""

    async def checkpoint(reached: str) -> None:
        if reached == point:
            await asyncio.to_thread(workshop.database.execute, statement.encode())

    return checkpoint


# What a plan says


async def test_a_restore_by_an_exact_cast_needs_nobodys_approval(workshop: Workshop) -> None:
    setup(workshop)
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert (plan.restores, plan.cast_class, plan.needs_approval) == (True, CastClass.EXACT, None)
    assert (plan.refusal, plan.waits_for, plan.affected_rows, plan.backups) == (None, None, 4, ())
    assert plan.hazards == (
        Hazard.ACCESS_EXCLUSIVE_LOCK,
        Hazard.TABLE_REWRITE,
        Hazard.NOT_MVCC_SAFE,
        Hazard.FULL_SCAN,
        Hazard.RESULT_TYPE_CHANGES,
        Hazard.ORDER_CHANGES,
    )
    assert [(lock.mode, lock.relation) for lock in plan.locks] == [("ACCESS EXCLUSIVE", "app.sessions")]
    assert plan.proofs[0].figures == "4 rows: 4 exact, 0 canonical, 0 lossy."
    assert [(step.transactional, step.long_running) for step in plan.steps] == [(True, False)]


async def test_what_is_no_restore_is_rehearsed_instead_of_waiting_for_approval(workshop: Workshop) -> None:
    setup(workshop)
    plan = await workshop.plan(to_type(workshop))
    restore = await workshop.plan(to_type(workshop, restores=True))
    assert (plan.needs_approval, is_rehearsed(plan), is_rehearsed(restore)) == (None, True, False)


async def test_a_restore_that_respells_waits_for_approval_and_shows_what(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS)
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert plan.cast_class is CastClass.CANONICAL
    assert (plan.needs_approval or "").startswith("5 values would be spelled otherwise")
    assert Hazard.SPELLING_CHANGES in plan.hazards
    assert "id=1: '007' becomes 7 (canonical)" in plan.proofs[0].counter_examples


async def test_a_lossy_cast_is_refused_with_the_rows(workshop: Workshop) -> None:
    setup(workshop, "(1, '7'), (2, 'x'), (3, '2.5'), (4, '99999999999'), (5, '')")
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert plan.cast_class is CastClass.LOSSY
    assert "4 of 5 values have no place in integer" in (plan.refusal or "")
    for shown in ("id=2: 'x' becomes nothing (lossy)", "id=4: '99999999999'", "id=5: ''"):
        assert shown in (plan.refusal or "")
    assert (plan.steps, plan.inverse) == ((), ())


async def test_of_a_long_value_only_its_beginning_is_kept(workshop: Workshop) -> None:
    token = "secret-7f1c2b3a4d5e6f708192a3b4c5d6e7f8"
    setup(workshop, f"(1, '{token}')")
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert "id=1: 'secret-7…' becomes nothing" in (plan.refusal or "")
    assert token not in plan.to_json()


async def test_of_a_long_value_that_comes_later_only_its_beginning_is_kept(workshop: Workshop) -> None:
    token = "secret-7f1c2b3a4d5e6f708192a3b4c5d6e7f8"
    setup(workshop)
    later = f"insert into app.sessions values (9, '{token}')"
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply proved", workshop, later))
    assert outcome.state == "refused"
    assert "id=9, value=secret-7…" in (outcome.reason or "")
    steps = "select string_agg(error, '') from pgmend.fix_step"
    assert token not in workshop.database.value(steps)


async def test_what_depends_on_the_time_zone_is_refused_even_without_rows_that_show_it(workshop: Workshop) -> None:
    setup(workshop, "(1, '2020-01-01 00:00:00+00')", "timestamptz")
    plan = await workshop.plan(to_type(workshop, "text", restores=True))
    assert "time zone" in (plan.refusal or "")


async def test_a_change_that_would_block_too_long_waits_where_no_other_way_is_on(workshop: Workshop) -> None:
    setup(workshop)
    workshop.limits = LIMITS.__class__(online_changes=False, online_above=timedelta(milliseconds=1))
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert (plan.waits_for or "").startswith(
        "the online column change, which is off (online_changes): ALTER TYPE would"
    )
    assert (plan.steps, plan.inverse, plan.cast_class) == ((), (), CastClass.EXACT)
    assert (plan.estimate_ms or 0) > 1


async def test_a_change_that_would_block_too_long_goes_another_way_and_by_approval(workshop: Workshop) -> None:
    setup(workshop)
    workshop.limits = LIMITS.__class__(online_changes=True, online_above=timedelta(milliseconds=1))
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert plan.summary == 'Change app.sessions."user_id" from text to integer while everybody writes'
    assert (plan.waits_for, plan.cast_class) == (None, CastClass.EXACT)
    assert (plan.needs_approval or "").startswith("The column comes last in its table")
    assert Hazard.COLUMN_ORDER in plan.hazards
    assert not {Hazard.TABLE_REWRITE, Hazard.NOT_MVCC_SAFE} & set(plan.hazards)


async def test_a_plan_survives_json(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS, more="create view app.v as select user_id from app.sessions")
    plan = await workshop.plan(to_type(workshop))
    assert Plan.from_json(plan.to_json()) == plan


async def test_a_type_that_holds_all_values_needs_neither_rewrite_nor_scan(workshop: Workshop) -> None:
    setup(workshop, "(1, 'a'), (2, 'b ')", "varchar(5)")
    file = "select relfilenode from pg_class where oid = 'app.sessions'::regclass"
    before = workshop.database.value(file)
    plan = await workshop.plan(to_type(workshop, "varchar(9)"))
    assert not {Hazard.TABLE_REWRITE, Hazard.FULL_SCAN, Hazard.ORDER_CHANGES} & set(plan.hazards)
    outcome = await workshop.heal(to_type(workshop, "varchar(9)"))
    assert (outcome.state, type_of(workshop)) == ("applied", "character varying(9)")
    assert workshop.database.value(file) == before


# There and back


async def test_text_becomes_integer_and_text_again(workshop: Workshop) -> None:
    setup(workshop)
    before = workshop.structure()
    outcome = await workshop.heal(to_type(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (type_of(workshop), values(workshop)) == ("integer", {1: 1, 2: 20, 3: -3, 4: None})
    workshop.database.execute("insert into app.sessions values (100, 7); delete from app.sessions where id = 1")
    workshop.database.execute("update app.sessions set user_id = 21 where id = 2")
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.structure() == before
    assert values(workshop) == {2: "21", 3: "-3", 4: None, 100: "7"}
    assert workshop.leftovers() == []


async def test_the_planner_knows_the_columns_values_again(workshop: Workshop) -> None:
    setup(workshop, more="analyze app.sessions")
    known = (
        "select most_common_vals::text || n_distinct from pg_stats where tablename = 'sessions' and attname = 'user_id'"
    )
    known = "select count(*) from pg_stats where tablename = 'sessions' and attname = 'user_id'"
    assert workshop.database.value(known) == 1
    outcome = await workshop.heal(to_type(workshop))
    assert workshop.database.value(known) == 1
    await workshop.roll_back(outcome)
    assert workshop.database.value(known) == 1


async def test_spellings_come_back_by_key_where_nobody_wrote_since(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS)
    outcome = await workshop.heal(to_type(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert values(workshop) == {1: 7, 2: 7, 3: 7, 4: 7, 5: None, 6: 8, 7: 9}
    workshop.database.execute(
        "update app.sessions set user_id = 70 where id = 2; delete from app.sessions where id = 6;"
        "update app.sessions set user_id = 7, seen = 'yes' where id = 3; insert into app.sessions values (8, 7);"
        "update app.sessions set user_id = null where id = 7"
    )
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert values(workshop) == {1: "007", 2: "70", 3: "+7", 4: "7", 5: None, 7: None, 8: "7"}
    assert workshop.database.value("select seen from app.sessions where id = 3") == "yes"


async def test_no_trigger_sees_the_undo(workshop: Workshop) -> None:
    setup(
        workshop,
        SPELLINGS,
        more="""
        create table app.audit (said text);
        create function app.note() returns trigger language plpgsql as
          $$ begin insert into app.audit values (tg_name); new.seen = 'touched'; return new; end $$;
        create trigger a before update on app.sessions for each row execute function app.note();
        create trigger b before update of user_id on app.sessions for each row execute function app.note();
        create trigger c after update on app.sessions for each row execute function app.note();
        create trigger d before insert or update on app.sessions for each row execute function app.note();
        alter table app.sessions enable always trigger a; alter table app.sessions disable trigger c;
        alter table app.sessions enable replica trigger d;
        """,
    )
    states = "select tgname::text, tgenabled::text from pg_trigger where not tgisinternal order by 1"
    before = workshop.database.fetch(states)
    outcome = await workshop.heal(to_type(workshop))
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert values(workshop)[1] == "007"
    assert workshop.database.value("select count(*) from app.audit") == 0
    assert workshop.database.value("select count(*) from app.sessions where seen is not null") == 0
    assert workshop.database.fetch(states) == before


@pytest.mark.parametrize(
    ("key", "rows", "old", "new"),
    [
        ("alter table app.sessions drop constraint sessions_pkey, add primary key (user_id)",
         "(1, '007'), (2, '8'), (3, '+9')", "text", "integer"),
        ("alter table app.sessions drop constraint sessions_pkey, alter id set not null, alter user_id set not null,"
         " add unique (user_id, id)", "(1, '007'), (2, '07'), (3, '9')", "text", "bigint"),
        ("create type app.mood as enum ('sad', 'glad'); alter table app.sessions drop constraint sessions_pkey,"
         " add \"K é\" app.mood not null default 'sad'; alter table app.sessions add primary key (\"K é\", id)",
         "(1, '007'), (2, '07')", "varchar(5)", "integer"),
        ("", "(1, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), (2, '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12}')",
         "text", "uuid"),
        ("", "(1, 2.0), (2, 3)", "numeric", "integer"),
        ("", "(1, '1.5'), (2, '1e1'), (3, '2.50')", "text", "numeric(5,2)"),
        ("", "(1, '2020-01-01T10:00'), (2, '2020-01-01 10:00:00')", "text", "timestamp"),
        ("", "(1, 'yes'), (2, 'false')", "varchar(9)", "boolean"),
        ("", "(1, '{\"b\":1,  \"a\":2}'), (2, '[1]')", "json", "jsonb"),
    ],
)  # fmt: skip
async def test_spellings_come_back_whatever_the_key_and_the_types(
    workshop: Workshop, key: str, rows: str, old: str, new: str
) -> None:
    if "json" in (old, new):
        workshop.database.execute(
            f"create schema app; create table app.sessions (id int primary key, user_id {old}, seen text);"
            f"insert into app.sessions values {rows}".encode()
        )
        if workshop.connection.info.server_version < 160000:
            pytest.skip("before 16 the server cannot tell JSON with a key twice")
    else:
        setup(workshop, rows, old, key)
    as_text = "select id, user_id::text from app.sessions order by id"
    before, structure = workshop.database.fetch(as_text), workshop.structure()
    plan = await workshop.plan(to_type(workshop, new))
    assert (plan.refusal, plan.cast_class) == (None, CastClass.CANONICAL)
    outcome = await workshop.heal(to_type(workshop, new))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.fetch(as_text) != before
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.database.fetch(as_text) == before
    assert workshop.structure() == structure


async def test_without_a_key_no_spelling_is_given_up(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS, more="alter table app.sessions drop constraint sessions_pkey")
    plan = await workshop.plan(to_type(workshop))
    assert "Cure: a primary key" in (plan.refusal or "")
    workshop.database.execute("delete from app.sessions where user_id ~ '^[ +0]'")
    assert (await workshop.plan(to_type(workshop))).refusal is None


async def test_the_backup_is_nobody_elses_and_goes_with_the_undo(workshop: Workshop, role: Roles) -> None:
    reader = role("nologin")
    setup(
        workshop,
        SPELLINGS,
        more=f"alter default privileges grant select on tables to {reader.name};"
        "alter default privileges grant all on tables to public",
    )
    plan = await workshop.plan(to_type(workshop), fix_id := uuid4())
    assert plan.backups == (f"pgmend_backup.spelling_{fix_id.hex}",)
    outcome = await workshop.heal(to_type(workshop))
    backup = f"pgmend_backup.spelling_{outcome.fix_id.hex}"
    rights = (
        "select relrowsecurity, has_table_privilege(%s, oid, 'select'), has_table_privilege('public', oid, 'select')"
        " from pg_class where oid = %s::regclass"
    )
    assert workshop.database.fetch(rights, [reader.name, backup]) == [(True, False, False)]
    assert workshop.database.fetch(f"select key_1, given, spelling from {backup} order by 1".encode()) == [
        (1, 7, "007"), (2, 7, " 7"), (3, 7, "+7"), (6, 8, "0008"), (7, 9, "09"),
    ]  # fmt: skip
    of_it = "select relation_oid::regclass::text, kind, row_count, bytes > 0, fix_id from pgmend.backup"
    assert workshop.database.fetch(of_it) == [(backup, "spelling", 5, True, outcome.fix_id)]
    await workshop.roll_back(outcome)
    assert workshop.database.fetch(of_it) == []
    assert workshop.database.value("select to_regclass(%s)", [backup]) is None
    assert (
        workshop.database.value("select count(*) from pg_proc where pronamespace = 'pgmend_backup'::regnamespace") == 0
    )


NAMES = [
    ("app", "sessions", "user_id"),
    ("App", "Session", "userId"),
    ("my schema", 'a "quoted" table', "select"),
    ("Größe", "日本語", "naïve é"),
    ("s" * 63, "é" * 31 + "x", "ü" * 31 + "y"),
    ("{a}", "%s", "$v :x \\ '"),
]


@pytest.mark.parametrize("names", NAMES)
async def test_names_of_every_kind(workshop: Workshop, names: tuple[str, str, str]) -> None:
    schema, table, column = ('"' + name.replace('"', '""') + '"' for name in names)
    where = f"{schema}.{table}"
    workshop.database.execute(
        f"create schema {schema}; create table {where} (id int primary key, {column} text);"
        f"insert into {where} values (1, '007'), (2, '8'); create index on {where} ({column});"
        f"create view {schema}.v as select {column} as {table} from {where} where {column}::integer > 0;"
        f"alter table {where} add check ({column} is not null), enable row level security;"
        f"create policy {column} on {where} using ({column}::integer > 0);"
        f"create function {schema}.f() returns trigger language plpgsql as 'begin return new; end';"
        f"create trigger {table} before update of {column} on {where} for each row execute function {schema}.f();"
        f"create index {column} on {where} (({column}::integer));"
        f"comment on column {where}.{column} is 'it''s mine'".encode()
    )
    structure = workshop.structure()
    remedy = ChangeColumnType(workshop.oid(where), 2, "integer")
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.fetch(f"select {column} from {where} order by id".encode()) == [(7,), (8,)]
    assert workshop.database.fetch(f"select {table} from {schema}.v order by 1".encode()) == [(7,), (8,)]
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.database.fetch(f"select {column} from {where} order by id".encode()) == [("007",), ("8",)]
    assert workshop.structure() == structure


# Defaults


@pytest.mark.parametrize(
    ("old", "default", "new", "expected"),
    [
        ("text", "'5'", "integer", "5"),
        ("text", "'-5'", "integer", "'-5'::integer"),
        ("text", "(5)::text", "integer", "5"),
        ("text", "'true'", "boolean", "true"),
        ("text", "nextval('app.q')::text", "integer", "nextval('app.q'::regclass)"),
        ("text", "nextval('app.q')", "integer", "nextval('app.q'::regclass)"),
        ("varchar", "nextval('app.q')", "bigint", "nextval('app.q'::regclass)"),
        ("varchar(9)", "nextval('app.q')", "bigint", None),
        ("text", "gen_random_uuid()::text", "uuid", "gen_random_uuid()"),
        ("text", "gen_random_uuid()", "uuid", "gen_random_uuid()"),
        ("integer", "nextval('app.q')", "bigint", "nextval('app.q'::regclass)"),
        ("bigint", "nextval('app.q')", "integer", "nextval('app.q'::regclass)"),
        ("integer", "5", "bigint", "5"),
        ("integer", "5", "text", "'5'::text"),
        ("integer", "5", "numeric(7,2)", "5.00"),
        ("numeric(7,2)", "5", "numeric", "5.00"),
        ("numeric(7,2)", "1.50", "text", "'1.50'::text"),
        ("varchar(5)", "'a'", "text", "'a'::text"),
        ("text", "'a'", "varchar(5)", "'a'::character varying"),
        ("text", "current_user", "varchar(99)", "CURRENT_USER"),
        ("uuid", "gen_random_uuid()", "text", None),
        ("text", "'abcdef'", "varchar(5)", None),
        ("text", "'x'", "integer", None),
        ("text", "random()::text", "integer", None),
        ("text", "random()", "integer", None),
        ("text", "app.f()", "integer", None),
    ],
)
async def test_a_default_follows_where_it_is_the_same_value(
    workshop: Workshop, old: str, default: str, new: str, expected: str | None
) -> None:
    workshop.database.execute(
        f"create schema app; create sequence app.q; create table app.sessions (id int primary key, user_id {old});"
        "create function app.f() returns text language plpgsql as $$ begin raise 'never'; end $$;"
        f"alter table app.sessions alter user_id set default {default}".encode()
    )
    query = "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'app.sessions'::regclass and adnum = 2"
    before = workshop.database.value(query)
    if expected is None:
        assert "default" in ((await workshop.plan(to_type(workshop, new))).refusal or "")
        return
    outcome = await workshop.heal(to_type(workshop, new))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.value(query) == expected
    await workshop.roll_back(outcome)
    assert workshop.database.value(query) == before
    assert workshop.database.value("select last_value from app.q") == 1
    assert not workshop.database.value("select is_called from app.q")


async def test_a_default_that_is_respelled_waits_for_approval(workshop: Workshop) -> None:
    setup(workshop, more="alter table app.sessions alter user_id set default '007'")
    plan = await workshop.plan(to_type(workshop, restores=True))
    assert plan.needs_approval == "The default '007'::text would be spelled 7."


# What others do meanwhile


async def test_a_row_that_slips_in_after_the_proofs_is_found_under_the_lock(workshop: Workshop) -> None:
    setup(workshop)
    before = workshop.structure()
    outcome = await workshop.heal(
        to_type(workshop), checkpoint=at("apply proved", workshop, "insert into app.sessions values (9, 'x')")
    )
    assert outcome.state == "refused"
    assert "every value comes back from integer as it was does not hold" in (outcome.reason or "")
    assert "value=x" in (outcome.reason or "")
    assert (workshop.structure(), values(workshop)[9]) == (before, "x")


async def test_a_spelling_that_slips_in_is_kept_as_the_others_are(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS)
    outcome = await workshop.heal(
        to_type(workshop), checkpoint=at("apply proved", workshop, "insert into app.sessions values (9, '0009')")
    )
    assert (outcome.state, values(workshop)[9]) == ("applied", 9)
    await workshop.roll_back(outcome)
    assert values(workshop)[9] == "0009"


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        ("create or replace view app.v as select user_id from app.sessions where id > 0", "as the plan saw it"),
        ("alter view app.v set (security_barrier)", "as the plan saw it"),
        ("grant select on app.v to public", "as the plan saw it"),
        ("create view app.w as select user_id from app.sessions", "view or rule"),
        ("create view app.w as select user_id from app.v", "other objects depend on it"),
        ("alter view app.v rename to x", "does not exist"),
        ("create policy p on app.sessions using (user_id is null)", "was changed since the plan was made"),
    ],
)
async def test_a_dependent_that_changes_after_the_proofs_is_not_overwritten(
    workshop: Workshop, meanwhile: str, said: str
) -> None:
    setup(workshop, more="create view app.v as select user_id from app.sessions")
    meddle, after_them = at("apply proved", workshop, meanwhile), list[object]()

    async def checkpoint(name: str) -> None:
        await meddle(name)
        if name == "apply proved":
            after_them.extend(workshop.structure())

    outcome = await workshop.heal(to_type(workshop), checkpoint=checkpoint)
    assert outcome.state in {"refused", "failed", "superseded"}
    assert said in (outcome.reason or "")
    assert type_of(workshop) == "text"
    assert workshop.structure() == after_them


async def test_words_that_would_mean_another_function_are_found_before_commit(workshop: Workshop) -> None:
    setup(
        workshop,
        more="create function app.f(text) returns int language sql as 'select 1';"
        "create function app.f(int) returns int language sql as 'select 2';"
        "create view app.v as select app.f(user_id) from app.sessions",
    )
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "refused"
    assert "aspect=calls, said=function app.f(integer)" in (outcome.reason or "")
    assert workshop.database.fetch("select distinct f from app.v") == [(1,)]


async def test_a_new_dependent_is_found_before_anything_is_tried(workshop: Workshop) -> None:
    setup(workshop)
    claim = await workshop.claim(to_type(workshop))
    workshop.database.execute("create view app.v as select user_id from app.sessions")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "refused"
    assert "stands_on_the_column=view app.v" in (outcome.reason or "")


async def test_keys_that_would_become_equal_are_shown(workshop: Workshop) -> None:
    setup(workshop, "(1, '7'), (2, '07'), (3, '8')", more="create unique index u on app.sessions (user_id)")
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "refused"
    assert "keys of u stay unique: does not hold" in (outcome.reason or "")
    assert "user_id=7, rows=2" in (outcome.reason or "")
    assert type_of(workshop) == "text"


async def test_keys_of_part_of_the_rows_may_be_equal_elsewhere(workshop: Workshop) -> None:
    setup(
        workshop,
        "(1, '7', 'x'), (2, '07', 'y'), (3, '8', 'x'), (4, null, 'x'), (5, null, 'x')",
        more="create unique index u on app.sessions (user_id) where seen = 'x'",
    )
    assert (await workshop.heal(to_type(workshop))).state == "applied"


# Undo that may not be


async def test_undo_is_refused_with_the_rows_that_have_no_place_in_the_old_type(workshop: Workshop) -> None:
    setup(workshop, "(1, 1)", "integer")
    outcome = await workshop.heal(to_type(workshop, "bigint"))
    workshop.database.execute("insert into app.sessions values (2, 3000000000)")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "every value has a place in integer: does not hold" in (undone.reason or "")
    assert "id=2, value=3000000000" in (undone.reason or "")
    assert (type_of(workshop), values(workshop)[2]) == ("bigint", 3000000000)


async def test_a_value_without_a_place_that_slips_in_stops_the_undo_under_the_lock(workshop: Workshop) -> None:
    setup(workshop, "(1, 1)", "integer")
    outcome = await workshop.heal(to_type(workshop, "bigint"))
    undone = await workshop.roll_back(
        outcome, checkpoint=at("undo proved", workshop, "insert into app.sessions values (2, 3000000000)")
    )
    assert undone.state == "applied"
    assert "3000000000" in (undone.reason or "")
    assert type_of(workshop) == "bigint"


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("create view app.w as select user_id from app.sessions", "stands_on_the_column=view app.w"),
        ("create view app.w as select * from app.v", "stands_on_the_column=view app.w"),
        ("create policy p on app.sessions using (user_id > 3)", "stands_on_the_column=policy p on app.sessions"),
        ("comment on view app.v is 'changed'", "as the fix left it"),
        ("drop view app.v", "does not exist"),
    ],
)
async def test_undo_is_refused_where_dependents_are_others_by_now(workshop: Workshop, since: str, said: str) -> None:
    setup(workshop, more="create view app.v as select user_id from app.sessions")
    outcome = await workshop.heal(to_type(workshop))
    workshop.database.execute(since.encode())
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert said in (undone.reason or "")
    assert type_of(workshop) == "integer"


async def test_undo_does_not_take_another_column_for_its_own(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS)
    outcome = await workshop.heal(to_type(workshop))
    workshop.database.execute(
        "alter table app.sessions rename user_id to old_id; alter table app.sessions add user_id integer"
    )
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "the columns are called as they were does not hold" in (undone.reason or "")
    assert type_of(workshop) == "integer"


async def test_undo_leaves_alone_what_was_made_beside_it(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS, more="create view app.v as select user_id from app.sessions")
    outcome = await workshop.heal(to_type(workshop))
    workshop.database.execute(
        "create index later on app.sessions (user_id, seen); comment on index app.later is 'mine';"
        "alter table app.sessions add column more int default 3; grant select on app.sessions to public;"
        "create view app.w as select seen from app.sessions; comment on column app.sessions.user_id is 'later';"
        "alter table app.sessions add constraint k check (user_id is null or id > 0)"
    )
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert values(workshop)[1] == "007"
    assert workshop.database.value("select obj_description('app.later'::regclass)") == "mine"
    assert workshop.database.value("select pg_get_constraintdef(oid) from pg_constraint where conname = 'k'") == (
        "CHECK (((user_id IS NULL) OR (id > 0)))"
    )


async def test_after_an_undo_the_same_change_can_be_made_again(workshop: Workshop) -> None:
    setup(workshop, SPELLINGS)
    outcome = await workshop.heal(to_type(workshop))
    await workshop.roll_back(outcome)
    workshop.database.execute("update pgmend.fix set finished_at = now() - interval '2 days'")
    plan = await workshop.plan(to_type(workshop))
    assert (plan.refusal, plan.cast_class) == (None, CastClass.CANONICAL)


# Rights


async def test_rows_that_are_hidden_are_not_judged(workshop: Workshop, role: Roles) -> None:
    owner = role()
    setup(
        workshop,
        more=f"grant usage on schema app to {owner.name}; alter table app.sessions owner to {owner.name};"
        "alter table app.sessions enable row level security, force row level security",
    )
    connection = await connect(workshop.database.dsn_as(owner.name, owner.password), "test")
    remedy = to_type(workshop)
    try:
        with pytest.raises(CouldNotLook, match="hidden"):
            await plan_fix(
                connection, await workshop.issue_of(remedy), await workshop.snapshot(), limits=LIMITS, fix_id=uuid4()
            )
    finally:
        await connection.close()


async def test_rights_on_a_view_come_back_as_they_were_granted(workshop: Workshop, role: Roles) -> None:
    owner, reader, other = role("nologin"), role("nologin"), role("nologin")
    setup(
        workshop,
        more=f"""
        grant usage, create on schema app to {owner.name}; grant usage on schema app to {reader.name}, {other.name};
        create view app.v as select id, user_id from app.sessions; alter view app.v owner to {owner.name};
        grant select, update on app.v to {reader.name} with grant option; grant select on app.v to public;
        set role {reader.name}; grant select on app.v to {other.name} with grant option; reset role;
        set role {other.name}; grant select on app.v to {owner.name}; reset role;
        grant select (user_id), update (user_id) on app.v to {other.name};
        create view app.w as select user_id from app.v; revoke all on app.w from postgres;
        create view app.x as select user_id from app.w;
        alter default privileges in schema app grant insert on tables to {other.name};
        """,
    )
    rights = """
        select c.relname::text, null, (select array_agg(a::text order by a::text) from unnest(relacl) a), relowner
        from pg_class c where relkind = 'v' and relnamespace = 'app'::regnamespace
        union all select attrelid::regclass::text, attname::text, attacl::text[], 0 from pg_attribute
        where attacl is not null and attrelid::regclass::text ~ '^app' order by 1, 2"""
    before = workshop.database.fetch(rights)
    outcome = await workshop.heal(to_type(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)

    def effective(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return [row for row in rows if row[0] != "x"]

    assert effective(workshop.database.fetch(rights)) == effective(before)
    assert not workshop.database.value("select has_table_privilege(%s, 'app.x', 'insert')", [other.name])


async def test_a_view_of_a_role_that_we_may_not_act_for_is_refused(workshop: Workshop, role: Roles) -> None:
    owner, stranger = role(), role("nologin")
    setup(
        workshop,
        more=f"""
        grant usage, create on schema app to {owner.name}, {stranger.name};
        alter table app.sessions owner to {owner.name}; grant select on app.sessions to {stranger.name};
        create view app.v as select user_id from app.sessions; alter view app.v owner to {stranger.name};
        """,
    )
    connection = await connect(workshop.database.dsn_as(owner.name, owner.password), "test")
    remedy = to_type(workshop)
    try:
        plan = await plan_fix(
            connection, await workshop.issue_of(remedy), await workshop.snapshot(), limits=LIMITS, fix_id=uuid4()
        )
    finally:
        await connection.close()
    assert f"view app.v belongs to {stranger.name}, whom {owner.name} may not act for" in (plan.refusal or "")
