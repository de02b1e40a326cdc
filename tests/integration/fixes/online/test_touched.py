"""Whoever touches what an online change stands on ends it: nobody's write fails or is lost, and nothing is left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.mending import at, executing
from tests.support.role import Roles
from tests.support.workshop import Workshop

from .subject import left_over, setup, to_type, type_of, values

LOG = """
create table app.log (pid int, who text);
create function app.spy() returns trigger language plpgsql as
  'begin insert into app.log values (pg_backend_pid(), current_user); return null; end';
"""


@dataclass(frozen=True)
class Touch:
    """What somebody does while the column is filled, what ends the change, and what must never have happened."""

    does: str
    said: str
    never: str = "select from app.log"
    type_of: str = "app.sessions"


TOUCHES = {
    "a trigger that always fires": Touch(
        "create trigger a after update on app.sessions for each row execute function app.spy();"
        "alter table app.sessions enable always trigger a",
        "what=trigger a",
    ),
    "a trigger that fires later": Touch(
        "create function app.later() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger zzzzzz before insert on app.sessions for each row execute function app.later()",
        "what=trigger",
    ),
    "a check of a stranger's": Touch(
        "alter table app.sessions add constraint spying check (app.stranger(seen)) not valid", "what=check spying"
    ),
    "an index of a stranger's": Touch(
        "create index spying on app.sessions ((app.stranger_too(seen)))",
        "expression=index spying",
    ),
    "a publication": Touch("create publication p for table app.sessions", "what=published"),
    "a table with another name": Touch(
        "alter table app.sessions rename to was; create table app.sessions (id int, user_id text)",
        "what=table app sessions",
        "select from app.sessions",
        "app.was",
    ),
    "a column with another name": Touch("alter table app.sessions rename user_id to called", "what=column 2 user_id"),
    "a column that was called otherwise for one write": Touch(
        "alter table app.sessions rename user_id to called; update app.sessions set called = '8' where id = 7;"
        "alter table app.sessions rename called to user_id",
        "what=column 2 user_id",
    ),
    "a trigger of ours that was off for one write": Touch(
        "alter table app.sessions disable trigger zzzz_pgmend_2_new_update;"
        "update app.sessions set user_id = '8' where id = 7;"
        "alter table app.sessions enable always trigger zzzz_pgmend_2_new_update",
        "what=trigger",
    ),
}  # fmt: skip


def prepared(workshop: Workshop, role: Roles, **options: Any) -> None:
    stranger = role().name
    spying = (
        "returns boolean immutable language plpgsql as 'begin insert into app.log values (0, $1); return true; end'"
    )
    lying = "returns text immutable language sql as 'select $1'"
    more = (
        f"{LOG} create function app.stranger(text) {spying}; alter function app.stranger owner to {stranger};"
        f"create function app.stranger_too(text) {lying}; alter function app.stranger_too owner to {stranger}"
    )
    setup(workshop, more=more, **options)


@pytest.mark.parametrize("name", TOUCHES)
async def test_a_change_ends_where_what_it_stands_on_is_touched(workshop: Workshop, role: Roles, name: str) -> None:
    touch = TOUCHES[name]
    prepared(workshop, role)
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 4 batch", executing(workshop, touch.does)))
    assert outcome.state == "superseded", outcome.reason
    assert touch.said in (outcome.reason or "")
    assert workshop.database.fetch(touch.never.encode()) == []
    assert left_over(workshop) == []
    kept = f"select max(id), count(*) from {touch.type_of}"
    assert workshop.database.fetch(kept.encode()) == [(2000, 2000)]


@pytest.mark.parametrize("name", TOUCHES)
async def test_an_undo_ends_there_too(workshop: Workshop, role: Roles, name: str) -> None:
    touch = TOUCHES[name]
    prepared(workshop, role)
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "applied", outcome.reason
    does = touch.does.replace("2_new", "2_old")
    undone = await workshop.roll_back(outcome, checkpoint=at("undo 4 batch", executing(workshop, does)))
    assert undone.state in ("applied", "failed"), undone.reason
    assert workshop.database.fetch(touch.never.encode()) == []
    assert left_over(workshop) == []
    kept = f"select max(id), count(*) from {touch.type_of}"
    assert workshop.database.fetch(kept.encode()) == [(2000, 2000)]


@pytest.mark.parametrize("stage", ["apply 7 committed", "apply 8 intended", "apply 9 intended"])
async def test_a_promise_and_its_validation_look_again(workshop: Workshop, role: Roles, stage: str) -> None:
    prepared(workshop, role)
    touch = TOUCHES["a trigger of ours that was off for one write"]
    does = touch.does.replace("2_new", "1_new")
    remedy = replace(to_type(workshop, "bigint"), column=1)
    outcome = await workshop.heal(remedy, checkpoint=at(stage, executing(workshop, does)))
    assert outcome.state == "superseded", outcome.reason
    assert (left_over(workshop), values(workshop)[7]) == ([], "8")


async def test_there_and_back_call_nothing_alike(workshop: Workshop) -> None:
    setup(workshop, more="alter table app.sessions add unique (user_id)", rows=10)
    plan = await workshop.plan(to_type(workshop))
    # What only one way makes is named once for each.
    names = [*plan.makes, *plan.adds]
    assert len(names) == len(set(names)) == 14
    for name in plan.adds:
        there, back = (any(name in text for step in steps for text in step.statements if "create" in text)
                       for steps in (plan.steps, plan.inverse))  # fmt: skip
        assert there is not back, name


async def paused(workshop: Workshop) -> None:
    """The change, stopped once the triggers are there and some rows are filled."""
    requested = asyncio.Event()

    async def request() -> None:
        requested.set()

    outcome = await workshop.heal(
        to_type(workshop), pause_requested=requested.wait, checkpoint=at("apply 4 batch", request)
    )
    assert outcome.state == "queued", outcome.reason


WRITES = (
    "insert into app.sessions (id, {0}) values (9000, '1'), (9001, null);"
    "update app.sessions set {0} = 'x' where id = 7; update app.sessions set id = id where id in (8, 1999);"
    "copy app.sessions (id) from program 'echo 9002';"
    "delete from app.sessions where id = 9"
)


@pytest.mark.parametrize(
    ("done", "column"),
    [
        ("alter table app.sessions rename user_id to other", "other"),
        ("alter table app.sessions rename user_id_pgmend_new to other", "user_id"),
        ("alter table app.sessions rename user_id to o; alter table app.sessions rename seen to user_id;"
         "alter table app.sessions rename o to seen", "seen"),
        ("drop function pgmend_backup.sync_{0}_2_new() cascade", "user_id"),
        ("alter table app.sessions drop user_id_pgmend_new cascade", "user_id"),
        ("alter table app.sessions drop user_id cascade; alter table app.sessions add user_id text", "user_id"),
    ],
)  # fmt: skip
async def test_nobodys_write_fails_whatever_becomes_of_a_paused_change(
    workshop: Workshop, done: str, column: str
) -> None:
    setup(workshop)
    await paused(workshop)
    oid = workshop.oid("app.sessions")
    workshop.database.execute(done.replace("{0}", str(oid)).encode())
    for write in WRITES.split(";"):
        workshop.database.execute(write.format(column).encode())
    outcome = await workshop.again()
    assert outcome.state in ("superseded", "failed"), outcome.reason
    assert left_over(workshop) == []
    for write in ("insert into app.sessions (id, {0}) values (9003, 'z')", "update app.sessions set {0} = 'q'"):
        workshop.database.execute(write.format(column).encode())


async def test_what_a_way_back_leaves_is_tried_again_until_it_is_gone(workshop: Workshop) -> None:
    setup(workshop)

    async def meddle(point: str) -> None:
        if point == "apply 4 swept":
            await executing(
                workshop,
                "create view app.w as select user_id_pgmend_new from app.sessions;"
                "insert into app.sessions values (9000, 'seven')",
            )()

    outcome = await workshop.heal(to_type(workshop), checkpoint=meddle)
    assert outcome.state == "rolling_back", outcome.reason
    assert "view app.w depends on column" in (outcome.reason or "")
    assert [row for row in left_over(workshop) if row[0] in ("trigger", "function")] == []
    workshop.database.execute("alter table app.sessions rename to called")
    again = await workshop.again()
    assert again.state == "rolling_back", again.reason
    workshop.database.execute("drop view app.w")
    again = await workshop.again()
    assert again.state == "failed", again.reason
    assert "id=9000, value=seven" in (again.reason or "")
    assert left_over(workshop) == []


HARD = (
    "seven",
    "99999999999999999999",
    "1e5",
    "",
    " ",
    "-",
    "2147483648",
    "0x1F",
    "\uff11\uff12",
    "\u0663",
    "NaN",
    "1_000",
    "\\\\",
)


async def test_values_of_every_hard_kind_are_written_and_named(workshop: Workshop) -> None:
    setup(workshop)
    rows = ", ".join(f"({9000 + place}, '{value}')" for place, value in enumerate(HARD))
    write = executing(workshop, f"insert into app.sessions values {rows}")
    outcome = await workshop.heal(to_type(workshop), checkpoint=at("apply 4 batch", write))
    assert outcome.state == "refused", outcome.reason
    assert {values(workshop)[9000 + place] for place in range(len(HARD))} == set(HARD)
    assert (type_of(workshop), left_over(workshop)) == ("text", [])


OVERFLOWING = {
    "a check": "alter table app.sessions add constraint c check (user_id * 1000 > -1)",
    "a check with another column": "alter table app.sessions add constraint c check (user_id * (id + 999) > -1)",
    "an index": "create index c on app.sessions ((user_id * 1000))",
    "an index of some rows": "create index c on app.sessions (id) where user_id * 1000 > 5",
}
TOO_MUCH = "update app.sessions set user_id = 3000000 where id = 7"


@pytest.mark.parametrize("name", OVERFLOWING)
@pytest.mark.parametrize("stage", ["before", "apply 4 batch", "apply 5 ran"])
async def test_what_overflows_in_the_other_type_ends_the_change_before_the_swap(
    workshop: Workshop, name: str, stage: str
) -> None:
    setup(workshop, "bigint", "n", OVERFLOWING[name], rows=500)
    write = executing(workshop, TOO_MUCH)
    if stage == "before":
        await write()
    before = workshop.structure()
    outcome = await workshop.heal(to_type(workshop), checkpoint=at(stage, write))
    assert outcome.state == "refused", outcome.reason
    assert "id=7, value=3000000" in (outcome.reason or "")
    assert "undone" not in (outcome.reason or "")
    assert (workshop.structure(), left_over(workshop), values(workshop)[7]) == (before, [], 3000000)


async def test_checks_of_every_form_hold_there_and_back(workshop: Workshop) -> None:
    setup(
        workshop,
        "varchar(20)",
        "n::text",
        """
        create function app.fine(text) returns boolean immutable language sql as 'select true';
        alter table app.sessions add constraint c1 check (length(user_id) < 15 and user_id <> 'a'),
          add constraint c2 check (app.fine(user_id) or user_id is null or user_id = any (array['x', 'y'])),
          add constraint c3 check (case when id > 5 then user_id <> 'z' else true end),
          add constraint c4 check (coalesce(user_id, seen) like '%' and user_id between '0' and 'z');
        create index i on app.sessions (lower(user_id)) where user_id > '1' and seen is not null;
        """,
    )
    before = workshop.structure()
    outcome = await workshop.heal(to_type(workshop, "varchar(10)"))
    assert (outcome.state, outcome.reason, left_over(workshop)) == ("applied", None, [])
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason, left_over(workshop)) == ("rolled_back", None, [])
    assert {row[:3] for row in workshop.structure()} == {row[:3] for row in before}
