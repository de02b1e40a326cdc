"""Checks, keys, exclusions and foreign keys brought back, and put in the place of others."""

from __future__ import annotations

import asyncio

import pytest
from pgmend.listener.expected.portrait import ObjectKind

from tests.support.restoration import COLUMN, NAME, SCHEMA, TABLE, Case, fall_ill, heals_and_falls_back, quoted, run
from tests.support.role import Roles
from tests.support.workshop import Workshop

T = (
    "create table app.u (id int primary key); insert into app.u select generate_series(1, 9);"
    "create table app.t (id int not null, a int, b varchar, r int4range);"
    "insert into app.t select n, n, 'b' || n, int4range(n, n + 1) from generate_series(1, 9) n;"
)
HOSTILE = quoted(SCHEMA, TABLE)
STRANGE = f"create table {HOSTILE} (id int primary key, {quoted(COLUMN)} text);"
CONSTRAINT = ObjectKind.CONSTRAINT
PARTS = (
    "create table app.t (id int, a int, b varchar) partition by range (a);"
    f"create table app.{quoted(TABLE)} partition of app.t for values from (0) to (5) partition by list (id);"
    f"create table app.p11 partition of app.{quoted(TABLE)} for values in (1, 2); "
    f"create table app.{quoted(NAME)} partition of app.{quoted(TABLE)} default;"
    "create table app.p2 partition of app.t default;"
    "insert into app.t select n, n, 'b' || n from generate_series(1, 9) n;"
)


def missing(well: str, definition: str, name: str = "c", comment: str | None = None, **more: object) -> Case:
    """A constraint of app.t that somebody drops."""
    literal = "" if comment is None else comment.replace("'", "''")
    said = f"; comment on constraint {name} on app.t is '{literal}'" if literal else ""
    return Case(
        f"{T} alter table app.t add constraint {name} {well}{said}", f"alter table app.t drop constraint {name}",
        "existence", CONSTRAINT, ("app", "t", name), definition, comment=comment, **more,  # pyright: ignore
    )  # fmt: skip


def changed(well: str, sick: str, definition: str, approval: str = "drops the constraint", comment: str = "") -> Case:
    """A constraint of app.t in whose place somebody put another one."""
    said = f"comment on constraint c on app.t is '{comment}';" if comment else ""
    return Case(
        f"{T} alter table app.t add constraint c {well}; {said}",
        f"alter table app.t drop constraint c; alter table app.t add constraint c {sick}; {said}",
        "definition", CONSTRAINT, ("app", "t", "c"), definition, approval=approval,
    )  # fmt: skip


CASES = {
    "check": missing("check (a > 0)", "CHECK ((a > 0))", comment="why"),
    "check of words": missing(
        "check (b in ('b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'b8', 'b9'))",
        "CHECK (((b)::text = ANY ((ARRAY['b1'::character varying, 'b2'::character varying, 'b3'::character varying,"
        " 'b4'::character varying, 'b5'::character varying, 'b6'::character varying, 'b7'::character varying,"
        " 'b8'::character varying, 'b9'::character varying])::text[])))",
        heals_to_the_letter=False,
    ),
    "check that is not valid": missing("check (a > 5) not valid", "CHECK ((a > 5)) NOT VALID"),
    "check that is not inherited": missing("check (a > 0) no inherit", "CHECK ((a > 0)) NO INHERIT"),
    "unique": missing("unique (a)", "UNIQUE (a)", comment="it's"),
    "unique with all": missing(
        "unique nulls not distinct (a, b) include (id) with (fillfactor = 70) deferrable initially deferred",
        "UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (id) WITH (fillfactor='70') DEFERRABLE INITIALLY DEFERRED",
    ),
    "primary key": missing("primary key (id)", "PRIMARY KEY (id)"),
    "exclusion": missing("exclude using gist (r with &&)", "EXCLUDE USING gist (r WITH &&)", approval="nobody reads"),
    "foreign key": missing(
        "foreign key (a) references app.u on delete cascade deferrable",
        "FOREIGN KEY (a) REFERENCES app.u(id) ON DELETE CASCADE DEFERRABLE",
        heals_to_the_letter=False,
    ),
    "primary key of columns that may be null": Case(
        f"{T} alter table app.t add constraint c primary key (id, a)",
        "alter table app.t drop constraint c; alter table app.t alter id drop not null, alter a drop not null",
        "existence", CONSTRAINT, ("app", "t", "c"), "PRIMARY KEY (id, a)",
    ),
    "check with hostile names": Case(
        f"{STRANGE} alter table {HOSTILE} add constraint {quoted(NAME)} check ({quoted(COLUMN)} <> '%s {{}}')",
        f"alter table {HOSTILE} drop constraint {quoted(NAME)}", "existence", CONSTRAINT, (SCHEMA, TABLE, NAME),
        f"CHECK (({quoted(COLUMN)} <> '%s {{}}'::text))",
    ),
    "unique with hostile names": Case(
        f"{STRANGE} alter table {HOSTILE} add constraint {quoted(NAME)} unique ({quoted(COLUMN)})",
        f"alter table {HOSTILE} drop constraint {quoted(NAME)}", "existence", CONSTRAINT, (SCHEMA, TABLE, NAME),
        f"UNIQUE ({quoted(COLUMN)})",
    ),
    "unique of partitions": Case(
        f"{PARTS} alter table app.t add constraint c unique nulls not distinct (id, a) include (b) with (fillfactor=70)"
        " deferrable; comment on constraint c on app.t is 'why'",
        "alter table app.t drop constraint c", "existence", CONSTRAINT, ("app", "t", "c"),
        "UNIQUE NULLS NOT DISTINCT (id, a) INCLUDE (b) WITH (fillfactor='70') DEFERRABLE", comment="why",
    ),
    "primary key of partitions": Case(
        f"{PARTS} alter table app.t add constraint c primary key (a, id)",
        "alter table app.t drop constraint c", "existence", CONSTRAINT, ("app", "t", "c"), "PRIMARY KEY (a, id)",
    ),
    "primary key of partitions whose columns may be null": Case(
        f"{PARTS} alter table app.t add constraint c primary key (a, id)",
        "alter table app.t drop constraint c; alter table app.t alter id drop not null, alter a drop not null",
        "existence", CONSTRAINT, ("app", "t", "c"), "PRIMARY KEY (a, id)",
    ),
    "another check": changed("check (a > 0)", "check (a < 100)", "CHECK ((a > 0))", comment="why"),
    "another key": changed("unique (a)", "unique (b)", "UNIQUE (a)", comment="why"),
    "another primary key": changed("primary key (a)", "primary key (id)", "PRIMARY KEY (a)"),
    "another exclusion": changed(
        "exclude using gist (r with &&)", "exclude using gist (r with =)", "EXCLUDE USING gist (r WITH &&)",
    ),
    "another foreign key": Case(
        f"{T} create index on app.t (a); alter table app.t add constraint c foreign key (a) references app.u",
        "alter table app.t drop constraint c;"
        "alter table app.t add constraint c foreign key (a) references app.u on delete cascade",
        "definition", CONSTRAINT, ("app", "t", "c"), "FOREIGN KEY (a) REFERENCES app.u(id)",
        approval="drops the constraint",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_it_is_as_expected_and_then_as_it_was(workshop: Workshop, case: Case) -> None:
    await heals_and_falls_back(workshop, case)


@pytest.mark.parametrize(
    ("name", "rows", "example"),
    [
        ("check", "update app.t set a = -1 where id = 3", "ctid="),
        ("unique", "update app.t set a = 1 where id = 3", "a=1, rows=2"),
        ("primary key", "update app.t set id = 1 where id = 3", "id=1, rows=2"),
        ("primary key of columns that may be null", "update app.t set a = null where id = 3", "ctid="),
        ("foreign key", "update app.t set a = 77 where id = 3", "a=77"),
        ("another check", "update app.t set a = -1 where id = 3", "ctid="),
        ("unique of partitions", "insert into app.t values (3, 3, 'twin')", "id=3, a=3, rows=2"),
        (
            "primary key of partitions",
            "alter table app.t alter id drop not null; update app.t set id = null where a = 7",
            "ctid=",
        ),
        ("another key", "update app.t set a = 1 where id = 3", "a=1, rows=2"),
        ("another foreign key", "alter table app.t disable trigger all; update app.t set a = 77 where id = 3", "a=77"),
    ],
)
async def test_rows_that_are_in_the_way_are_shown_before_anything_is_changed(
    workshop: Workshop, name: str, rows: str, example: str
) -> None:
    case = CASES[name]
    await fall_ill(workshop, case)
    run(workshop, rows)
    sick = workshop.structure()
    outcome = await workshop.heal(case.remedy(workshop))
    assert outcome.state == "refused"
    assert any(each.startswith(example) for proof in outcome.proofs for each in proof.counter_examples)
    assert workshop.structure() == sick


@pytest.mark.parametrize("own", ["unique (id, a)", "primary key (b)"])
async def test_a_key_of_its_own_keeps_a_partition_from_becoming_a_part_of_another(workshop: Workshop, own: str) -> None:
    case = CASES["unique of partitions" if "unique" in own else "primary key of partitions"]
    await fall_ill(workshop, case)
    run(workshop, f"alter table app.p2 add constraint mine {own}")
    refusal = (await workshop.plan(case.remedy(workshop))).refusal or ""
    assert "Partition app.p2 has constraint mine of its own" in refusal
    run(workshop, refusal.partition("Cure: ")[2].partition(";")[0])
    assert (await workshop.heal(case.remedy(workshop))).state == "applied"


async def test_another_key_of_a_partitioned_table_is_not_changed_under_everybody(workshop: Workshop) -> None:
    case = changed("unique (a, id)", "unique (id, a)", "UNIQUE (a, id)")
    case = Case(case.well.replace(T, PARTS), case.fault, "definition", CONSTRAINT, case.name, case.definition)
    await fall_ill(workshop, case)
    refusal = (await workshop.plan(case.remedy(workshop))).refusal or ""
    assert "one key cannot take the place of another" in refusal


async def test_writers_of_all_partitions_go_on_while_their_key_is_made(workshop: Workshop) -> None:
    case = CASES["unique of partitions"]
    await fall_ill(workshop, case)
    plan = await workshop.plan(case.remedy(workshop))
    built = [step for step in plan.steps if not step.transactional]
    assert len(built) == 3
    assert all("concurrently" in text for step in built for text in step.statements)
    indexes = "select count(*) from pg_index where indrelid in (select relid from pg_partition_tree('app.t'))"
    outcome = await workshop.heal(case.remedy(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.value(indexes) == 5


async def test_code_of_others_in_a_check_is_left_to_its_owner(workshop: Workshop, role: Roles) -> None:
    function = "create function app.fine(n int) returns bool language sql return n > 0;"
    case = missing("check (app.fine(a))", "CHECK (app.fine(a))")
    case = Case(function + case.well, case.fault, "existence", CONSTRAINT, case.name, case.definition)
    await fall_ill(workshop, case)
    run(workshop, f"alter function app.fine owner to {role('nologin').name}")
    plan = await workshop.plan(case.remedy(workshop))
    assert "app.fine" in (plan.refusal or "")
    run(workshop, "alter function app.fine owner to current_user")
    assert (await workshop.heal(case.remedy(workshop))).state == "applied"


@pytest.mark.parametrize(
    "definition",
    ["CHECK ((a > 0)), DROP COLUMN b", "CHECK (true); DROP TABLE app.u", "UNIQUE (a), ADD COLUMN z int", "NOT NULL a"],
)
async def test_what_is_no_single_constraint_is_refused(workshop: Workshop, definition: str) -> None:
    case = CASES["check"]
    case = Case(case.well, case.fault, "existence", CONSTRAINT, case.name, definition)
    await fall_ill(workshop, case)
    plan = await workshop.plan(case.remedy(workshop))
    assert plan.refusal
    assert plan.steps == ()


async def test_a_key_that_foreign_keys_stand_on_is_not_replaced(workshop: Workshop) -> None:
    case = CASES["another primary key"]
    await fall_ill(workshop, case)
    run(workshop, "create table app.v (id int references app.t (id))")
    plan = await workshop.plan(case.remedy(workshop))
    assert "stand on" in (plan.refusal or "")


async def test_a_check_waits_for_the_function_that_it_calls(workshop: Workshop) -> None:
    case = missing("check (a > 0)", "CHECK (app.gone(a))")
    await fall_ill(workshop, case)
    plan = await workshop.plan(case.remedy(workshop))
    assert "app.gone" in (plan.waits_for or "")


async def test_a_foreign_key_waits_for_its_table(workshop: Workshop) -> None:
    case = CASES["foreign key"]
    await fall_ill(workshop, case)
    run(workshop, "drop table app.u")
    plan = await workshop.plan(case.remedy(workshop))
    assert "app.u" in (plan.waits_for or "")


async def test_keys_come_back_under_writes(workshop: Workshop) -> None:
    """A writer goes on while a primary key is made; no write of its waits for longer than the critical section."""
    case = CASES["primary key of columns that may be null"]
    await fall_ill(workshop, case)
    written, stop = 0, asyncio.Event()

    async def write() -> None:
        nonlocal written
        async with await workshop.database.connect(application_name="webshop") as shop:
            while not stop.is_set():
                written += 1
                await shop.execute("insert into app.t values (%s, %s)", [100 + written, written])

    task = asyncio.create_task(write())
    outcome = await workshop.heal(case.remedy(workshop))
    stop.set()
    await task
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.value("select count(*) from app.t") == 9 + written
