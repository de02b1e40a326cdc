from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.impact.impact import KEPT, NOT_HEARD, Doing, Impact, Impacts, Lock, Size
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.judging.judge import CheckStatus, Judge, Judgement
from pgmend.listener.judging.registry import builtin_rules

from tests.support.snapshots import NOON, altered, scene, snapshot, table, without

OF = snapshot('orders: id int pk, n int, "Größe" text\nusers: id int pk')
ORDERS = table(OF, "orders").oid
BUILT = Impact(
    event_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    table=ORDERS,
    subject="i",
    columns=(2,),
    doing=Doing.BUILD,
    lock=Lock.SHARE,
    what="built the index i",
    because="The statement says so.",
    size=Size(12_000_000, 3_000_000, 100_000),
    estimate=timedelta(milliseconds=130),
    took=timedelta(seconds=2.5),
    held=timedelta(),
    instead=("create index concurrently i on orders (n)",),
    advice="",
    occurred_at=NOON,
    command_tag="CREATE INDEX",
    role="ann",
    application=None,
    statement="create index i on orders (n)",
)


def judgement(impacts: Impacts, of: Snapshot = OF) -> Judgement:
    (rule,) = [rule for rule in builtin_rules() if rule.stem == "unsafe_ddl"]
    return Judge([rule], critical_tables=("*",)).judge(replace(scene(of), impacts=impacts), of.tables)


def found(*impacts: Impact, of: Snapshot = OF) -> list[Issue]:
    return list(judgement(Impacts().with_new(impacts), of).issues)


def test_it_says_what_was_locked_how_large_and_how_to_run_it_next_time() -> None:
    (issue,) = found(BUILT)
    assert (issue.severity, issue.column, issue.object_name) == (Severity.LOW, "n", "i")
    assert issue.current_state == (
        "CREATE INDEX built the index i of public.orders (11 MB and 2930 kB of indexes, some 100,000 rows) under SHARE:"
        " meanwhile nobody could write it. It was run by ann and ended at 2026-05-04 12:00:00 UTC."
    )
    assert issue.expected_state == ("Next time it keeps nobody waiting: create index concurrently i on orders (n).")
    assert issue.event_id == BUILT.event_id
    assert (issue.remedy, issue.doubt) == (
        None, "it is past: there is nothing to mend, only to run otherwise next time",
    )  # fmt: skip
    assert [each.seen for each in issue.evidence] == [
        "pgmend.ddl_log has the CREATE INDEX. It was: create index i on orders (n)",
        "The statement says so.",
        "2.5 s passed from when the client sent it to its end, waiting for locks included."
        " By the size, the work under the lock takes some 130 ms.",
        "This is told for 7 days.",
    ]


def test_locks_say_whom_they_kept_out() -> None:
    (issue,) = found(replace(BUILT, lock=Lock.ACCESS_EXCLUSIVE))
    assert "under ACCESS EXCLUSIVE: meanwhile nobody could read or write it" in issue.current_state
    assert Lock.strongest([Lock.SHARE, Lock.ACCESS_EXCLUSIVE, Lock.SHARE_ROW_EXCLUSIVE]) is Lock.ACCESS_EXCLUSIVE


def test_one_issue_for_each_subject_and_the_latest_speaks() -> None:
    again = replace(BUILT, event_id="1f8fad5b-d9cb-469f-a165-70867728950e", occurred_at=NOON + timedelta(hours=1))
    other = replace(BUILT, subject="", columns=(3,))
    first, second = found(BUILT, again, other)
    assert [(issue.column, issue.object_name) for issue in (first, second)] == [("Größe", ""), ("n", "i")]
    assert second.event_id == again.event_id
    assert "1 statement did the same before, since 2026-05-04." in [each.seen for each in second.evidence]


def test_ignored_issue_comes_back_when_the_same_is_done_again() -> None:
    (before,) = found(BUILT)
    (after,) = found(BUILT, replace(BUILT, event_id="1", occurred_at=NOON + timedelta(hours=1)))
    assert before.issue_id == after.issue_id
    assert before.definition_hash != after.definition_hash


def test_withheld_text_and_unmeasured_size_are_said() -> None:
    (issue,) = found(replace(BUILT, statement=None, size=Size(8192, 0, None, measured=False)))
    seen = " ".join(each.seen for each in issue.evidence)
    assert "Its text was not kept" in seen
    assert "The size is the planner's" in seen
    assert "(8192 bytes and 0 bytes of indexes, rows not counted)" in issue.current_state


def test_drop_of_an_index_is_no_long_work() -> None:
    (issue,) = found(replace(BUILT, doing=Doing.DROP_INDEX, estimate=timedelta()))
    assert any(each.against for each in issue.evidence)


def test_what_is_said_besides_the_statements() -> None:
    (issue,) = found(replace(BUILT, advice="again until it comes through"))
    assert issue.expected_state.endswith("on orders (n); (again until it comes through).")
    (issue,) = found(replace(BUILT, instead=(), advice="while nobody writes"))
    assert issue.expected_state == "Next time it keeps nobody waiting: while nobody writes."


@pytest.mark.parametrize(
    "of",
    [without(OF, "orders", "n"), altered(OF, "orders", left_alone=True), snapshot("users: id int pk")],
    ids=["a column that is gone", "a table that is left alone", "a table that is gone"],
)
def test_silent_on(of: Snapshot) -> None:
    impact = replace(BUILT, table=4711) if ("public", "orders") not in of.by_name else BUILT
    assert found(impact, of=of) == []


def test_impacts_end_with_their_time() -> None:
    impacts = Impacts().with_new([BUILT, replace(BUILT, event_id="1", occurred_at=NOON - timedelta(hours=1))])
    assert [each.event_id for each in impacts.since(NOON).by_table[ORDERS]] == [BUILT.event_id]
    assert impacts.since(NOON + KEPT).by_table == {}


def test_one_look_cannot_know_and_says_so() -> None:
    outcome = judgement(NOT_HEARD)
    assert (outcome.checks[0].status, outcome.checks[0].undecided) == (CheckStatus.SKIPPED, 2)
    assert "event triggers" in (outcome.checks[0].reason or "")


def test_what_was_heard_is_told_where_nobody_hears_any_more() -> None:
    outcome = judgement(Impacts().with_new([BUILT]).heard("nobody listens"))
    assert len(outcome.issues) == 1
    assert (outcome.checks[0].status, outcome.checks[0].reason) == (CheckStatus.FAILED, "nobody listens")
