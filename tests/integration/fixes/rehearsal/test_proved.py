"""What is done with the proofs of a rehearsal: by who previews, who approved, and who acts alone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from pgmend.api.report.terminal import plan_text
from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.desk.fixes import read_detail
from pgmend.listener.desk.plans import Planner
from pgmend.listener.fixes.plan import Proof, Step, Verdict
from pgmend.listener.fixes.queue import book
from pgmend.listener.fixes.queue.proposal import put_up
from pgmend.listener.fixes.rehearsal.ground import rehearsal_ground
from pgmend.listener.fixes.rehearsal.rehearsal import STEPS, Rehearsal
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.judging.analyst import Analyst
from pgmend.listener.judging.judge import Judge
from pgmend.listener.mending.proposals import Proposals
from pgmend.listener.relations.measure import measure
from pgmend.listener.settings import AutoFix, Settings
from rich.console import Console

from tests.support.mending import at
from tests.support.rehearsed import Rehearsed, at_once, rehearse, scratch_databases, to_integer
from tests.support.workshop import LIMITS, Workshop

# What is done


async def test_what_statements_speak_against_is_refused_though_it_was_approved(workshop: Workshop) -> None:
    workshop.database.execute("select id from app.sessions where user_id = '7'")
    outcome = await workshop.heal(to_integer(workshop), rehearsal=at_once())
    assert outcome.state == "refused"
    assert "parameter $1 text becomes integer" in (outcome.reason or "")
    stored = workshop.database.value("select proofs::text from pgmend.fix where fix_id = %s", [outcome.fix_id])
    assert "parameter $1 text becomes integer" in stored
    assert workshop.database.value("select pg_typeof(user_id)::text from app.sessions limit 1") == "text"


async def test_what_nobody_knows_does_not_stop_who_approved_it(workshop: Workshop) -> None:
    outcome = await workshop.heal(to_integer(workshop), rehearsal=at_once())
    assert outcome.state == "applied"
    assert {each.verdict for each in outcome.proofs if each.name == STATEMENTS} == {Verdict.UNPROVED}


async def test_what_was_proved_when_it_was_queued_and_is_not_any_more_is_refused(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    plan = await workshop.plan(to_integer(workshop))
    proved = replace(plan, proofs=(await rehearse(workshop, plan)).proofs)
    await workshop.issue(to_integer(workshop))
    await book.propose(workshop.connection, uuid4(), proved, automatic=True)
    workshop.database.execute("select interval '1 day', id from app.sessions")
    claim = await workshop.next()
    assert claim is not None
    outcome = await workshop.executor(rehearsal=at_once()).carry_on(claim, workshop.lease)
    assert outcome.state == "refused"
    assert f"{STATEMENTS}: could not be proved" in (outcome.reason or "")


MARKER = Step(
    title="Make a marker",
    statements=("create table app.marker ()",),
    transactional=True,
    probe="select case when pg_catalog.to_regclass('app.marker') is null then 'before' else 'done' end",
)
NO_MARKER = replace(
    MARKER,
    statements=("drop table app.marker",),
    probe="select case when pg_catalog.to_regclass('app.marker') is null then 'done' else 'before' end",
)


async def paused_between_two_steps(workshop: Workshop) -> UUID:
    """A proved fix of two steps, the first of which is done."""
    workshop.database.execute("select seen from app.sessions where id = 1")
    plan = await workshop.plan(to_integer(workshop))
    plan = replace(plan, steps=(MARKER, *plan.steps), inverse=(*plan.inverse, NO_MARKER))
    told = await rehearse(workshop, plan)
    assert told.verdicts == {Verdict.PROVED}
    await workshop.issue(to_integer(workshop))
    fix_id = uuid4()
    await book.propose(workshop.connection, fix_id, replace(plan, proofs=told.proofs), automatic=True)
    requested = asyncio.Event()

    async def request() -> None:
        requested.set()

    pausing = workshop.executor(
        rehearsal=at_once(), pause_requested=requested.wait, checkpoint=at("apply 1 recorded", request)
    )
    claim = await workshop.next()
    assert claim is not None
    assert (await pausing.carry_on(claim, workshop.lease)).state == "queued"
    assert workshop.oid("app.marker")
    return fix_id


async def test_a_statement_that_comes_while_a_fix_waits_between_two_steps_stops_it(workshop: Workshop) -> None:
    fix_id = await paused_between_two_steps(workshop)
    workshop.database.execute("select user_id from app.sessions")
    outcome = await workshop.again(rehearsal=at_once())
    assert (outcome.fix_id, outcome.state) == (fix_id, "refused")
    assert "result user_id text becomes integer" in (outcome.reason or "")
    assert workshop.database.value("select to_regclass('app.marker') is null")


async def test_a_fix_that_waited_between_two_steps_goes_on_where_all_is_proved_again(workshop: Workshop) -> None:
    fix_id = await paused_between_two_steps(workshop)
    outcome = await workshop.again(rehearsal=at_once())
    assert (outcome.fix_id, outcome.state) == (fix_id, "applied")
    assert {each.verdict for each in outcome.proofs} == {Verdict.PROVED}
    assert workshop.database.value("select pg_typeof(user_id)::text from app.sessions limit 1") == "integer"


async def test_what_was_proved_a_moment_ago_is_proved_until_something_is_otherwise(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    plan = await workshop.plan(to_integer(workshop))
    assert (first := await rehearse(workshop, plan)).verdicts == {Verdict.PROVED}
    assert await rehearse(workshop, plan) == first
    workshop.database.execute("alter table app.sessions add check (seen <> user_id)")
    assert (await rehearse(workshop, plan))[STEPS].verdict is Verdict.UNPROVED
    workshop.database.execute("alter table app.sessions drop constraint sessions_check")
    assert await rehearse(workshop, plan) == first
    workshop.database.execute("select user_id from app.sessions")
    assert (await rehearse(workshop, plan)).statements[0] is Verdict.REFUTED


async def test_a_pause_is_heard_in_a_rehearsal(workshop: Workshop) -> None:
    there, requested = asyncio.Event(), asyncio.Event()

    class Endless(Rehearsal):
        async def proofs(self, *_: Any) -> tuple[Proof, ...]:
            async with rehearsal_ground(workshop.connection, None) as ground:
                there.set()
                await ground.execute("select pg_sleep(600)")
            raise AssertionError

    async def pause() -> None:
        await there.wait()
        requested.set()

    outcome, _ = await asyncio.gather(
        workshop.heal(to_integer(workshop), rehearsal=Endless(), pause_requested=requested.wait), pause()
    )
    assert (outcome.state, scratch_databases(workshop)) == ("queued", 0)


async def test_a_preview_is_rehearsed_and_its_fix_keeps_what_came_of_it(workshop: Workshop) -> None:
    workshop.database.execute("select user_id from app.sessions")
    issue = await workshop.issue(to_integer(workshop))
    fix_id, _ = await put_up(
        workshop.connection, issue.issue_id, lambda fix_id: workshop.plan(to_integer(workshop), fix_id)
    )
    shown = await Planner(Settings()).preview(workshop.connection, issue.issue_id)
    assert shown.fix.fix_id == fix_id
    kept = await read_detail(workshop.connection, fix_id)
    for plan in (shown.plan, kept.plan):
        verdict, examples = Rehearsed(plan.proofs).statements
        assert (verdict, "result user_id text becomes integer" in examples) == (Verdict.REFUTED, True)
        said = Console(width=400, file=StringIO(), record=True)
        said.print(plan_text(plan))
        assert "result user_id text becomes integer" in said.export_text()


# Who acts alone


MISMATCH = """
create table app.orders (id int primary key, user_id int references app.users);
create table app.payments (id int primary key, user_id int references app.users);
insert into app.users values (1), (20);
insert into app.orders values (1, 1);
"""
MADE = """
create table app.accounts (id int primary key, user_id text, note text);
insert into app.accounts values (1, '1'), (2, '20');
"""


async def weighed(
    workshop: Workshop, statement: str, *, trust_rehearsals: bool = True
) -> tuple[list[tuple[Any, ...]], str | None]:
    """What a mismatch that came up just now comes to: the automatic fixes, and why there are none."""
    workshop.database.execute(MISMATCH.encode())
    settings = Settings(
        auto_fix=AutoFix.ALL,
        settle_time=timedelta(),
        trust_rehearsals=trust_rehearsals,
        statements_seen_for=timedelta(),
    )
    async with await connect(workshop.database.dsn, "analyst") as eyes:
        analyst = Analyst(eyes, workshop.lease, Judge(critical_tables=("accounts",)), LeftAlone(()))
        await analyst.begin()
        workshop.database.execute(MADE.encode())
        workshop.database.execute("select public.pg_stat_statements_reset()")
        workshop.database.execute(statement.encode())
        await analyst.react()
        while links := analyst.take_unmeasured(100):
            snapshot = analyst.examiner.snapshot
            measured = await measure(workshop.connection, links, snapshot, budget=timedelta(seconds=5))
            await analyst.learn(measured)
        proposals = Proposals(analyst, settings, LIMITS)
        await proposals.weigh(workshop.connection, AutoFix.ALL, None)
        await proposals.promote(workshop.connection)
    fixes = workshop.database.fetch("select kind, state, proofs::text from pgmend.fix where automatic")
    mismatch = "select why_not_auto from pgmend.issue where issue_type = 'TYPE_MISMATCH' and table_name = 'accounts'"
    return fixes, workshop.database.value(mismatch)


async def test_unless_rehearsals_are_trusted_a_person_decides(workshop: Workshop) -> None:
    fixes, why_not = await weighed(workshop, "select note from app.accounts where id = 1", trust_rehearsals=False)
    assert (fixes, "it is no restore" in (why_not or "")) == ([], True)


async def test_what_is_proved_by_a_rehearsal_is_queued_alone(workshop: Workshop) -> None:
    ((kind, state, proofs),), why_not = await weighed(workshop, "select note from app.accounts where id = 1")
    assert (kind, state, why_not) == ("change_column_type", "queued", None)
    told = {each["name"]: each["verdict"] for each in json.loads(proofs)}
    assert (told[STEPS], told[STATEMENTS]) == ("proved", "proved")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("select note from app.accounts where user_id = '1'", "parameter $1 text becomes integer"),
        ("select 1", "no statement on these tables is known"),
    ],
)
async def test_what_is_not_proved_waits_for_a_person(workshop: Workshop, statement: str, why: str) -> None:
    fixes, why_not = await weighed(workshop, statement)
    assert (fixes, why in (why_not or "")) == ([], True), why_not
