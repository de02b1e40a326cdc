from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.counters.sequence import SequenceState
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.judging.judge import CheckStatus, Judge
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.remedy import ChangeColumnType, WidenSequence

from tests.support.snapshots import altered, counting, judged, scene, snapshot

INTEGER, BIGINT = (1 << 31) - 1, (1 << 63) - 1
ORDERS = snapshot("orders: id int pk serial")


def found(of: Snapshot, *sequences: SequenceState) -> list[Issue]:
    return judged(scene(of, sequences=sequences), "sequence_exhaustion")


def told(last: int | None, of: Snapshot = ORDERS, column: str = "id", /, **fields: Any) -> list[str]:
    return [issue.current_state for issue in found(of, counting(of, "orders", column, last, **fields))]


def test_one_that_is_nearly_used_up_is_critical() -> None:
    (issue,) = found(ORDERS, counting(ORDERS, "orders", "id", int(0.935 * INTEGER)))
    assert (issue.severity, issue.column, issue.object_name) == (Severity.CRITICAL, "id", "orders_id_seq")
    assert issue.current_state == "orders_id_seq, which numbers id, has used over 90% of what integer can hold."
    assert issue.expected_state == "id has a wider type, and so have orders_id_seq and the columns that refer to id."
    assert [evidence.seen for evidence in issue.evidence] == [
        "93 % of the numbers of orders_id_seq that id can hold are used."
    ]
    assert issue.remedy == ChangeColumnType(issue.table_oid, 1, "bigint", along=())


@pytest.mark.parametrize(
    ("kind", "fields", "widens"),
    [
        ("bigint", {"last": 2_100_000_000, "greatest": INTEGER}, True),
        ("int", {"last": 32_000, "greatest": (1 << 15) - 1}, True),
        ("bigint", {"last": -2_100_000_000, "greatest": -1, "least": -INTEGER - 1, "increment": -1}, True),
        ("bigint", {"last": 95, "greatest": 100}, False),
        ("numeric", {"last": 2_100_000_000, "greatest": INTEGER}, False),
    ],
)
def test_a_sequence_with_the_end_of_a_shorter_type_than_its_column_goes_on(
    kind: str, fields: dict[str, int], widens: bool
) -> None:
    of = snapshot(f"orders: id {kind} pk serial")
    state = counting(of, "orders", "id", fields.pop("last"), **fields)
    (issue,) = found(of, state)
    assert issue.remedy == (WidenSequence(issue.table_oid, 1, state.oid) if widens else None)


@pytest.mark.parametrize(
    ("share", "step"), [(0.5, None), (0.9, None), (0.901, "90%"), (0.95, "90%"), (0.951, "95%"), (0.995, "99%")]
)
def test_told_in_steps(share: float, step: str | None) -> None:
    (said,) = told(int(share * INTEGER)) or [None]
    assert (said is None) == (step is None)
    assert step is None or f"over {step} of" in (said or "")


def test_one_without_a_next_number_says_so() -> None:
    assert told(INTEGER) == [
        "orders_id_seq, which numbers id, is at the end of what integer can hold: the next insert fails."
    ]
    (said,) = told(INTEGER - 5, increment=10)
    assert "the next insert fails" in said


def test_never_used_and_just_begun_are_fine() -> None:
    assert told(None) == []
    assert told(1) == []
    assert told(None, greatest=1) == []
    assert told(1, greatest=1) != []


def test_sequence_of_bigint_is_judged_by_the_type_of_its_column() -> None:
    assert told(int(0.93 * INTEGER), greatest=BIGINT) == [
        "orders_id_seq, which numbers id, has used over 90% of what integer can hold."
    ]
    wide = snapshot("orders: id bigint pk serial")
    assert told(int(0.93 * INTEGER), wide, greatest=BIGINT) == []
    assert told(int(0.93 * BIGINT), wide, greatest=BIGINT) != []


def test_sequence_that_ends_before_its_column_is_judged_by_its_own_range() -> None:
    (issue,) = found(
        snapshot("orders: id bigint pk serial"),
        counting(snapshot("orders: id bigint pk serial"), "orders", "id", 95, greatest=100),
    )
    assert issue.current_state == "orders_id_seq, which numbers id, has used over 90% of its own range."
    assert issue.expected_state == "orders_id_seq has a MAXVALUE that id can hold and that is far away."


def test_digits_of_a_numeric_are_a_limit_and_text_is_none() -> None:
    of = altered(snapshot("orders: id numeric pk serial"), "orders", "id", type_modifier=(4 << 16) + 4)
    assert told(9_300, of, greatest=BIGINT) != []
    assert told(9_300, snapshot("orders: id numeric pk serial"), greatest=BIGINT) == []
    assert told(9_300, snapshot("orders: id text pk nextval(5)"), greatest=BIGINT) == []
    assert told(9_300, snapshot("orders: id text pk nextval(5)"), greatest=10_000) != []


def test_cycle_never_ends_unless_the_type_does_before() -> None:
    assert told(INTEGER, cycles=True) == []
    assert told(98, cycles=True, greatest=100) == []
    assert told(int(0.95 * INTEGER), cycles=True, greatest=BIGINT) != []


def test_descending_sequence_is_used_up_downwards() -> None:
    down = {"increment": -1, "start": -1, "least": -INTEGER - 1, "greatest": -1}
    assert told(-5, **down) == []
    assert told(None, **down) == []
    assert told(-int(0.93 * INTEGER), **down) != []
    (said,) = told(-INTEGER - 1, **down)
    assert "the next insert fails" in said
    of = snapshot("orders: id bigint pk serial")
    (issue,) = found(of, counting(of, "orders", "id", 3, increment=-1, start=100, least=1, greatest=100))
    assert "MINVALUE" in issue.expected_state


def test_range_that_begins_below_zero_is_twice_as_long() -> None:
    assert told(0, least=-INTEGER - 1) == []
    assert told(int(0.7 * INTEGER), least=-INTEGER - 1) == []
    assert told(int(0.9 * INTEGER), least=-INTEGER - 1) != []


def test_sequence_left_over_without_a_default_is_nobodys_end() -> None:
    of = snapshot("orders: id int pk serial")
    (numbering,) = next(iter(of.tables.values())).numberings
    left = altered(of, "orders", numberings=(numbering._replace(called=False),))
    assert told(INTEGER, left) == []
    assert told(INTEGER, snapshot("orders: id int pk identity")) != []


def test_partitions_and_children_are_told_once_on_the_parent() -> None:
    of = snapshot("""
        orders [partitioned]: id int nextval(7)
        part [partition of=orders]: id int inherited nextval(7)
        base: id int nextval(8)
        child [of=base]: id int inherited nextval(8)
        other [of=base]: id int inherited nextval(9)
    """)
    states = [
        counting(of, "orders", "id", INTEGER),
        counting(of, "base", "id", INTEGER),
        counting(of, "other", "id", INTEGER),
    ]
    assert {issue.table for issue in found(of, *states)} == {"orders", "base", "other"}


def test_sequence_of_another_schema_is_called_by_both_names() -> None:
    (said,) = told(INTEGER, schema="Größe, 1", name="Nr")
    assert said.startswith("Größe, 1.Nr, which numbers id")


def test_two_sequences_of_one_column_are_two_issues() -> None:
    of = snapshot("orders: id int pk serial")
    (numbering,) = next(iter(of.tables.values())).numberings
    of = altered(of, "orders", numberings=(numbering, numbering._replace(sequence=7, owned=False)))
    own = counting(of, "orders", "id", INTEGER)
    assert {each.object_name for each in found(of, own, own._replace(oid=7, name="b"))} == {"orders_id_seq", "b"}


@pytest.mark.parametrize(
    ("sequences", "status"),
    [
        ([], CheckStatus.SKIPPED),
        ([counting(ORDERS, "orders", "id", None, trouble="the role may not read it")], CheckStatus.COULD_NOT_RUN),
    ],
)
def test_what_was_not_read_is_not_called_clean(sequences: list[SequenceState], status: CheckStatus) -> None:
    rule = next(rule for rule in builtin_rules() if rule.stem == "sequence_exhaustion")
    judgement = Judge([rule]).judge(scene(ORDERS, sequences=sequences), ORDERS.tables)
    assert [check.status for check in judgement.checks] == [status]
    assert judgement.undecided


def test_table_of_an_extension_is_left_alone() -> None:
    of = snapshot("orders [extension]: id int pk serial")
    assert found(of, counting(of, "orders", "id", INTEGER)) == []
