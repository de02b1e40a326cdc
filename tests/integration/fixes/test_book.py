"""`pgmend.fix`: proposed, claimed once, moved under the lease, and remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from pgmend.listener.errors import LeaseLost, NotFound, PlanRefused
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.fixes.planner import plan_fix
from pgmend.listener.fixes.queue import book
from pgmend.listener.fixes.queue.memory import remember
from pgmend.listener.hearing.lease import Lease
from pgmend.listener.remedy import AddForeignKey, ChangeColumnType, CreateIndex, DropIndex, ValidateConstraint
from pgmend.listener.settings import AutoFix

from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.orders (id int primary key, user_id int, note text);
insert into app.orders values (1, 1, 'a'), (2, 2, 'a');
"""


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


def index(workshop: Workshop, *columns: int, **fields: object) -> CreateIndex:
    return CreateIndex(workshop.oid("app.orders"), columns or (2,), **fields)  # type: ignore[arg-type]


def audited(workshop: Workshop) -> list[str]:
    return [
        action
        for (action,) in workshop.database.fetch(
            "select action from pgmend.audit where action like 'fix.%' order by occurred_at"
        )
    ]


async def test_a_plan_comes_out_of_the_book_as_it_went_in(workshop: Workshop) -> None:
    fix_id, plan = await workshop.propose(index(workshop))
    claim = await book.read_claim(workshop.connection, fix_id)
    assert claim.plan == plan
    assert claim.plan.plan_hash == workshop.database.value("select plan_hash from pgmend.fix")


async def test_what_is_proposed_waits_for_approval(workshop: Workshop) -> None:
    fix_id, _ = await workshop.propose(index(workshop))
    assert await workshop.next() is None
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    claim = await workshop.next()
    assert claim is not None
    assert (claim.fix_id, claim.direction) == (fix_id, "apply")
    assert workshop.state(fix_id) == "running"


async def test_a_newer_plan_supersedes_what_was_proposed(workshop: Workshop) -> None:
    older, _ = await workshop.propose(index(workshop))
    newer, _ = await workshop.propose(index(workshop))
    assert (workshop.state(older), workshop.state(newer)) == ("superseded", "proposed")


async def test_a_fix_is_claimed_once_however_many_ask(workshop: Workshop) -> None:
    await workshop.propose(index(workshop), automatic=True)
    connections = [await workshop.database.connect() for _ in range(5)]
    claims = await asyncio.gather(
        *(book.claim(each, workshop.lease, workshop.limits.retry_after, allowed=AutoFix.ALL) for each in connections)
    )
    assert sum(claim is not None for claim in claims) == 1


async def test_an_undo_goes_before_everything_else(workshop: Workshop) -> None:
    applied = await workshop.heal(index(workshop))
    await workshop.propose(index(workshop, 3), automatic=True)
    workshop.database.execute("select pgmend.rollback(%s)", [applied.fix_id])
    claim = await workshop.next()
    assert claim is not None
    assert (claim.fix_id, claim.direction, claim.requested) == (applied.fix_id, "undo", True)


async def test_nothing_is_claimed_or_moved_without_the_lease(workshop: Workshop) -> None:
    fix_id, _ = await workshop.propose(index(workshop), automatic=True)
    stale = Lease(str(uuid4()))
    with pytest.raises(LeaseLost):
        await book.claim(workshop.connection, stale, workshop.limits.retry_after, allowed=AutoFix.ALL)
    with pytest.raises(LeaseLost):
        await book.move(workshop.connection, stale, fix_id, "applied", kept=workshop.limits.kept(from_backup=False))
    assert workshop.state(fix_id) == "queued"


async def test_each_transition_is_audited(workshop: Workshop) -> None:
    outcome = await workshop.heal(index(workshop))
    await workshop.roll_back(outcome)
    assert audited(workshop) == [
        "fix.proposed", "fix.approved", "fix.running", "fix.applied", "fix.rollback_requested", "fix.rolling_back",
        "fix.rolled_back",
    ]  # fmt: skip


async def test_what_failed_is_not_tried_again_alone_within_the_hour(workshop: Workshop) -> None:
    unique = index(workshop, 3, name="was", unique=True)
    assert (await workshop.heal(unique)).state == "refused"
    again, plan = await workshop.propose(unique, automatic=True)
    assert await workshop.next() is None
    assert (await remember(workshop.connection, plan)).last_failure is not None
    await workshop.lead_anew()
    assert await workshop.next() is None
    workshop.database.execute("update pgmend.fix set finished_at = finished_at - interval '1 hour'")
    claim = await workshop.next()
    assert claim is not None
    assert claim.fix_id == again


async def test_what_was_deferred_is_not_tried_sooner_under_another_id(workshop: Workshop) -> None:
    first, _ = await workshop.propose(index(workshop), automatic=True)
    workshop.database.execute("update pgmend.fix set state = 'deferred', next_attempt_at = now() + interval '1 hour'")
    again, _ = await workshop.propose(index(workshop), automatic=True)
    assert await workshop.next() is None
    workshop.database.execute("update pgmend.fix set next_attempt_at = now() where state = 'deferred'")
    claims = [await workshop.next(), await workshop.next()]
    assert [claim.fix_id for claim in claims if claim is not None] == [first, again]


async def test_another_remedy_of_the_same_issue_may_be_tried(workshop: Workshop) -> None:
    await workshop.heal(index(workshop, 3, name="was", unique=True))
    fix_id, plan = await workshop.propose(index(workshop, 3), automatic=True)
    assert (await remember(workshop.connection, plan)).last_failure is None
    claim = await workshop.next()
    assert claim is not None
    assert claim.fix_id == fix_id


async def test_a_group_that_failed_is_the_same_with_one_column_more(workshop: Workshop) -> None:
    workshop.database.execute("create table app.other (id int)")
    remedy = ChangeColumnType(workshop.oid("app.orders"), 1, "bigint", along=())
    workshop.limits = replace(workshop.limits, online_above=timedelta(seconds=1))
    await workshop.propose(remedy, automatic=True)
    workshop.database.execute("update pgmend.fix set state = 'failed', finished_at = now()")
    more = replace(remedy, along=((workshop.oid("app.other"), 1),))
    plan = await workshop.plan(more)
    assert (await remember(workshop.connection, plan)).last_failure is not None
    await book.propose(workshop.connection, uuid4(), replace(plan, needs_approval=None), automatic=True)
    assert await workshop.next() is None
    other = replace(remedy, type_name="numeric")
    assert (await remember(workshop.connection, replace(plan, remedy=other))).last_failure is None


async def test_a_person_may_try_again_at_once(workshop: Workshop) -> None:
    unique = index(workshop, 3, name="was", unique=True)
    await workshop.heal(unique)
    assert (await workshop.heal(unique)).state == "refused"


async def test_what_somebody_takes_back_is_remembered(workshop: Workshop) -> None:
    outcome = await workshop.heal(index(workshop))
    plan = Plan.from_json(workshop.database.value("select plan::text from pgmend.fix"))
    assert (await remember(workshop.connection, plan)).taken_back is None
    await workshop.roll_back(outcome)
    assert (await remember(workshop.connection, plan)).taken_back == outcome.fix_id
    renamed = replace(plan, issue_id="the-same-under-another-name")
    assert (await remember(workshop.connection, renamed)).taken_back == outcome.fix_id


async def test_a_plan_that_is_refused_says_why_and_has_no_steps(workshop: Workshop) -> None:
    workshop.database.execute("drop table app.orders")
    plan = await workshop.plan(CreateIndex(4, (1,)))
    assert isinstance(plan, Plan)
    assert plan.refusal == "The table with OID 4 is gone; app.gone was meant."
    assert plan.steps == plan.inverse == ()


async def test_an_issue_without_a_remedy_has_no_plan(workshop: Workshop) -> None:
    issue = replace(await workshop.issue(index(workshop)), remedy=None)
    with pytest.raises(PlanRefused, match="for a person to decide"):
        await plan_fix(workshop.connection, issue, await workshop.snapshot(), limits=workshop.limits, fix_id=uuid4())


async def test_the_same_plan_on_the_same_state_has_the_same_hash(workshop: Workshop) -> None:
    first, second = await workshop.plan(index(workshop)), await workshop.plan(index(workshop))
    assert first.plan_hash == second.plan_hash
    workshop.database.execute("alter table app.orders add more int")
    assert (await workshop.plan(index(workshop))).plan_hash != first.plan_hash


async def test_an_unknown_fix_is_not_found(workshop: Workshop) -> None:
    with pytest.raises(NotFound):
        await book.read_claim(workshop.connection, uuid4())


async def test_what_needs_approval_is_never_queued_without(workshop: Workshop) -> None:
    workshop.database.execute("create index one on app.orders (note); create index two on app.orders (note)")
    drop = DropIndex(workshop.oid("app.orders"), workshop.oid("app.two"), workshop.oid("app.one"))
    with pytest.raises(PlanRefused, match="without approval"):
        await workshop.propose(drop, automatic=True)
    assert workshop.database.value("select count(*) from pgmend.fix") == 0


async def test_a_plan_is_made_on_what_the_catalogs_say_now(workshop: Workshop) -> None:
    old = await workshop.snapshot()
    workshop.database.execute("""
        create table app.users (id int primary key); insert into app.users values (1), (2);
        alter table app.orders add constraint users foreign key (user_id) references app.users not valid;
    """)
    oid = workshop.database.value("select oid::bigint from pg_constraint where conname = 'users'")
    issue = await workshop.issue(ValidateConstraint(workshop.oid("app.orders"), oid))
    plan = await plan_fix(workshop.connection, issue, old, limits=workshop.limits, fix_id=uuid4())
    assert plan.refusal is None
    assert [name for _, name in plan.tables] == ["app.orders", "app.users"]


async def test_a_snapshot_of_just_now_is_read_again_where_a_table_has_gone(workshop: Workshop) -> None:
    workshop.database.execute("create table app.users (id int primary key)")
    just_now = await workshop.snapshot()
    issue = workshop.issue_in(
        just_now, AddForeignKey(workshop.oid("app.orders"), (2,), workshop.oid("app.users"), (1,))
    )
    plan = partial(plan_fix, workshop.connection, issue, limits=workshop.limits, fix_id=uuid4())
    assert (await plan(just_now, read_just_now=True)).plan_hash == (await plan(just_now)).plan_hash
    workshop.database.execute("drop table app.users")
    assert "gone" in ((await plan(just_now, read_just_now=True)).refusal or "")


@pytest.mark.parametrize("name", ["a\0b", "x" * 64, "é" * 32, ""])
async def test_a_name_that_would_be_cut_is_refused_before_anything_is_asked(workshop: Workshop, name: str) -> None:
    orders = workshop.oid("app.orders")
    definition = "CREATE INDEX i ON app.orders USING btree (user_id)"
    for remedy in (
        CreateIndex(orders, (2,), name=name),
        CreateIndex(orders, (2,), name=name, definition=definition),
        AddForeignKey(orders, (2,), orders, (1,), name=name),
    ):
        plan = await workshop.plan(remedy)
        assert repr(name) in (plan.refusal or "")
        assert plan.steps == ()
