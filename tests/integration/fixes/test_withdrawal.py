"""What waits in the queue and may no longer run is withdrawn, with its reason; what it had done is undone."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pgmend.listener.errors import LeaseLost
from pgmend.listener.fixes.queue import book
from pgmend.listener.hearing.lease import Lease
from pgmend.listener.settings import AutoFix

from tests.integration.fixes.test_recovery import CASES, PATIENT, Case, builds, fall_ill, killed
from tests.support.eventually import eventually
from tests.support.mending import APP, foreign_key, index
from tests.support.mortal import Mortal
from tests.support.workshop import Workshop

IGNORE = "select pgmend.ignore(issue_id, 'we want it so') from pgmend.issue"
IGNORED = "Withdrawn: the issue is ignored by postgres: we want it so."
OFF = "Withdrawn: automatic fixing is off."
RESOLVE = "update pgmend.issue set status = 'resolved'"


@pytest.fixture
def application(workshop: Workshop) -> None:
    workshop.database.execute(APP)


async def withdraw(workshop: Workshop, allowed: AutoFix = AutoFix.ALL) -> list[book.Withdrawal]:
    return await book.withdraw(workshop.connection, workshop.lease, allowed=allowed)


def shown(workshop: Workshop, fix_id: UUID) -> tuple[str, str | None]:
    """What psql reads of it."""
    return workshop.database.fetch("select state, reason from pgmend.fix_history where fix_id = %s", [fix_id])[0]


async def deferred(workshop: Workshop, blocker: psycopg.AsyncConnection[Any], *, automatic: bool) -> UUID:
    """A foreign key whose index is made and whose constraint waits for the blocker."""
    before = workshop.structure()
    fix_id, _ = await workshop.propose(foreign_key(workshop), automatic=automatic)
    if not automatic:
        workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    claim = await workshop.next()
    assert claim is not None
    await blocker.execute("lock table app.users in row exclusive mode")
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    await blocker.rollback()
    assert outcome.state == "deferred"
    assert workshop.structure() != before
    assert workshop.leftovers() == []
    return fix_id


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("statement", "allowed", "reason"),
    [
        ("select pgmend.auto(false)", AutoFix.ALL, OFF),
        ("update pgmend.policy set auto_fix = 'none'", AutoFix.ALL, OFF),
        ("update pgmend.policy set auto_fix = 'critical'", AutoFix.ALL, "auto_fix is critical and this is medium"),
        ("select 1", AutoFix.NONE, OFF),
        ("select 1", AutoFix.CRITICAL, "auto_fix is critical and this is medium"),
        (IGNORE, AutoFix.ALL, IGNORED),
        (RESOLVE, AutoFix.ALL, "Withdrawn: the issue is resolved."),
    ],
)
@pytest.mark.parametrize("state", ["queued", "deferred"])
async def test_an_automatic_fix_is_withdrawn_once_it_may_not_run(
    workshop: Workshop, state: str, statement: str, allowed: AutoFix, reason: str
) -> None:
    fix_id, plan = await workshop.propose(index(workshop), automatic=True)
    workshop.database.execute("update pgmend.fix set state = %s", [state])
    workshop.database.execute(statement.encode())
    assert await workshop.next(allowed=allowed) is None
    (withdrawal,) = await withdraw(workshop, allowed)
    assert (withdrawal.fix_id, withdrawal.issue_id) == (fix_id, plan.issue_id)
    assert shown(workshop, fix_id) == ("superseded", withdrawal.reason)
    assert reason in withdrawal.reason
    assert await withdraw(workshop, allowed) == []


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize("statement", ["update pgmend.policy set auto_fix = 'critical'", "select 1"])
async def test_what_is_still_covered_runs(workshop: Workshop, statement: str) -> None:
    fix_id, _ = await workshop.propose(index(workshop), automatic=True)
    workshop.database.execute("update pgmend.issue set severity = 'critical'")
    workshop.database.execute(statement.encode())
    assert await withdraw(workshop, AutoFix.CRITICAL) == []
    claim = await workshop.next(allowed=AutoFix.CRITICAL)
    assert claim is not None
    assert (claim.fix_id, claim.withdrawn) == (fix_id, None)


@pytest.mark.usefixtures("application")
async def test_what_somebody_approved_is_not_the_policys_to_stop(workshop: Workshop) -> None:
    fix_id, _ = await workshop.propose(index(workshop))
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    workshop.database.execute("select pgmend.auto(false)")
    assert await withdraw(workshop, AutoFix.NONE) == []
    claim = await workshop.next(allowed=AutoFix.NONE, alone=False)
    assert claim is not None
    assert claim.withdrawn is None


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(("statement", "reason"), [(IGNORE, IGNORED), (RESOLVE, "Withdrawn: the issue is resolved.")])
async def test_an_approved_fix_is_withdrawn_with_its_issue(workshop: Workshop, statement: str, reason: str) -> None:
    fix_id, _ = await workshop.propose(index(workshop))
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    workshop.database.execute(statement.encode())
    assert await workshop.next() is None
    await withdraw(workshop)
    assert shown(workshop, fix_id) == ("superseded", reason)


@pytest.mark.usefixtures("application")
async def test_what_is_approved_after_it_was_ignored_runs(workshop: Workshop) -> None:
    fix_id, _ = await workshop.propose(index(workshop))
    workshop.database.execute(IGNORE)
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    assert await withdraw(workshop) == []
    claim = await workshop.next()
    assert claim is not None
    assert claim.withdrawn is None


@pytest.mark.usefixtures("application")
async def test_an_ignoring_that_is_over_withdraws_nothing(workshop: Workshop) -> None:
    await workshop.propose(index(workshop), automatic=True)
    workshop.database.execute(IGNORE)
    workshop.database.execute("update pgmend.ignored_issue set until = now()")
    assert await withdraw(workshop) == []
    assert await workshop.next() is not None


@pytest.mark.usefixtures("application")
async def test_who_leads_for_one_command_leaves_what_is_automatic(workshop: Workshop) -> None:
    fix_id, _ = await workshop.propose(index(workshop), automatic=True)
    assert await workshop.next(alone=False) is None
    assert workshop.state(fix_id) == "queued"
    assert await workshop.next() is not None


@pytest.mark.usefixtures("application")
async def test_an_undo_is_nothing_to_withdraw(workshop: Workshop) -> None:
    outcome = await workshop.heal(index(workshop))
    workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])
    workshop.database.execute("update pgmend.fix set automatic = true")
    workshop.database.execute(IGNORE)
    assert await withdraw(workshop, AutoFix.NONE) == []
    claim = await workshop.next(allowed=AutoFix.NONE, alone=False)
    assert claim is not None
    assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "rolled_back"


@pytest.mark.usefixtures("application")
async def test_nothing_is_withdrawn_without_the_lease(workshop: Workshop) -> None:
    fix_id, _ = await workshop.propose(index(workshop), automatic=True)
    with pytest.raises(LeaseLost):
        await book.withdraw(workshop.connection, Lease(str(uuid4())), allowed=AutoFix.NONE)
    assert workshop.state(fix_id) == "queued"


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("automatic", "statement", "reason"),
    [(True, "select pgmend.auto(false)", OFF), (True, IGNORE, IGNORED), (False, IGNORE, IGNORED)],
)
async def test_what_is_half_done_is_undone_at_once(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any], automatic: bool, statement: str, reason: str
) -> None:
    before = workshop.structure()
    fix_id = await deferred(workshop, shop, automatic=automatic)
    workshop.database.execute(statement.encode())
    assert await withdraw(workshop) == []
    claim = await workshop.next(alone=False)
    assert claim is not None
    assert claim.fix_id == fix_id
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert (outcome.state, outcome.reason) == ("superseded", reason)
    assert shown(workshop, fix_id) == ("superseded", reason)
    assert workshop.structure() == before
    assert workshop.leftovers() == []
    assert await workshop.next() is None


@pytest.mark.usefixtures("application")
async def test_what_has_itself_resolved_the_issue_is_finished_in_its_time(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    await deferred(workshop, shop, automatic=True)
    workshop.database.execute(RESOLVE)
    assert await withdraw(workshop) == []
    assert await workshop.next() is None
    assert (await workshop.again()).state == "applied"


@pytest.mark.usefixtures("application")
async def test_what_has_itself_resolved_the_issue_waits_for_a_window_to_be_finished_in(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    fix_id = await deferred(workshop, shop, automatic=True)
    workshop.database.execute(RESOLVE)
    workshop.database.execute("update pgmend.fix set state = 'queued', next_attempt_at = null")
    assert await workshop.next(alone=False) is None
    claim = await workshop.next()
    assert claim is not None
    assert claim.fix_id == fix_id
    assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "applied"


async def test_an_invalid_index_that_resolved_its_issue_is_finished_at_recovery(workshop: Workshop) -> None:
    claim = await fall_ill(workshop, CASES["create index"])
    async with await workshop.database.connect(autocommit=False, application_name="webshop") as shop:
        await shop.execute("set transaction isolation level repeatable read")
        await shop.execute("select count(*) from pg_catalog.pg_class")
        mortal = Mortal(workshop.database.dsn, PATIENT, claim.fix_id, workshop.lease.token)
        mortal.start()
        try:
            await eventually(lambda: builds(workshop))
        finally:
            mortal.kill()
        workshop.database.execute("select pg_terminate_backend(pid, 10000) from pg_stat_progress_create_index")
    assert ("index", "app.orders_user_id_idx") in workshop.leftovers()
    workshop.database.execute(RESOLVE)
    (outcome,) = await workshop.recover()
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert workshop.leftovers() == []


@pytest.mark.usefixtures("application")
async def test_a_deferred_fix_that_did_nothing_ends_with_its_issue(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    workshop.database.execute("create table app.notes (id int, user_id text); insert into app.notes values (1, '1')")
    fix_id, _ = await workshop.propose(CASES["change column type"].remedy(workshop))
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    claim = await workshop.next()
    assert claim is not None
    await shop.execute("lock table app.notes in row exclusive mode")
    assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "deferred"
    workshop.database.execute(RESOLVE)
    assert await workshop.next() is None
    outcome = await workshop.again()
    assert (outcome.state, outcome.reason) == ("superseded", "Withdrawn: the issue is resolved.")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_withdrawn_fix_killed_anywhere_leaves_the_table_before_or_after(workshop: Workshop, case: Case) -> None:
    claim = await fall_ill(workshop, case)
    before, sick = workshop.structure(), workshop.leftovers()
    assert not await killed(workshop, claim, last=1000)
    after = workshop.structure()
    point, ends = 0, set[str]()
    while await killed(workshop, claim := await fall_ill(workshop, case), point):
        await asyncio.to_thread(
            workshop.database.execute, "select pgmend.ignore(issue_id, 'so') from pgmend.fix where state = 'running'"
        )
        (outcome,) = await workshop.recover()
        ends.add(outcome.state)
        assert (point, workshop.structure()) == (point, after if outcome.state == "applied" else before)
        assert (point, workshop.leftovers()) == (point, [] if outcome.state == "applied" else sick)
        point += 1
    assert ends == {"applied", "superseded"}


@pytest.mark.parametrize("name", ["create index", "rebuild index", "add foreign key"])
async def test_a_build_that_was_under_way_is_ended_and_cleaned_up(workshop: Workshop, name: str) -> None:
    claim = await fall_ill(workshop, CASES[name])
    before, sick = workshop.structure(), workshop.leftovers()
    async with await workshop.database.connect(autocommit=False, application_name="webshop") as shop:
        await shop.execute("set transaction isolation level repeatable read")
        await shop.execute("select count(*) from pg_catalog.pg_class")
        mortal = Mortal(workshop.database.dsn, PATIENT, claim.fix_id, workshop.lease.token)
        mortal.start()
        try:
            await eventually(lambda: builds(workshop))
        finally:
            mortal.kill()
        workshop.database.execute(IGNORE)
        (outcome,) = await workshop.recover()
        assert (outcome.state, outcome.reason) == ("superseded", IGNORED)
        assert workshop.structure() == before
        assert workshop.leftovers() == sick
        assert not builds(workshop)


async def test_what_was_running_under_a_policy_that_is_gone_is_undone(workshop: Workshop) -> None:
    case, point, ends = CASES["add foreign key"], 0, list[str]()
    while await killed(workshop, await fall_ill(workshop, case), point):
        workshop.database.execute("update pgmend.fix set automatic = true, approved_at = null where state = 'running'")
        (outcome,) = await workshop.recover(allowed=AutoFix.CRITICAL)
        ends.append(outcome.state)
        there = workshop.database.value("select count(*) from pg_constraint where conname = 'orders_user_id_fkey'")
        assert (point, there) == (point, outcome.state == "applied")
        assert outcome.reason == (None if there else "Withdrawn: auto_fix is critical and this is medium.")
        point += 1
    assert (ends[0], ends[-1]) == ("superseded", "applied")
