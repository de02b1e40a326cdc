"""What cannot be changed online is refused before anything is done; what may be stopped stops at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import pytest
from pgmend.listener.fixes.planner import plan_fix

from tests.support.mending import at
from tests.support.role import Roles
from tests.support.workshop import Workshop

from .subject import each_time, left_over, setup, to_type, type_of, values


@dataclass(frozen=True)
class Case:
    """What is made beside the table, and how the refusal begins."""

    more: str
    refusal: str
    old: str = "text"
    value: str = "n::text"
    new: str = "integer"


FUNCTION = "create function app.f() returns trigger language plpgsql as 'begin return new; end';"
CASES = {
    "a later trigger": Case(
        f"{FUNCTION} create trigger zzzzz before update on app.sessions for each row execute function app.f()",
        "Trigger zzzzz on app.sessions fires after one that would keep",
    ),
    "a trigger that always fires": Case(
        f"{FUNCTION} create trigger a after update on app.sessions for each row execute function app.f();"
        "alter table app.sessions enable always trigger a",
        "Filling the new column would fire trigger a on app.sessions.",
    ),
    "a rule on UPDATE": Case(
        "create rule r as on update to app.sessions do also nothing",
        "Filling the new column would fire rule r on app.sessions.",
    ),
    "dates written as everybody likes": Case(
        "",
        "How timestamp without time zone and text are written",
        "timestamp",
        "timestamp '2020-01-01' + n * interval '1 day'",
        "text",
    ),
    "floats": Case("", "How double precision and text are written", "float8", "n", "text"),
    "a unique key of values that are equal and not the same": Case(
        "drop index app.sessions_user_id_idx; create unique index u on app.sessions (user_id)",
        "Index u is unique, and different values of one type may be equal in the other (text, numeric)",
        new="numeric",
    ),
    "other spellings": Case(
        "insert into app.sessions values (9000, '007')",
        "ALTER TYPE would block everybody for about",
    ),
    "a partition": Case(
        "alter table app.sessions rename to part; create table app.sessions (id int, user_id text, seen text)"
        " partition by range (id); alter table app.part alter id set not null;"
        "alter table app.sessions attach partition app.part default",
        "table app.sessions is partitioned",
    ),
    "a column that is everybody's": Case(
        "create publication p for all tables", "app.sessions is published: subscribers would be sent a column"
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_is_not_changed_online_is_refused_with_the_reason(workshop: Workshop, name: str) -> None:
    case = CASES[name]
    setup(workshop, case.old, case.value, case.more, rows=100)
    before = workshop.structure()
    plan = await workshop.plan(to_type(workshop, case.new))
    assert (plan.refusal or "").startswith(case.refusal), plan.refusal
    assert (plan.steps, plan.inverse, workshop.structure()) == ((), (), before)


async def test_who_may_not_be_a_replica_fires_nobodys_triggers(workshop: Workshop, role: Roles) -> None:
    owner = role()
    setup(workshop, more=f"alter schema app owner to {owner.name}; alter table app.sessions owner to {owner.name}")
    plain = f"grant pgmend_owner to {owner.name}" if _has_owner(workshop) else "select 1"
    workshop.database.execute(plain.encode())
    issue, snapshot = await workshop.issue_of(to_type(workshop)), await workshop.snapshot()
    await workshop.connection.execute(f"set role {owner.name}".encode())
    limits, fix_id = workshop.limits, uuid4()
    plan = await plan_fix(workshop.connection, issue, snapshot, limits=limits, fix_id=fix_id)
    assert (plan.refusal, plan.steps[3].sweep and plan.steps[3].sweep.as_replica) == (None, False)
    await workshop.connection.execute("reset role")
    workshop.database.execute(
        f"{FUNCTION} create trigger a after update on app.sessions for each row execute function app.f()".encode()
    )
    await workshop.connection.execute(f"set role {owner.name}".encode())
    plan = await plan_fix(workshop.connection, issue, await workshop.snapshot(), limits=limits, fix_id=fix_id)
    assert (plan.refusal or "").startswith("Filling the new column would fire trigger a on app.sessions. Cure: grant")


def _has_owner(workshop: Workshop) -> bool:
    return workshop.database.value("select exists (select from pg_roles where rolname = 'pgmend_owner')")


async def test_a_pause_stops_the_backfill_between_two_batches(workshop: Workshop) -> None:
    setup(workshop)
    requested = asyncio.Event()

    async def request() -> None:
        requested.set()

    batches: list[str] = []

    async def checkpoint(point: str) -> None:
        batches.append(point)
        await at("apply 4 batch", request)(point)

    outcome = await workshop.heal(to_type(workshop), pause_requested=requested.wait, checkpoint=checkpoint)
    assert outcome.state == "queued"
    assert batches.count("apply 4 batch") <= 2
    workshop.database.execute("update app.sessions set user_id = '77' where id = 1999")
    again = await workshop.next()
    assert again is not None
    assert workshop.database.fetch("select batches > 0, finished_at is null from pgmend.backfill") == [(True, True)]
    resumed = await workshop.executor().carry_on(again, workshop.lease)
    assert (resumed.state, type_of(workshop), left_over(workshop)) == ("applied", "integer", [])
    assert values(workshop) == {n: n for n in range(1, 2001)} | {1999: 77}


async def test_an_undo_that_fails_on_its_way_leaves_the_fix_applied_and_nothing_else(workshop: Workshop) -> None:
    setup(workshop, "integer", "n")
    outcome = await workshop.heal(to_type(workshop, "bigint"))
    structure = workshop.structure()

    async def too_big() -> None:
        await asyncio.to_thread(workshop.database.execute, "update app.sessions set user_id = 3000000000 where id = 9")

    undone = await workshop.roll_back(outcome, checkpoint=each_time("4 batch", too_big, most=1))
    assert undone.state == "applied"
    assert "id=9, value=3000000000" in (undone.reason or "")
    assert (workshop.structure(), left_over(workshop), type_of(workshop)) == (structure, [], "bigint")
