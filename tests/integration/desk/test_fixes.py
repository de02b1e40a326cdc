"""The history of fixes, and their undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pgmend.listener.desk import Desk, FixFilter
from pgmend.listener.errors import FixError, InvalidRequest, NotFound
from pgmend.listener.fixes.plan import Proof, Verdict, proofs_to_json
from psycopg import AsyncConnection

from tests.support.planted import plant_fix, plant_issue


async def test_history_is_latest_first_without_superseded_plans(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    superseded = await plant_fix(connection, issue)
    newer = await plant_fix(connection, issue)
    other = await plant_fix(connection, await plant_issue(connection, column="b"), "applied")
    assert [fix.fix_id for fix in (await desk.fixes()).items] == [other, newer]
    assert [fix.fix_id for fix in (await desk.fixes(FixFilter(issue_id=issue.issue_id))).items] == [newer]
    assert [fix.fix_id for fix in (await desk.fixes(FixFilter(state="superseded"))).items] == [superseded]
    page = await desk.fixes(limit=1, offset=1)
    assert ([fix.fix_id for fix in page.items], page.total) == ([newer], 2)


async def test_fix_shows_its_plan_and_every_step_it_took(desk: Desk, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "deferred")
    for attempt, state, error in ((1, "failed", "lock timeout"), (2, "done", None)):
        await connection.execute(
            "insert into pgmend.fix_step (fix_id, direction, ordinal, attempt, title, statements, state, error)"
            " values (%s, 'apply', 1, %s, 'create it', array['create index a on b (c)'], %s, %s)",
            (fix_id, attempt, state, error),
        )
    detail = await desk.fix(str(fix_id))
    assert (detail.fix.state, detail.fix.table, detail.plan.summary) == ("deferred", "orders", "index b (c)")
    assert [(step.attempt, step.state, step.error) for step in detail.steps] == [
        (1, "failed", "lock timeout"),
        (2, "done", None),
    ]
    assert list(detail.steps[0].statements) == ["create index a on b (c)"]


async def test_fix_shows_the_proofs_that_were_made_last(desk: Desk, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection))
    proofs = proofs_to_json((Proof("free_name", Verdict.REFUTED, "1 found", ("index=a",)),))
    await connection.execute("update pgmend.fix set proofs = %s::jsonb where fix_id = %s", (proofs, fix_id))
    (proof,) = (await desk.fix(fix_id)).plan.proofs
    assert (proof.verdict, proof.counter_examples) == (Verdict.REFUTED, ("index=a",))


async def test_superseded_fix_is_still_shown_by_its_id(desk: Desk, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "superseded")
    assert (await desk.fix(fix_id)).fix.state == "superseded"


async def test_rollback_of_an_applied_fix_waits_in_its_row(desk: Desk, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "applied")
    asked = await desk.rollback(str(fix_id))
    assert (asked.state, asked.rollback_requested_by) == ("rollback_requested", "postgres")
    with pytest.raises(FixError, match="Its undo is on its way already"):
        await desk.rollback(fix_id)


async def test_only_an_applied_fix_is_rolled_back(desk: Desk, connection: AsyncConnection[Any]) -> None:
    issue = await plant_issue(connection)
    for state in ("approved", "queued", "running", "deferred", "refused", "failed", "superseded"):
        fix_id = await plant_fix(connection, issue, state)
        with pytest.raises(FixError, match=f"is {state}, not applied"):
            await desk.rollback(fix_id)
        assert (await desk.fix(fix_id)).fix.state == state


async def test_a_fix_whose_time_is_over_is_not_rolled_back(desk: Desk, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "applied")
    await connection.execute("update pgmend.fix set undo_until = '2026-05-04 12:34:56+02' where fix_id = %s", (fix_id,))
    with pytest.raises(
        FixError, match=r"cannot be undone any more: its undo was kept until 2026-05-04 10:34 UTC\. The"
    ):
        await desk.rollback(fix_id)
    assert (await desk.fix(fix_id)).fix.state == "applied"


async def test_unknown_fix_is_told_from_what_is_no_id(desk: Desk) -> None:
    for ask in (desk.fix, desk.rollback):
        with pytest.raises(NotFound, match="There is no fix"):
            await ask(UUID(int=1))
        with pytest.raises(InvalidRequest, match="'7' is no fix id"):
            await ask("7")


async def test_backups_say_what_they_are_for(desk: Desk, connection: AsyncConnection[Any]) -> None:
    fix_id = await plant_fix(connection, await plant_issue(connection), "applied")
    await connection.execute(
        "insert into pgmend.backup (fix_id, relation_name, relation_oid, kind, row_count, bytes)"
        " values (%s, 'old_values', 4711, 'rows', 3, 99)",
        (fix_id,),
    )
    (backup,) = (await desk.backups()).items
    assert (backup.fix_id, backup.relation_name, backup.row_count, backup.bytes) == (fix_id, "old_values", 3, 99)
    assert (backup.fix_state, backup.fix_summary, backup.expires_at) == ("applied", "index b (c)", None)
