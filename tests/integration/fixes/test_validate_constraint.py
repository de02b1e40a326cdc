"""VALIDATE CONSTRAINT of checks and foreign keys, and the way back to NOT VALID."""

from __future__ import annotations

import psycopg
import pytest
from pgmend.listener.remedy import ValidateConstraint

from tests.support.role import Roles
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users (id int primary key, age int, note text);
create table app.orders (id int primary key, user_id int);
insert into app.users select n, n % 90, 'note' from generate_series(1, 300) n;
insert into app.orders select n, n from generate_series(1, 100) n;
"""


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def constraint(workshop: Workshop, table: str, name: str) -> ValidateConstraint:
    oid = workshop.database.value(
        "select oid::bigint from pg_constraint where conrelid = %s::regclass and conname = %s", [table, name]
    )
    return ValidateConstraint(workshop.oid(table), oid)


@pytest.mark.parametrize(
    ("add", "table", "name"),
    [
        ("alter table app.users add constraint adult check (age >= 0) not valid", "app.users", "adult"),
        (
            'alter table app.users add constraint "It\'s "" ü" check (note like \'n%\') no inherit not valid',
            "app.users",
            "It's \" ü",
        ),
        (
            "alter table app.orders add constraint users foreign key (user_id) references app.users"
            " on delete cascade deferrable not valid",
            "app.orders",
            "users",
        ),
        (
            "alter table app.users add constraint own foreign key (age) references app.users not valid",
            "app.users",
            "own",
        ),
    ],
    ids=["check", "quoted", "foreign key", "to itself"],
)
async def test_a_constraint_is_validated_and_made_not_valid_again(
    workshop: Workshop, add: str, table: str, name: str
) -> None:
    workshop.database.execute("update app.users set age = 1 where age = 0")
    workshop.database.execute(add.encode())
    quoted = name.replace('"', '""')
    workshop.database.execute(f"""comment on constraint "{quoted}" on {table} is 'why''s'""".encode())
    before = workshop.structure()
    outcome = await workshop.heal(constraint(workshop, table, name))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.database.value("select convalidated from pg_constraint where conname = %s", [name])
    workshop.database.execute("insert into app.users values (1000, 1, 'note')")
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.structure() == before
    assert workshop.leftovers() == []


async def test_rows_that_break_a_check_are_counted_and_shown(workshop: Workshop) -> None:
    workshop.database.execute("""
        update app.users set age = -1 where id in (5, 6); update app.users set age = null where id = 7;
        alter table app.users add constraint adult check (age >= 0) not valid;
    """)
    outcome = await workshop.heal(constraint(workshop, "app.users", "adult"))
    assert outcome.state == "refused"
    assert sorted(outcome.proofs[0].counter_examples) == ["id=5, age=-1", "id=6, age=-1"]


async def test_orphans_of_a_foreign_key_are_shown(workshop: Workshop) -> None:
    workshop.database.execute("""
        update app.orders set user_id = 5000 where id = 3;
        alter table app.orders add constraint users foreign key (user_id) references app.users not valid;
    """)
    outcome = await workshop.heal(constraint(workshop, "app.orders", "users"))
    assert outcome.state == "refused"
    assert outcome.proofs[0].counter_examples == ("id=3, user_id=5000",)


async def test_rows_of_children_count_unless_the_check_is_not_inherited(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app.old () inherits (app.users); insert into app.old values (7000, -7, 'note');
        alter table app.users add constraint adult check (age >= 0) not valid;
        alter table app.users add constraint own check (age >= 0) no inherit not valid;
    """)
    shared = await workshop.heal(constraint(workshop, "app.users", "own"))
    assert (shared.state, shared.reason) == ("applied", None)
    workshop.database.execute("insert into app.users values (7001, 1, 'note')")


async def test_what_is_inherited_is_validated_and_not_taken_back(workshop: Workshop) -> None:
    workshop.database.execute("""
        create table app.old () inherits (app.users);
        alter table app.users add constraint adult check (age >= 0) not valid;
    """)
    outcome = await workshop.heal(constraint(workshop, "app.users", "adult"))
    assert outcome.state == "applied"
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="parents or children"):
        await workshop.roll_back(outcome)


async def test_other_peoples_code_is_left_to_its_owner(workshop: Workshop, role: Roles) -> None:
    workshop.database.execute(f"""
        create function app.fine(n int) returns bool language sql return n > 0;
        alter function app.fine(int) owner to {role("nologin").name};
        alter table app.users add constraint fine check (app.fine(id)) not valid;
    """.encode())  # fmt: skip
    plan = await workshop.plan(constraint(workshop, "app.users", "fine"))
    assert "app.fine(integer)" in (plan.refusal or "")
    workshop.database.execute("alter function app.fine(int) owner to current_user")
    assert (await workshop.heal(constraint(workshop, "app.users", "fine"))).state == "applied"


async def test_other_peoples_operators_are_code_too(workshop: Workshop, role: Roles) -> None:
    workshop.database.execute(f"""
        create function app.fine(n int, m int) returns bool language sql return n > m;
        create operator app.>>> (function = app.fine, leftarg = int, rightarg = int);
        alter function app.fine(int, int) owner to {role("nologin").name};
        alter table app.users add constraint fine check (id operator(app.>>>) 0) not valid;
    """.encode())  # fmt: skip
    plan = await workshop.plan(constraint(workshop, "app.users", "fine"))
    assert "app.fine(integer,integer)" in (plan.refusal or "")


async def test_a_constraint_that_is_valid_gone_or_of_another_kind_is_refused(workshop: Workshop) -> None:
    workshop.database.execute("alter table app.users add constraint adult check (age >= 0)")
    valid = await workshop.plan(constraint(workshop, "app.users", "adult"))
    assert valid.refusal == "Constraint adult is valid by now."
    gone = await workshop.plan(ValidateConstraint(workshop.oid("app.users"), 4))
    assert "gone" in (gone.refusal or "")


async def test_what_is_not_enforced_is_left_alone(workshop: Workshop) -> None:
    if workshop.database.value("select current_setting('server_version_num')::int") < 180000:
        pytest.skip("NOT ENFORCED came with PostgreSQL 18")
    workshop.database.execute("alter table app.users add constraint loose check (age >= 0) not enforced")
    plan = await workshop.plan(constraint(workshop, "app.users", "loose"))
    assert "NOT ENFORCED" in (plan.refusal or "")
