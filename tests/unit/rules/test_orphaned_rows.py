from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.issue import Severity
from pgmend.listener.judging.judge import CheckStatus, Judge, Judgement
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.relations.measurement import Containment, Unmeasured

from tests.support.snapshots import altered, counted, judged, link, scene, snapshot, table

OF = snapshot('users: id int pk\nold: "Uid" int -> users(id) not valid\na: user_id int -> users\nbookings: user_id int')
NOT_VALID = link(OF, "old(Uid)", "users(id)")
BELIEVED = link(OF, "bookings(user_id)", "users(id)")


def judgement(counts: dict[object, object]) -> Judgement:
    rule = next(rule for rule in builtin_rules() if rule.stem == "orphaned_rows")
    return Judge([rule]).judge(scene(OF, counts), OF.tables)  # type: ignore[arg-type]


def test_rows_that_break_a_foreign_key_never_validated() -> None:
    (issue,) = judged(scene(OF, {NOT_VALID: counted(1200, 7), BELIEVED: counted(10)}), "orphaned_rows")
    assert issue.severity is Severity.MEDIUM
    assert issue.current_state == "7 of 1,200 rows of public.old have a value in Uid that is not in public.users(id)."
    assert issue.expected_state == "Every value of Uid is in public.users(id)."
    assert issue.remedy is None
    assert [each.seen for each in issue.evidence] == [
        "The foreign key old_Uid_fkey was never validated.",
        "Without a key: '0', '1' and '2' among others.",
    ]


def test_rows_that_break_a_believed_relation() -> None:
    (issue,) = judged(scene(OF, {BELIEVED: counted(1000, 2), NOT_VALID: counted(1)}), "orphaned_rows")
    assert (issue.table, issue.column) == ("bookings", "user_id")
    assert {"siblings", "naming", "containment", "rows"} <= {each.kind for each in issue.evidence}


def test_sample_tells_at_least() -> None:
    counts = {NOT_VALID: counted(10_000, 3, exact=False), BELIEVED: counted(1)}
    (issue,) = judged(scene(OF, counts), "orphaned_rows")
    assert issue.current_state.startswith("At least 3 of the 10,000 rows sampled of public.old have a value in Uid")


def test_values_of_another_type_are_orphans_too() -> None:
    counts = {NOT_VALID: counted(10, 1, uncastable=2), BELIEVED: counted(1)}
    (issue,) = judged(scene(OF, counts), "orphaned_rows")
    assert issue.current_state.startswith("3 of 10 rows")
    assert issue.evidence[-1].seen == "2 of them cannot even be written in the key's type."


def test_no_orphans_no_issue() -> None:
    outcome = judgement({NOT_VALID: counted(10), BELIEVED: counted(10)})
    assert outcome.issues == ()
    assert outcome.checks[0].status is CheckStatus.PASSED


@pytest.mark.parametrize(
    ("count", "status", "reason"),
    [
        (None, CheckStatus.SKIPPED, "The rows of Uid are not counted yet."),
        (Unmeasured("why"), CheckStatus.COULD_NOT_RUN, "The rows of Uid were not counted: why."),
    ],
)
def test_what_was_not_counted_is_not_called_clean(
    count: Containment | Unmeasured | None, status: CheckStatus, reason: str
) -> None:
    counts: dict[object, object] = {BELIEVED: counted(100, 60)}
    if count is not None:
        counts[NOT_VALID] = count
    outcome = judgement(counts)
    assert (outcome.checks[0].status, outcome.checks[0].reason) == (status, reason)
    assert ("ORPHANED_ROWS", table(OF, "old").oid) in outcome.undecided


def test_types_that_are_not_compared_are_skipped() -> None:
    users = table(OF, "users")
    of = replace(OF, tables={**OF.tables, users.oid: altered(OF, "users", "id", type_oid=99_999).tables[users.oid]})
    of = altered(of, "old", "Uid", type_oid=99_999)
    rule = next(rule for rule in builtin_rules() if rule.stem == "orphaned_rows")
    outcome = Judge([rule]).judge(scene(of), [table(of, "old").oid])
    assert outcome.checks[0].status is CheckStatus.SKIPPED
    assert outcome.checks[0].reason == "Values of the types of Uid are not compared."


@pytest.mark.parametrize("fields", [{"enforced": False}, {"validated": True}, {"parent": 4711}])
def test_silent_on_foreign_keys_that_promise_nothing_or_enough(fields: dict[str, object]) -> None:
    of = altered(OF, "old", "old_Uid_fkey", **fields)
    assert judged(scene(of, {NOT_VALID: counted(10, 5), BELIEVED: counted(1)}), "orphaned_rows") == []
