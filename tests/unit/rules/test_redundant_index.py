from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.remedy import DropIndex

from tests.support.snapshots import altered, judged, scene, snapshot, table

PREFIX = "orders: id int pk, nr text, at int, state text, short=index(nr), long=index(nr, at)"


def found(of: Snapshot) -> list[Issue]:
    return judged(scene(of), "redundant_index")


def pairs(of: Snapshot) -> list[tuple[str, str]]:
    """Which index goes in favour of which."""
    names = {index.oid: index.name for each in of.tables.values() for index in each.indexes}
    dropped: list[tuple[str, str]] = []
    for issue in found(of):
        assert isinstance(issue.remedy, DropIndex)
        dropped.append((names[issue.remedy.index], names[issue.remedy.kept]))
    return dropped


def test_prefix_goes_and_the_longer_one_stays() -> None:
    of = snapshot(PREFIX)
    (issue,) = found(of)
    assert pairs(of) == [("short", "long")]
    assert (issue.severity, issue.column, issue.object_name) == (Severity.LOW, "nr", "short")
    assert issue.current_state == "The index short on nr does nothing that long on nr, at does not do, too."
    assert issue.expected_state == "short is gone: long begins with nr."


def test_index_beside_the_key_on_the_same_columns_goes() -> None:
    of = snapshot("orders: id int pk, nr text unique, a=index(id), b=index(nr)")
    assert pairs(of) == [("a", "orders_pkey"), ("b", "orders_nr_key")]


def test_included_columns_have_to_be_in_the_one_that_stays() -> None:
    of = altered(snapshot(PREFIX), "orders", "short", included=(3,))
    assert pairs(of) == [("short", "long")]
    assert pairs(altered(of, "orders", "short", included=(4,))) == []
    same = altered(snapshot("orders: nr text, at int, a=index(nr), b=index(nr)"), "orders", "b", included=(2,))
    assert pairs(same) == [("a", "b")]


def test_each_of_a_chain_goes_in_favour_of_the_one_that_stays() -> None:
    of = snapshot("orders: a int, b int, c int, one=index(a), two=index(a, b), three=index(a, b, c)")
    assert pairs(of) == [("one", "three"), ("two", "three")]


def test_smallest_of_several_stays() -> None:
    of = snapshot("orders: a int, b int, c int, d int, x=index(a, c, d), y=index(a, b), z=index(a)")
    assert pairs(of) == [("z", "y")]


def test_of_twins_the_one_is_named_that_duplicate_index_keeps() -> None:
    of = snapshot("orders: a int, b int, z=index(a), x=index(a, b), y=index(a, b)")
    assert pairs(of) == [("z", "x")]
    clustered = altered(of, "orders", "y", clustered=True)
    assert pairs(clustered) == [("z", "y")]
    names = {index.oid: index.name for index in table(of, "orders").indexes}
    (twin,) = judged(scene(clustered), "duplicate_index")
    assert isinstance(twin.remedy, DropIndex)
    assert names[twin.remedy.kept] == "y"


def test_equal_predicates_are_the_same_rows() -> None:
    of = altered(snapshot(PREFIX), "orders", "short", shape="|{OPEXPR}")
    assert pairs(altered(of, "orders", "long", shape="|{OPEXPR}")) == [("short", "long")]


SHORT_DIFFERS: dict[str, dict[str, Any]] = {
    "unique: it enforces": {"unique": True},
    "partial": {"shape": "|{OPEXPR}"},
    "expression": {"shape": "({FUNCEXPR})|", "columns": (0,)},
    "hash": {"method": "hash"},
    "gin": {"method": "gin"},
    "gist": {"method": "gist"},
    "brin": {"method": "brin"},
    "trigrams": {"method": "gin", "operator_classes": (4711,)},
    "text_pattern_ops": {"operator_classes": (4711,)},
    "collation": {"collations": (950,)},
    "descending": {"options": (3,)},
    "nulls first": {"options": (2,)},
    "replica identity": {"replica_identity": True},
    "clustered": {"clustered": True},
    "a part of the parent's index": {"parent": 7},
    "of a constraint": {"constraint": 7},
    "invalid": {"valid": False},
    "being built": {"valid": False, "being_built": True},
    "exclusion": {"exclusion": True},
    "not the first column": {"columns": (3,), "operator_classes": (23,), "collations": (0,)},
}


@pytest.mark.parametrize("fields", SHORT_DIFFERS.values(), ids=SHORT_DIFFERS)
def test_silent_where_the_short_one_does_something_of_its_own(fields: dict[str, Any]) -> None:
    assert found(altered(snapshot(PREFIX), "orders", "short", **fields)) == []


LONG_DIFFERS: dict[str, dict[str, Any]] = {
    "partial": {"shape": "|{OPEXPR}"},
    "gin": {"method": "gin"},
    "invalid": {"valid": False},
    "being built": {"valid": False, "being_built": True},
    "expression beside": {"shape": "({FUNCEXPR})|", "columns": (2, 0)},
    "other order": {"columns": (3, 2), "operator_classes": (23, 25), "collations": (0, 100)},
    "another class": {"operator_classes": (4711, 23)},
    "exclusion": {"exclusion": True},
}


@pytest.mark.parametrize("fields", LONG_DIFFERS.values(), ids=LONG_DIFFERS)
def test_silent_where_the_long_one_cannot_serve(fields: dict[str, Any]) -> None:
    assert found(altered(snapshot(PREFIX), "orders", "long", **fields)) == []


def test_two_keys_in_other_orders_are_both_of_use() -> None:
    assert found(snapshot("members: a int, b int, pk(a, b), index(b, a), index(b)")) != []
    assert found(snapshot("members: a int, b int, pk(a, b), index(b, a)")) == []
    assert found(snapshot("members: a int, b int, pk(a, b), index(b)")) == []


def test_unique_prefix_of_a_longer_key_stays() -> None:
    assert found(snapshot("users: a int, b int, u=unique index(a), v=unique index(a, b)")) == []


def test_foreign_key_that_the_longer_one_covers_needs_no_index_of_its_own() -> None:
    of = snapshot("users: id int pk\nposts: user_id int -> users, at int, a=index(user_id), b=index(user_id, at)")
    assert pairs(of) == [("a", "b")]
    lone = snapshot("users: id int pk\nposts: user_id int -> users, at int, b=index(user_id, at)")
    assert judged(scene(lone), "missing_index") == []


def test_partitions_are_told_once_on_the_parent() -> None:
    of = snapshot("""
        orders [partitioned]: a int, b int, x=index(a), y=index(a, b)
        part [partition of=orders]: a int inherited, b int inherited, px=index(a), py=index(a, b)
    """)
    x, y = (index.oid for index in table(of, "orders").indexes)
    attached = altered(altered(of, "part", "px", parent=x), "part", "py", parent=y)
    assert pairs(attached) == [("x", "y")]


def test_tables_of_extensions_are_left_alone() -> None:
    assert found(snapshot("orders [extension]: a int, b int, index(a), index(a, b)")) == []
