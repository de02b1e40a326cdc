"""When pgmend acts alone: each line of the design refuses in its own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.evidence import Evidence
from pgmend.listener.fixes.plan import CastClass, Hazard, Plan, Proof, Verdict
from pgmend.listener.fixes.queue.memory import Memory
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.mending.autonomy import Circumstances, settled, why_not_alone
from pgmend.listener.remedy import AddForeignKey, ChangeColumnType, CreateIndex, DropIndex, RebuildIndex
from pgmend.listener.settings import AutoFix

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RETYPED = Change(ChangeKind.COLUMN_TYPE, 1, "public", "bookings", "user_id", number=2, event_id="e1", seen_at=NOW)
ISSUE = Issue(
    "i", "TYPE_MISMATCH", Severity.CRITICAL, "public", "bookings", "user_id", "", 1, "text", "integer", event_id="e1"
)
RESTORE = Plan(
    "change_column_type",
    "i",
    "integer again",
    ChangeColumnType(1, 2, "integer", restores=True),
    ((1, "public.bookings"),),
    ((1, "f"),),
    restores=True,
    cast_class=CastClass.EXACT,
    proofs=(Proof("exact", Verdict.PROVED, "10 rows"),),
)
ALONE = Circumstances(NOW, NOW - timedelta(minutes=2), AutoFix.CRITICAL, timedelta(hours=1), None, (RETYPED,))
INDEX = replace(RESTORE, kind="create_index", remedy=CreateIndex(1, (2,)), restores=False, cast_class=None)
KEY = replace(INDEX, kind="add_foreign_key", remedy=AddForeignKey(1, (2,), 9, (1,)))
SIBLINGS = replace(ISSUE, evidence=(Evidence("siblings", 4.0, "ten columns of that name refer to users(id)"),))
A_DAY_AGO = replace(ALONE, opened_at=NOW - timedelta(hours=25))


def test_an_exact_restore_of_something_critical_runs_alone() -> None:
    assert why_not_alone(ISSUE, RESTORE, ALONE) is None


def test_a_proved_index_runs_alone_where_everything_may() -> None:
    assert why_not_alone(ISSUE, INDEX, replace(ALONE, allowed=AutoFix.ALL)) is None


def test_a_foreign_key_with_siblings_runs_alone_after_a_day() -> None:
    assert why_not_alone(SIBLINGS, KEY, A_DAY_AGO) is None


AGAIN = replace(RETYPED, event_id="e0", seen_at=NOW - timedelta(hours=3))
HOUR = timedelta(hours=1)
TAKEN_BACK = Memory(taken_back=UUID(int=7), taken_back_by="alice")
UNDONE = Memory(
    applied=UUID(int=7), applied_at=NOW - 2 * HOUR, undone_by="deploy", undone_from="psql", undone_at=NOW - HOUR
)
UNPROVED = (Proof("statements", Verdict.UNPROVED, "no known statements"),)


@pytest.mark.parametrize(
    ("issue", "plan", "circumstances", "said"),
    [
        (ISSUE, replace(RESTORE, refusal="a materialized view depends on it"), ALONE, "no plan is possible"),
        (ISSUE, replace(RESTORE, waits_for="the online path"), ALONE, "waits for the online path"),
        (ISSUE, RESTORE, replace(ALONE, observing="this database is a copy"), "copy"),
        (replace(ISSUE, doubt="it may mean sessions.session_id"), RESTORE, ALONE, "sessions.session_id"),
        (replace(ISSUE, severity=Severity.MEDIUM), RESTORE, ALONE, "auto_fix is critical and this is medium"),
        (ISSUE, RESTORE, replace(ALONE, allowed=AutoFix.NONE), "off"),
        (replace(ISSUE, backlog=True), RESTORE, ALONE, "when pgmend was installed"),
        (replace(ISSUE, event_id=None), RESTORE, replace(ALONE, changes=()), "no schema change"),
        (ISSUE, RESTORE, replace(ALONE, intended="the change was meant: a migration"), "was meant: a migration"),
        (ISSUE, replace(RESTORE, undoes_drop=True), ALONE, "dropped it on purpose"),
        (ISSUE, replace(RESTORE, needs_approval="spellings change"), ALONE, "spellings change"),
        (ISSUE, replace(INDEX, remedy=DropIndex(1, 5, 6)), replace(ALONE, allowed=AutoFix.ALL), "drops something"),
        (ISSUE, replace(RESTORE, hazards=(Hazard.DATA_LOSS,)), ALONE, "drops something"),
        (ISSUE, replace(RESTORE, cast_class=CastClass.CANONICAL), ALONE, "canonical"),
        (ISSUE, replace(RESTORE, restores=False), ALONE, "no restore"),
        (ISSUE, replace(INDEX, proofs=UNPROVED), ALONE, "statements: unproved (no known statements)"),
        (ISSUE, replace(RESTORE, proofs=UNPROVED), ALONE, "statements: unproved (no known statements)"),
        (ISSUE, replace(INDEX, proofs=()), ALONE, "nothing proves"),
        (ISSUE, KEY, A_DAY_AGO, "sibling"),
        (SIBLINGS, KEY, ALONE, "24 hours"),
        (ISSUE, RESTORE, replace(ALONE, memory=Memory(last_failure=NOW - timedelta(minutes=59))), "not tried again"),
        (ISSUE, RESTORE, replace(ALONE, memory=TAKEN_BACK), "was reverted: alice had fix 00000000"),
        (ISSUE, RESTORE, replace(ALONE, memory=UNDONE), "and deploy from psql undid it by hand"),
        (ISSUE, RESTORE, replace(ALONE, memory=replace(UNDONE, undone_at=NOW - HOUR * 3)), "not there any more"),
        (ISSUE, RESTORE, replace(ALONE, memory=Memory(failures=3)), "failed 3 times: it waits for a person"),
        (ISSUE, RESTORE, replace(ALONE, memory=Memory(own_fix=UUID(int=7))), "no fix of ours causes another alone"),
        (ISSUE, RESTORE, replace(ALONE, changes=(RETYPED, AGAIN)), "quarantine: the same object was changed 2 times"),
    ],
)
def test_each_line_refuses_in_its_own_words(issue: Issue, plan: Plan, circumstances: Circumstances, said: str) -> None:
    objection = why_not_alone(issue, plan, circumstances)
    assert objection is not None
    assert said in objection.reason


@pytest.mark.parametrize(
    "changes",
    [
        (RETYPED, replace(AGAIN, seen_at=NOW - timedelta(hours=25))),
        (RETYPED, replace(AGAIN, fix_id="ours")),
        (RETYPED, replace(AGAIN, number=3)),
        (RETYPED, replace(AGAIN, event_id="e1")),
    ],
    ids=["long ago", "by us", "another column", "the same statement"],
)
def test_what_is_no_second_change_of_the_object_is_no_quarantine(changes: tuple[Change, ...]) -> None:
    assert why_not_alone(ISSUE, RESTORE, replace(ALONE, changes=changes)) is None


def test_what_was_changed_before_a_person_let_it_be_is_forgiven() -> None:
    twice = replace(ALONE, changes=(RETYPED, AGAIN), memory=Memory(said_at=NOW - timedelta(hours=2)))
    assert why_not_alone(ISSUE, RESTORE, twice) is None


BUILT = Change(ChangeKind.INDEX_ADDED, 1, "public", "bookings", "by_user", object_oid=71, seen_at=NOW)
BUILT_BEFORE = replace(BUILT, object_oid=70, seen_at=NOW - timedelta(hours=1))
REBUILD = replace(INDEX, kind="rebuild_index", remedy=RebuildIndex(1, 71), proofs=())


def test_an_index_made_twice_under_one_name_is_one_object() -> None:
    critical = replace(ALONE, changes=(BUILT,))
    assert why_not_alone(ISSUE, REBUILD, critical) is None
    again = why_not_alone(ISSUE, REBUILD, replace(critical, changes=(BUILT, BUILT_BEFORE)))
    assert again is not None
    assert "changed 2 times" in again.reason


def test_commands_that_no_trigger_told_of_are_told_apart_by_the_look_that_saw_them() -> None:
    unheard = replace(RETYPED, event_id=None)
    assert why_not_alone(ISSUE, RESTORE, replace(ALONE, changes=(unheard, unheard))) is None
    twice = (unheard, replace(unheard, seen_at=NOW - timedelta(minutes=1)))
    assert why_not_alone(ISSUE, RESTORE, replace(ALONE, changes=twice)) is not None


@pytest.mark.parametrize(
    ("issue", "plan", "circumstances", "until"),
    [
        (SIBLINGS, KEY, ALONE, ALONE.opened_at + timedelta(hours=24)),
        (
            ISSUE,
            RESTORE,
            replace(ALONE, memory=Memory(last_failure=NOW - timedelta(minutes=59))),
            NOW + timedelta(minutes=1),
        ),
        (ISSUE, RESTORE, replace(ALONE, changes=(RETYPED, AGAIN)), NOW + timedelta(hours=21)),
        (ISSUE, replace(RESTORE, proofs=UNPROVED), ALONE, NOW + timedelta(minutes=5)),
        (ISSUE, replace(RESTORE, refusal="'x' is no integer"), ALONE, NOW + timedelta(hours=1)),
        (ISSUE, RESTORE, replace(ALONE, allowed=AutoFix.NONE), None),
    ],
    ids=["watched", "failed", "quarantined", "unproved", "refused", "off"],
)
def test_what_may_be_over_by_itself_says_when(
    issue: Issue, plan: Plan, circumstances: Circumstances, until: datetime | None
) -> None:
    objection = why_not_alone(issue, plan, circumstances)
    assert objection is not None
    assert objection.until == until


def test_an_hour_after_a_failure_the_fix_may_be_tried_again() -> None:
    assert (
        why_not_alone(ISSUE, RESTORE, replace(ALONE, memory=Memory(last_failure=NOW - timedelta(minutes=61)))) is None
    )


def test_the_affected_set_settles() -> None:
    minute = timedelta(seconds=60)
    assert settled(None, NOW, minute)
    assert settled(NOW - minute, NOW, minute)
    assert not settled(NOW - timedelta(seconds=59), NOW, minute)


def test_what_is_expected_comes_back_alone_though_somebody_dropped_it() -> None:
    """Where it only reports, or was there before it was expected, other lines keep it from that."""
    dropped = replace(RESTORE, undoes_drop=True)
    expected = replace(ISSUE, evidence=(*ISSUE.evidence, Evidence("expected", 8.0, "The locked schema says so.")))
    assert why_not_alone(expected, dropped, ALONE) is None
    assert why_not_alone(expected, dropped, replace(ALONE, changes=())) is None
    unheard = why_not_alone(replace(expected, event_id=None), dropped, replace(ALONE, changes=()))
    assert unheard is not None
    only_reports = why_not_alone(replace(expected, doubt="it is not locked"), dropped, ALONE)
    assert only_reports is not None
    assert only_reports.reason == "it is not locked"
