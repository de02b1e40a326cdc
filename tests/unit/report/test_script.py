"""What a plan's script says besides its statements."""

from __future__ import annotations

from dataclasses import replace

from pgmend.api.http.plan import plan_answer
from pgmend.api.report.document import plan_document
from pgmend.api.report.script import plan_lines
from pgmend.listener.fixes.plan import Plan, Step
from pgmend.listener.remedy import DropIndex

PLAN = Plan(
    kind="drop_index",
    issue_id="0123456789abcdef",
    summary="Drop index a",
    remedy=DropIndex(1, 2, 3),
    steps=(Step("Drop it", ("DROP INDEX a",), transactional=True, probe="select 'before'"),),
    notes=("Sessions on a standby are not seen.\ndrop table users;",),
    no_inverse="Its rows are gone.",
)


def test_notes_and_a_missing_undo_are_comments_line_by_line() -> None:
    assert list(plan_lines(PLAN)) == [
        "-- note: Sessions on a standby are not seen.",
        "-- drop table users;",
        "-- Drop it",
        "begin;",
        "DROP INDEX a;",
        "commit;",
        "-- not to be undone: Its rows are gone.",
    ]


def test_every_face_tells_notes_and_why_there_is_no_undo() -> None:
    answer, document = plan_answer(PLAN), plan_document(PLAN)
    assert (answer.notes, answer.no_inverse) == (PLAN.notes, PLAN.no_inverse)
    assert (document["notes"], document["no_inverse"]) == (list(PLAN.notes), PLAN.no_inverse)


def test_a_plan_without_them_says_nothing_of_them() -> None:
    lines = list(plan_lines(replace(PLAN, notes=(), no_inverse=None)))
    assert not [line for line in lines if "note" in line or "undone" in line]
