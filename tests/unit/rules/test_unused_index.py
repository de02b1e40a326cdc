from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.counters.counters import Counters
from pgmend.listener.counters.idle import IdleIndex, Idleness
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.judging.judge import CheckStatus, Judge
from pgmend.listener.judging.registry import builtin_rules

from tests.support.snapshots import NOON, altered, scene, snapshot, table

SINCE = NOON - timedelta(days=50)
ORDERS = snapshot('orders: id int pk, nr text, at int, "Nr, 1"=index(nr), used=index(at)')


def found(of: Snapshot, *idle: str, pages: int = 500) -> list[Issue]:
    """What the rule finds where the indexes of those names are idle."""
    names = {index.name: index.oid for each in of.tables.values() for index in each.indexes}
    indexes = {names[name]: IdleIndex(SINCE, pages) for name in idle}
    seen = replace(scene(of), counters=Counters(idleness=Idleness(indexes, standbys=False)))
    rule = next(rule for rule in builtin_rules() if rule.stem == "unused_index")
    return list(Judge([rule], critical_tables=("*",)).judge(seen, of.tables).issues)


def test_idle_index_is_told() -> None:
    (issue,) = found(ORDERS, "Nr, 1")
    assert (issue.severity, issue.column, issue.object_name) == (Severity.LOW, "nr", "Nr, 1")
    assert (issue.remedy, issue.doubt) == (None, None)
    assert issue.current_state == "The index Nr, 1 on nr was used by nothing for 35 days and more."
    assert [each.seen for each in issue.evidence] == ["The server has counted no use of Nr, 1 since 2026-03-15."]


def test_index_that_is_used_is_fine() -> None:
    assert found(ORDERS) == []


def test_small_index_is_not_worth_a_word() -> None:
    assert found(ORDERS, "Nr, 1", pages=127) == []
    assert len(found(ORDERS, "Nr, 1", pages=128)) == 1


NEEDED: dict[str, dict[str, Any]] = {
    "unique": {"unique": True},
    "of a constraint": {"constraint": 7},
    "exclusion": {"exclusion": True},
    "replica identity": {"replica_identity": True},
    "clustered": {"clustered": True},
    "a part of the parent's index": {"parent": 7},
    "invalid": {"valid": False},
    "being built": {"valid": False, "ready": False, "being_built": True},
}


@pytest.mark.parametrize("fields", NEEDED.values(), ids=NEEDED)
def test_silent_on_what_does_more_than_to_be_used(fields: dict[str, Any]) -> None:
    assert found(altered(ORDERS, "orders", "Nr, 1", **fields), "Nr, 1") == []


def test_primary_keys_and_unique_constraints_are_never_unused() -> None:
    of = snapshot("orders: id int pk, nr text unique")
    assert found(of, "orders_pkey", "orders_nr_key") == []


def test_index_that_a_foreign_key_leans_on_is_for_the_day_of_a_delete() -> None:
    of = snapshot("users: id int pk\nposts: u int -> users, at int, a=index(u), b=index(u, at), c=index(at, u)")
    assert [issue.object_name for issue in found(of, "a", "b", "c")] == ["c"]


def test_partial_and_expression_indexes_are_judged_as_others() -> None:
    partial = altered(ORDERS, "orders", "Nr, 1", shape="|{OPEXPR}")
    expression = altered(ORDERS, "orders", "Nr, 1", shape="({FUNCEXPR})|", columns=(0,))
    assert len(found(partial, "Nr, 1")) == len(found(expression, "Nr, 1")) == 1


def test_partitioned_index_is_as_busy_as_the_busiest_part() -> None:
    of = snapshot("""
        orders [partitioned]: nr text, i=index(nr)
        p1 [partition of=orders]: nr text inherited, i1=index(nr)
        p2 [partitioned partition of=orders]: nr text inherited, i2=index(nr)
        p21 [partition of=p2]: nr text inherited, i21=index(nr)
    """)
    (i,) = table(of, "orders").indexes
    (i2,) = table(of, "p2").indexes
    of = altered(altered(of, "p1", "i1", parent=i.oid), "p2", "i2", parent=i.oid)
    of = altered(of, "p21", "i21", parent=i2.oid)
    # The server counts nothing for an index that has no pages of its own.
    assert [(each.table, each.object_name) for each in found(of, "i", "i2", "i1", "i21", pages=64)] == [("orders", "i")]
    assert found(of, "i", "i2", "i1") == []
    assert found(of, "i", "i2", "i1", "i21", pages=60) == []


def test_partitioned_index_without_parts_says_nothing() -> None:
    assert found(snapshot("orders [partitioned]: nr text, i=index(nr)"), "i") == []


def test_tables_of_extensions_are_left_alone() -> None:
    assert found(snapshot("orders [extension]: nr text, i=index(nr)"), "i") == []


def test_where_a_standby_reads_nothing_is_known_to_be_unused() -> None:
    indexes = {index.oid: IdleIndex(SINCE, 500) for each in ORDERS.tables.values() for index in each.indexes}
    seen = replace(scene(ORDERS), counters=Counters(idleness=Idleness(indexes, standbys=True)))
    rule = next(rule for rule in builtin_rules() if rule.stem == "unused_index")
    judgement = Judge([rule]).judge(seen, ORDERS.tables)
    (check,) = judgement.checks
    assert (judgement.issues, check.status) == ((), CheckStatus.SKIPPED)
    assert "standby" in (check.reason or "")


def test_one_look_cannot_tell_and_says_so() -> None:
    rule = next(rule for rule in builtin_rules() if rule.stem == "unused_index")
    judgement = Judge([rule]).judge(replace(scene(ORDERS), counters=Counters()), ORDERS.tables)
    (check,) = judgement.checks
    assert (check.status, check.undecided) == (CheckStatus.SKIPPED, 1)
    assert "35 days" in (check.reason or "")
