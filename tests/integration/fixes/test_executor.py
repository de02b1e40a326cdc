"""Fixes in a world that moves: other people's DDL, steps that fail, another leader, a lost connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from pgmend.listener.errors import LeaseLost
from pgmend.listener.fixes.plan import Check
from pgmend.listener.hearing.lease import take_lease

from tests.support.mending import APP, at, executing, foreign_key, index
from tests.support.workshop import Workshop

Connection = psycopg.AsyncConnection[Any]


@pytest.fixture(autouse=True)
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        ("alter table app.orders add note text", "app.orders (now app.orders) was changed"),
        ("alter table app.orders rename to bestellungen", "app.orders (now app.bestellungen) was changed"),
        ("alter table app.users drop id cascade", "app.users (now app.users) was changed"),
        ("drop table app.orders", "app.orders is gone"),
        ("drop table app.orders; create table app.orders (id int, user_id int)", "app.orders is gone"),
        ("alter table app.orders alter user_id type bigint", "app.orders (now app.orders) was changed"),
    ],
)
async def test_a_plan_that_has_gone_stale_changes_nothing(workshop: Workshop, meanwhile: str, said: str) -> None:
    claim = await workshop.claim(foreign_key(workshop))
    workshop.database.execute(meanwhile.encode())
    before = workshop.structure()
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "superseded"
    assert said in (outcome.reason or "")
    assert workshop.structure() == before


async def test_ddl_between_two_steps_takes_the_fix_back(workshop: Workshop) -> None:
    meddle = executing(workshop, "alter table app.orders add note text")
    outcome = await workshop.heal(foreign_key(workshop), checkpoint=at("apply 1 recorded", meddle))
    assert outcome.state == "superseded"
    assert workshop.database.value("select to_regclass('app.orders_user_id_idx')") is None
    assert workshop.database.fetch("select direction, ordinal, state from pgmend.fix_step order by started_at") == [
        ("apply", 1, "done"),
        ("apply", 2, "failed"),
        ("undo", 1, "skipped"),
        ("undo", 2, "done"),
    ]


async def test_ddl_just_before_the_lock_is_seen_under_it(workshop: Workshop) -> None:
    meddle = executing(workshop, "alter table app.users add note text")
    before = workshop.structure()
    outcome = await workshop.heal(foreign_key(workshop), checkpoint=at("apply 2 intended", meddle))
    assert outcome.state == "superseded"
    workshop.database.execute("alter table app.users drop note")
    assert workshop.structure() == before


async def test_ddl_is_locked_out_from_the_look_to_the_commit(workshop: Workshop) -> None:
    async def meddle() -> None:
        async with await workshop.database.connect() as other:
            await other.execute("set lock_timeout = '10ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await other.execute("alter table app.users add note text")

    outcome = await workshop.heal(foreign_key(workshop), checkpoint=at("apply 2 before commit", meddle))
    assert (outcome.state, outcome.reason) == ("applied", None)


async def test_a_step_that_fails_late_undoes_the_earlier_ones(workshop: Workshop) -> None:
    orphan = executing(workshop, "insert into app.orders values (1000, 5000)")
    before = workshop.structure()
    outcome = await workshop.heal(foreign_key(workshop), checkpoint=at("apply 1 recorded", orphan))
    assert outcome.state == "failed"
    assert "23503" in (outcome.reason or "")
    assert workshop.structure() == before
    assert workshop.leftovers() == []


async def test_a_way_back_that_is_blocked_goes_on_later_and_ends_as_failed(
    workshop: Workshop, shop: Connection
) -> None:
    before = workshop.structure()

    async def checkpoint(name: str) -> None:
        if name == "apply 1 recorded":
            await executing(workshop, "insert into app.orders values (1000, 5000)")()
        elif name == "apply 2 recorded":
            await shop.execute("select count(*) from app.users")

    outcome = await workshop.heal(foreign_key(workshop), checkpoint=checkpoint)
    assert outcome.state == "rolling_back"
    assert "of webshop" in (outcome.reason or "")
    assert await workshop.next() is None
    await shop.rollback()
    ended = await workshop.again()
    assert ended.state == "failed"
    assert "23503" in (ended.reason or "")
    assert workshop.structure() == before


async def test_an_undo_that_cannot_come_to_its_end_is_taken_back(workshop: Workshop) -> None:
    workshop.database.execute("""
        create function app.no() returns event_trigger language plpgsql as $$ begin raise 'no'; end $$;
    """)
    applied = await workshop.heal(foreign_key(workshop))
    after = workshop.structure()
    forbid = executing(
        workshop, "create event trigger no on ddl_command_start when tag in ('DROP INDEX') execute function app.no()"
    )
    outcome = await workshop.roll_back(applied, checkpoint=at("undo 1 recorded", forbid))
    assert outcome.state == "applied"
    assert "P0001" in (outcome.reason or "")
    assert workshop.structure() == after
    workshop.database.execute("drop event trigger no")
    assert (await workshop.roll_back(applied)).state == "rolled_back"


async def test_a_listener_that_lost_the_lease_commits_nothing(workshop: Workshop) -> None:
    before = workshop.structure()
    claim = await workshop.claim(foreign_key(workshop))
    stale = workshop.lease
    for point in ("apply proved", "apply 1 intended", "apply 2 intended"):
        executor = workshop.executor(checkpoint=at(point, workshop.lead_anew))
        with pytest.raises(LeaseLost):
            await executor.carry_on(claim, stale)
        assert workshop.state(claim.fix_id) == "running"
        if point == "apply proved":
            assert workshop.structure() == before
        stale = workshop.lease
    assert not [kind for kind, *_ in workshop.structure() if kind == "constraint" and "fkey" in str(_)]
    (outcome,) = await workshop.recover()
    assert outcome.state == "applied"
    assert workshop.leftovers() == []


async def test_a_takeover_waits_for_a_transaction_that_is_about_to_commit(workshop: Workshop) -> None:
    tried: list[str] = []

    async def take_over() -> None:
        workshop.database.execute("update pgmend.lease set heartbeat_at = '-infinity'")
        async with await workshop.database.connect() as other:
            await other.execute("set lock_timeout = '10ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await take_lease(other, "another")
            tried.append("taken over")

    for remedy in (foreign_key(workshop), index(workshop)):
        await workshop.heal(remedy, checkpoint=at("apply 2 before commit", take_over))
    assert tried == ["taken over"]


@pytest.mark.parametrize("point", ["apply 1 intended", "apply 2 locked", "apply 2 before commit", "apply 3 locked"])
async def test_a_lost_connection_is_made_anew_and_the_probe_tells_what_is_done(workshop: Workshop, point: str) -> None:
    lose = executing(
        workshop,
        "select pg_terminate_backend(s.backend_pid) from pgmend.fix_step s where s.state = 'intended'",
    )
    outcome = await workshop.heal(foreign_key(workshop), checkpoint=at(point, lose))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.leftovers() == []


@pytest.mark.parametrize("query", ["select id, user_id from app.orders where id = 7", "select 1 / 0"])
async def test_a_check_before_commit_that_does_not_hold_rolls_its_step_back(workshop: Workshop, query: str) -> None:
    before = workshop.structure()
    claim = await workshop.claim(foreign_key(workshop))
    build, add, validate = claim.plan.steps
    checks = (Check("fine", "select where false", ""), Check("it holds", query, "Rows against it."))
    plan = replace(claim.plan, steps=(build, replace(add, checks=checks), validate))
    outcome = await workshop.executor().apply(claim.fix_id, plan, workshop.lease.token)
    assert outcome.state == ("failed" if "/" in query else "refused")
    assert ("22012" if "/" in query else "id=7, user_id=7") in (outcome.reason or "")
    assert workshop.structure() == before
    assert workshop.leftovers() == []


async def test_checks_in_transaction_are_made_in_the_last_one(workshop: Workshop) -> None:
    claim = await workshop.claim(foreign_key(workshop))
    query = "select 'not yet' where not exists (select from pg_constraint where conname ~ '^orders_u' and convalidated)"
    check = Check("validated", query, "", in_transaction=True)
    plan = replace(claim.plan, checks=(*claim.plan.checks, check))
    outcome = await workshop.executor().apply(claim.fix_id, plan, workshop.lease.token)
    assert (outcome.state, [proof.name for proof in outcome.proofs]) == ("applied", ["no orphans"])


async def test_a_plan_that_waits_or_is_refused_is_not_carried_out(workshop: Workshop) -> None:
    before = workshop.structure()
    for field, said, state in (
        ("refusal", "it may not be", "refused"),
        ("waits_for", "the online path", "superseded"),
    ):
        claim = await workshop.claim(foreign_key(workshop))
        plan = replace(claim.plan, **{field: said})
        outcome = await workshop.executor().apply(claim.fix_id, plan, workshop.lease.token)
        assert outcome.state == state
        assert said in (outcome.reason or "")
    assert workshop.structure() == before
