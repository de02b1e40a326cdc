"""Plans that are shown, and the approval of exactly what was shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pgmend.listener.desk import Desk, FixFilter
from pgmend.listener.errors import FixError, NotFound, PlanRefused, PlanStale
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.queue.book import propose
from pgmend.listener.issue import Issue
from pgmend.listener.remedy import CreateIndex
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.planted import plant_fix, plant_issue, plant_missing_index

NOWHERE = "0123456789abcdef"


@pytest.fixture
async def issue(installed: Database, connection: AsyncConnection[Any]) -> Issue:
    return await plant_missing_index(installed, connection)


async def state_of(desk: Desk, fix_id: UUID) -> str:
    return (await desk.fix(fix_id)).fix.state


async def test_preview_proposes_the_plan_that_it_shows(desk: Desk, issue: Issue) -> None:
    shown = await desk.preview(issue.issue_id)
    assert shown.plan.steps
    assert shown.plan.inverse
    assert all(proof.verdict is Verdict.PROVED for proof in shown.plan.proofs)
    assert (shown.fix.state, shown.fix.automatic, shown.fix.plan_hash) == ("proposed", False, shown.plan.plan_hash)
    assert (await desk.fix(shown.fix.fix_id)).plan == shown.plan


async def test_same_preview_twice_is_one_proposal(desk: Desk, issue: Issue) -> None:
    first, second = await desk.preview(issue.issue_id), await desk.preview(issue.issue_id)
    assert second.fix == first.fix
    assert (await desk.fixes(FixFilter(issue_id=issue.issue_id))).total == 1


async def test_preview_after_the_table_moved_is_another_fix(desk: Desk, issue: Issue, installed: Database) -> None:
    first = await desk.preview(issue.issue_id)
    installed.execute("alter table public.orders rename to purchases")
    second = await desk.preview(issue.issue_id)
    assert second.fix.fix_id != first.fix.fix_id
    assert "purchases" in second.plan.steps[0].statements[0]
    assert await state_of(desk, first.fix.fix_id) == "superseded"


async def test_preview_of_what_is_on_its_way_shows_that(
    desk: Desk, issue: Issue, connection: AsyncConnection[Any]
) -> None:
    running = await plant_fix(connection, issue, "running")
    shown = await desk.preview(issue.issue_id)
    assert (shown.fix.fix_id, shown.fix.state) == (running, "running")
    assert (await desk.fixes(FixFilter(issue_id=issue.issue_id))).total == 1


async def test_preview_changes_nothing_but_the_book(desk: Desk, issue: Issue, installed: Database) -> None:
    before = installed.fetch("select count(*) from pg_class where relnamespace = 'public'::regnamespace")
    await desk.preview(issue.issue_id)
    assert installed.fetch("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == before


async def test_issue_for_a_person_to_decide_has_no_plan(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection, issue_type="MISSING_PRIMARY_KEY")
    with pytest.raises(PlanRefused, match="has no remedy"):
        await desk.preview(issue.issue_id)


async def test_plan_for_a_table_that_is_gone_is_refused_and_not_proposed(
    desk: Desk, issue: Issue, installed: Database
) -> None:
    installed.execute("drop table public.orders")
    with pytest.raises(PlanRefused, match="is gone"):
        await desk.preview(issue.issue_id)
    assert (await desk.fixes()).total == 0


async def test_resolved_issue_has_nothing_to_preview_or_approve(
    desk: Desk, issue: Issue, connection: AsyncConnection[Any]
) -> None:
    shown = await desk.preview(issue.issue_id)
    await connection.execute("update pgmend.issue set status = 'resolved'")
    with pytest.raises(FixError, match="is resolved"):
        await desk.preview(issue.issue_id)
    with pytest.raises(FixError, match="is resolved"):
        await desk.approve(issue.issue_id, shown.fix.plan_hash)


async def test_approval_of_what_was_shown_queues_it(desk: Desk, issue: Issue, installed: Database) -> None:
    shown = await desk.preview(issue.issue_id)
    approved = await desk.approve(issue.issue_id, shown.fix.plan_hash)
    assert (approved.fix_id, approved.state, approved.approved_by) == (shown.fix.fix_id, "approved", "postgres")
    actions = installed.fetch(
        "select action from pgmend.audit where object = %s order by occurred_at", [str(approved.fix_id)]
    )
    assert [action for (action,) in actions] == ["fix.proposed", "fix.approved"]


async def test_approval_of_an_automatic_fix_that_waits_makes_it_somebodys(
    desk: Desk, issue: Issue, installed: Database
) -> None:
    shown = await desk.preview(issue.issue_id)
    installed.execute("update pgmend.fix set automatic = true, state = 'deferred', next_attempt_at = now() + '1 hour'")
    assert (await desk.preview(issue.issue_id)).fix.fix_id == shown.fix.fix_id
    approved = await desk.approve(issue.issue_id, shown.fix.plan_hash)
    assert (approved.fix_id, approved.state, approved.automatic) == (shown.fix.fix_id, "approved", False)
    assert approved.next_attempt_at is None


async def test_second_approval_says_how_far_the_first_came(desk: Desk, issue: Issue) -> None:
    shown = await desk.preview(issue.issue_id)
    await desk.approve(issue.issue_id, shown.fix.plan_hash)
    with pytest.raises(FixError, match="is approved already"):
        await desk.approve(issue.issue_id, shown.fix.plan_hash)


async def test_of_two_approvals_at_once_one_wins(desk: Desk, issue: Issue, installed: Database) -> None:
    shown = await desk.preview(issue.issue_id)
    both = [desk.approve(issue.issue_id, shown.fix.plan_hash) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(isinstance(each, FixError) for each in outcomes) == [False, True]
    assert installed.value("select count(*) from pgmend.audit where action = 'fix.approved'") == 1


async def test_approval_of_another_plan_is_stale(desk: Desk, issue: Issue) -> None:
    shown = await desk.preview(issue.issue_id)
    with pytest.raises(PlanStale, match="preview it again"):
        await desk.approve(issue.issue_id, "0" * 64)
    assert await state_of(desk, shown.fix.fix_id) == "proposed"


@pytest.mark.parametrize(
    "ddl",
    [
        "alter table public.orders add column note text",
        "alter table public.orders rename to purchases",
        "alter table public.orders alter column user_id type text",
        "drop table public.orders",
    ],
)
async def test_approval_after_the_world_moved_is_stale(desk: Desk, issue: Issue, installed: Database, ddl: str) -> None:
    shown = await desk.preview(issue.issue_id)
    installed.execute(ddl.encode())  # type: ignore[arg-type]
    with pytest.raises(PlanStale):
        await desk.approve(issue.issue_id, shown.fix.plan_hash)
    assert await state_of(desk, shown.fix.fix_id) == "proposed"


async def test_a_plan_that_is_superseded_in_the_midst_of_its_approval_is_stale(
    desk: Desk, issue: Issue, installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await desk.preview(issue.issue_id)

    async def superseded(*_: object) -> None:
        installed.execute("update pgmend.fix set state = 'superseded' where fix_id = %s", [shown.fix.fix_id])

    monkeypatch.setattr("pgmend.listener.desk.plans.check_unmoved", superseded)
    with pytest.raises(PlanStale, match="preview it again"):
        await desk.approve(issue.issue_id, shown.fix.plan_hash)
    assert await state_of(desk, shown.fix.fix_id) == "superseded"


async def test_new_rows_do_not_make_a_plan_stale(desk: Desk, issue: Issue, installed: Database) -> None:
    shown = await desk.preview(issue.issue_id)
    installed.execute("insert into public.orders select i, i from generate_series(1, 1000) as i")
    installed.execute("analyze public.orders")
    assert (await desk.approve(issue.issue_id, shown.fix.plan_hash)).state == "approved"


async def test_approval_without_a_preview_is_stale(desk: Desk, issue: Issue) -> None:
    with pytest.raises(PlanStale):
        await desk.approve(issue.issue_id, "0" * 64)


async def test_plan_that_waits_for_something_is_not_approved(
    desk: Desk, issue: Issue, connection: AsyncConnection[Any]
) -> None:
    shown = await desk.preview(issue.issue_id)
    waiting = replace(shown.plan, waits_for="the online path")
    await propose(connection, UUID(int=7), waiting)
    with pytest.raises(PlanRefused, match="waits for the online path"):
        await desk.approve(issue.issue_id, waiting.plan_hash)


async def test_quoted_names_survive_into_the_plan(
    desk: Desk, installed: Database, connection: AsyncConnection[Any]
) -> None:
    installed.execute('create table public."Odd ""name"" %s" (id int primary key, "Ünïcode" int)')
    oid = installed.value("select oid::bigint from pg_class where relkind = 'r' and relname like 'Odd%'")
    issue = await plant_issue(connection, table='Odd "name" %s', table_oid=oid, remedy=CreateIndex(oid, (2,)))
    shown = await desk.preview(issue.issue_id)
    assert '"Odd ""name"" %s"' in shown.plan.steps[0].statements[0]
    assert (await desk.approve(issue.issue_id, shown.fix.plan_hash)).table == 'Odd "name" %s'


async def test_unknown_issue_has_no_plan(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.preview(NOWHERE)
    with pytest.raises(NotFound):
        await desk.approve(NOWHERE, "0" * 64)
