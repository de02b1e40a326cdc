"""What was tried before: what people undo is not done again alone, nor what fails each time, until somebody says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.limits import limits_of
from pgmend.listener.fixes.queue.book import MOST_DEFERRALS
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.mending.proposals import Proposals
from pgmend.listener.remedy import CreateIndex
from pgmend.listener.settings import AutoFix, Settings
from psycopg.errors import NoDataFound

from tests.support.mending import APP as HALF
from tests.support.mending import foreign_key
from tests.support.workshop import Workshop

APP = """
create table public.users (id int primary key);
create table public."Örders" (id int primary key, user_id int references public.users);
create index on public."Örders" (user_id);
create function public.stamp() returns trigger language plpgsql as 'begin return new; end';
create trigger stamp before update on public."Örders" for each row execute function public.stamp();
"""
DISABLE = 'alter table public."Örders" disable trigger stamp'
WHY = "select why_not_auto from pgmend.open_issues where issue_type = 'DISABLED_TRIGGER'"
LIFT = "select pgmend.lift_quarantine(issue_id) from pgmend.issue where issue_type = 'DISABLED_TRIGGER'"
APPLIED = "select fix_id from pgmend.fix where state = 'applied'"


@dataclass(frozen=True, slots=True)
class Leader:
    """A listener that looks, judges, queues and carries out when it is told to."""

    workshop: Workshop
    analyst: Analyst
    settings: Settings

    async def queued(self, proposals: Proposals | None = None) -> int:
        """How many fixes it queues alone, as after a start, or where the same proposals are weighed again."""
        while await self.analyst.react() is not None:
            pass
        found = proposals or self.proposals()
        await found.weigh(self.workshop.connection, AutoFix.ALL, None)
        return await found.promote(self.workshop.connection)

    def proposals(self) -> Proposals:
        return Proposals(self.analyst, self.settings, limits_of(self.settings))

    async def mended(self) -> None:
        """The trigger disabled by somebody, and put right alone."""
        await self.break_it()
        assert await self.queued() == 1
        await self.carried_out()

    async def break_it(self) -> None:
        session = await self.workshop.database.connect(application_name="night job")
        await session.execute(DISABLE)
        await session.close()

    async def carried_out(self) -> Any:
        claim = await self.workshop.next()
        assert claim is not None
        outcome = await self.workshop.executor().carry_on(claim, self.workshop.lease)
        assert outcome.state == "applied", outcome.reason
        await self.analyst.react()
        return outcome

    def why(self) -> str:
        return self.workshop.database.value(WHY)


@asynccontextmanager
async def leading(workshop: Workshop) -> AsyncIterator[Leader]:
    workshop.database.execute(APP)
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(), LeftAlone(()))
        await analyst.begin()
        yield Leader(workshop, analyst, Settings(auto_fix=AutoFix.ALL, settle_time=timedelta()))


@pytest.fixture
async def leader(workshop: Workshop) -> AsyncIterator[Leader]:
    async with leading(workshop) as leader:
        yield leader


def a_day_passes(workshop: Workshop) -> None:
    """Whatever was changed is no second change within 24 hours any more, and no time to settle is left."""
    workshop.database.execute("update pgmend.change set seen_at = seen_at - interval '25 hours'")
    workshop.database.execute("update pgmend.fix set finished_at = finished_at - interval '25 hours'")


async def test_what_somebody_undid_by_hand_is_not_done_again_alone(leader: Leader) -> None:
    await leader.mended()
    a_day_passes(leader.workshop)
    await leader.break_it()
    assert await leader.queued() == 0
    assert leader.why().startswith("quarantine: a fix of ours on this object was reverted: fix ")
    assert "from night job undid it by hand" in leader.why()
    assert "pgmend.lift_quarantine" in leader.why()


async def test_an_approval_makes_it_once_and_counts_as_a_persons_word(leader: Leader) -> None:
    await leader.mended()
    await leader.break_it()
    assert await leader.queued() == 0
    approve = "select pgmend.approve(fix_id) from pgmend.open_issues where issue_type = 'DISABLED_TRIGGER'"
    leader.workshop.database.execute(approve)
    assert (await leader.carried_out()).state == "applied"
    await leader.break_it()
    assert await leader.queued() == 0
    assert "undid it by hand" in leader.why()


async def test_a_lifted_quarantine_is_seen_at_once(leader: Leader) -> None:
    await leader.mended()
    await leader.break_it()
    proposals = leader.proposals()
    assert await leader.queued(proposals) == 0
    leader.workshop.database.execute(LIFT)
    assert await leader.queued(proposals) == 1
    lifted = "select object, actor from pgmend.audit where action = 'issue.lift_quarantine'"
    assert len(leader.workshop.database.fetch(lifted)) == 1


async def test_an_issue_that_is_not_there_has_no_quarantine(workshop: Workshop) -> None:
    with pytest.raises(NoDataFound):
        workshop.database.execute("select pgmend.lift_quarantine('nothing')")


async def test_what_is_changed_twice_within_a_day_waits_though_no_fix_of_ours_was_made(leader: Leader) -> None:
    await leader.break_it()
    await leader.analyst.react()
    leader.workshop.database.execute('alter table public."Örders" enable trigger stamp')
    await leader.analyst.react()
    await leader.break_it()
    assert await leader.queued() == 0
    assert "changed 3 times within 24 hours" in leader.why()


async def test_what_is_mended_in_several_turns_is_not_taken_for_undone(leader: Leader) -> None:
    await leader.break_it()
    assert await leader.queued() == 1
    # The turn before did something else for the same issue, which was never resolved since.
    leader.workshop.database.execute(
        """
        insert into pgmend.fix (issue_id, kind, state, plan, plan_hash, finished_at)
        select issue_id, kind, 'applied', jsonb_set(plan, '{steps,0,title}', '"The first turn"'), plan_hash,
          clock_timestamp()
        from pgmend.fix where state = 'queued';
        update pgmend.fix set state = 'superseded' where state = 'queued';
        """
    )
    assert await leader.queued() == 1
    leader.workshop.database.execute("update pgmend.fix set state = 'superseded' where state = 'queued'")
    leader.workshop.database.execute("update pgmend.issue set opened_at = clock_timestamp()")
    assert await leader.queued() == 0
    assert "was reverted" in leader.why()


async def test_what_was_taken_back_stays_so_over_a_restart(leader: Leader) -> None:
    await leader.mended()
    fix_id = leader.workshop.database.value(APPLIED)
    leader.workshop.database.execute("select pgmend.rollback(%s)", [fix_id])
    claim = await leader.workshop.next()
    assert claim is not None
    assert (await leader.workshop.executor().carry_on(claim, leader.workshop.lease)).state == "rolled_back"
    a_day_passes(leader.workshop)
    assert await leader.queued() == 0
    assert f"had fix {fix_id}, which did the same, undone" in leader.why()


async def test_a_failure_is_remembered_for_its_time_by_the_next_listener_too(leader: Leader) -> None:
    await leader.break_it()
    assert await leader.queued() == 1
    fail = "update pgmend.fix set state = 'failed', finished_at = now() where state = 'queued'"
    leader.workshop.database.execute(fail)
    assert await leader.queued() == 0
    assert "is not tried again within 1:00:00" in leader.why()
    leader.workshop.database.execute("update pgmend.fix set finished_at = finished_at - interval '61 minutes'")
    assert await leader.queued() == 1


async def test_what_fails_each_time_waits_for_a_person(leader: Leader) -> None:
    await leader.break_it()
    for _ in range(3):
        assert await leader.queued() == 1
        leader.workshop.database.execute(
            "update pgmend.fix set state = 'failed', finished_at = now() - interval '61 minutes' where state = 'queued'"
        )
    assert await leader.queued() == 0
    assert "the same fix failed 3 times: it waits for a person" in leader.why()
    leader.workshop.database.execute(LIFT)
    assert await leader.queued() == 1


async def test_what_our_own_ddl_brings_about_is_not_mended_alone(leader: Leader) -> None:
    database = leader.workshop.database
    await leader.mended()
    # Another object, broken by the DDL of that fix as far as anybody can tell.
    database.execute('create trigger other before update on public."Örders" for each row execute function stamp()')
    database.execute('alter table public."Örders" disable trigger other')
    await leader.analyst.react()
    fix_id = database.value(APPLIED)
    database.execute(
        "update pgmend.ddl_log as e set fix_id = %s from pgmend.issue as i where i.event_id = e.event_id"
        " and i.status = 'open' and i.issue_type = 'DISABLED_TRIGGER'",
        [fix_id],
    )
    assert await leader.queued() == 0
    assert f"fix {fix_id} of pgmend brought it about" in leader.why()


async def test_what_was_put_off_too_often_leaves_nothing_half_done(workshop: Workshop) -> None:
    workshop.database.execute(HALF)
    before = workshop.structure()
    fix_id, _ = await workshop.propose(foreign_key(workshop), automatic=True)
    async with await workshop.database.connect(autocommit=False, application_name="idle") as shop:
        for most in (1, MOST_DEFERRALS - 1):
            workshop.database.execute("update pgmend.fix set attempts = %s, next_attempt_at = null", [most])
            claim = await workshop.next()
            assert claim is not None
            await shop.execute("lock table app.users in row exclusive mode")
            assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "deferred"
            # The index is made by now.
            assert (workshop.structure() != before) is (most == 1)
            await shop.rollback()
    ((state, reason, again),) = workshop.database.fetch("select state, reason, next_attempt_at from pgmend.fix")
    assert (state, again) == ("deferred", None)
    assert reason.count("from here on it waits for a person.") == 1
    assert await workshop.next() is None
    assert workshop.leftovers() == []
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    claim = await workshop.next()
    assert claim is not None
    assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "applied"
    assert (await workshop.roll_back(Outcome(fix_id, "applied"))).state == "rolled_back"
    assert workshop.structure() == before


async def test_a_pause_is_no_deferral(workshop: Workshop) -> None:
    workshop.database.execute(HALF)
    await workshop.propose(foreign_key(workshop), automatic=True)
    for _ in range(3):
        claim = await workshop.next()
        assert claim is not None
        paused = asyncio.Event()
        paused.set()
        outcome = await workshop.executor(pause_requested=paused.wait).carry_on(claim, workshop.lease)
        assert outcome.state == "queued"
    assert workshop.database.value("select attempts from pgmend.fix") == 1


async def test_what_nobody_approved_is_put_off_only_so_often(workshop: Workshop) -> None:
    workshop.database.execute("create schema app; create table app.orders (id int primary key, user_id int)")
    remedy = CreateIndex(workshop.oid("app.orders"), (2,))
    fix_id, _ = await workshop.propose(remedy, automatic=True)
    workshop.database.execute("update pgmend.fix set attempts = %s", [MOST_DEFERRALS - 2])
    async with await workshop.database.connect(autocommit=False, application_name="idle") as shop:
        await shop.execute("lock table app.orders in share row exclusive mode")
        limits = {"concurrent_attempts": 1, "concurrent_patience": timedelta(milliseconds=50)}
        for _ in range(2):
            claim = await workshop.next()
            assert claim is not None
            outcome = await workshop.executor(limits=limits).carry_on(claim, workshop.lease)
            assert outcome.state == "deferred"
            workshop.database.execute("update pgmend.fix set next_attempt_at = now() where next_attempt_at is not null")
        assert await workshop.next() is None
    ((reason, again),) = workshop.database.fetch("select reason, next_attempt_at from pgmend.fix")
    assert reason.endswith("Tried 24 times: from here on it waits for a person.")
    assert again is None
    workshop.database.execute("select pgmend.approve(%s)", [fix_id])
    claim = await workshop.next()
    assert claim is not None
    assert (await workshop.executor().carry_on(claim, workshop.lease)).state == "applied"
