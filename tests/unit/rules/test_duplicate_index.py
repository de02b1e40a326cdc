from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue
from pgmend.listener.remedy import DropIndex

from tests.support.snapshots import altered, judged, scene, snapshot, table

TWINS = "orders: id int pk, nr text, at int, a=index(nr, at), b=index(nr, at)"


def found(of: Snapshot) -> list[Issue]:
    return judged(scene(of), "duplicate_index")


def dropped_and_kept(of: Snapshot, issue: Issue) -> tuple[str, str]:
    names = {index.oid: index.name for each in of.tables.values() for index in each.indexes}
    assert isinstance(issue.remedy, DropIndex)
    return names[issue.remedy.index], names[issue.remedy.kept]


def test_younger_twin_goes() -> None:
    of = snapshot(TWINS)
    (issue,) = found(of)
    assert dropped_and_kept(of, issue) == ("b", "a")
    assert (issue.current_state, issue.expected_state) == ("The index b is the same as a.", "Only a is there.")


def test_of_three_one_is_kept() -> None:
    of = snapshot('orders: nr text, a=index(nr), "B, b"=index(nr), c=index(nr)')
    assert [dropped_and_kept(of, issue) for issue in found(of)] == [("B, b", "a"), ("c", "a")]


@pytest.mark.parametrize(
    "fields", [{"replica_identity": True}, {"clustered": True}], ids=["replica identity", "clustered"]
)
def test_one_that_something_needs_is_kept_though_younger(fields: dict[str, Any]) -> None:
    of = altered(snapshot(TWINS), "orders", "b", **fields)
    assert [dropped_and_kept(of, issue) for issue in found(of)] == [("a", "b")]


def test_one_of_a_constraint_is_kept() -> None:
    of = snapshot("users: id int, email text, a=unique index(email), b=unique(email)")
    assert [dropped_and_kept(of, issue) for issue in found(of)] == [("a", "b")]


def test_one_that_a_foreign_key_refers_to_is_kept() -> None:
    of = snapshot(
        "users: id int, x=unique index(id), y=unique index(id)\nposts: user_id int, k=fk(user_id) -> users(id)"
    )
    y = next(index.oid for index in table(of, "users").indexes if index.name == "y")
    assert [dropped_and_kept(of, issue) for issue in found(of)] == [("y", "x")]
    of = altered(of, "posts", "k", index_oid=y)
    assert [dropped_and_kept(of, issue) for issue in found(of)] == [("x", "y")]


def test_two_constraints_are_told_and_neither_is_dropped() -> None:
    (issue,) = found(snapshot("users: id int pk unique"))
    assert issue.remedy is None
    assert issue.doubt == (
        "users_id_key belongs to a constraint, and users_pkey is the primary key's: neither can just go"
    )


DIFFERENT: dict[str, dict[str, Any]] = {
    "method": {"method": "gin"},
    "order of columns": {"columns": (3, 2)},
    "one column more": {"columns": (2, 3, 1)},
    "prefix": {"columns": (2,)},
    "included": {"included": (1,)},
    "operator class": {"operator_classes": (4711, 23)},
    "collation": {"collations": (950, 0)},
    "descending": {"options": (3, 0)},
    "unique": {"unique": True},
    "predicate": {"shape": "|{OPEXPR}"},
    "expression": {"shape": "({FUNCEXPR})|", "columns": (0, 3)},
    "operator class options": {"class_options": ("siglen=32",)},
    "not valid": {"valid": False},
    "being built": {"valid": False, "being_built": True},
    "exclusion": {"exclusion": True},
}


@pytest.mark.parametrize("fields", DIFFERENT.values(), ids=DIFFERENT)
def test_silent_where_they_differ(fields: dict[str, Any]) -> None:
    assert found(altered(snapshot(TWINS), "orders", "b", **fields)) == []


def test_silent_on_two_exclusion_constraints_whose_operators_are_unknown() -> None:
    of = altered(altered(snapshot(TWINS), "orders", "a", exclusion=True), "orders", "b", exclusion=True)
    assert found(of) == []


def test_deferrable_unique_constraint_is_no_twin_of_an_immediate_one() -> None:
    of = snapshot("users: email text, a=unique(email), b=unique(email)")
    assert len(found(of)) == 1
    assert found(altered(of, "users", "b", immediate=False)) == []


def test_twin_expressions_are_twins() -> None:
    of = snapshot(TWINS)
    for name in ("a", "b"):
        of = altered(of, "orders", name, shape="({FUNCEXPR :funcid 870})|", columns=(0, 3))
    assert [dropped_and_kept(of, issue) for issue in found(of)] == [("b", "a")]


def test_partitioned_twins_are_told_on_the_parent_alone() -> None:
    of = snapshot("""
        orders [partitioned]: nr text, a=index(nr), b=index(nr)
        part [partition of=orders]: nr text, pa=index(nr), pb=index(nr)
    """)
    a, b = (index.oid for index in table(of, "orders").indexes)
    attached = altered(altered(of, "part", "pa", parent=a), "part", "pb", parent=b)
    assert [dropped_and_kept(attached, issue) for issue in found(attached)] == [("b", "a")]
    half = altered(of, "part", "pb", parent=b)
    assert [dropped_and_kept(half, issue) for issue in found(half)] == [("b", "a"), ("pa", "pb")]
