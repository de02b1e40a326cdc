from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue, Severity

from tests.support.snapshots import altered, judged, scene, snapshot

TWINS = """
    users: id int pk, code int unique
    posts: user_id int, code int, a=fk(user_id) -> users(id), b=fk(user_id) -> users(id)
"""


def found(of: Snapshot) -> list[Issue]:
    return judged(scene(of), "duplicate_foreign_key")


def test_younger_twin_is_told() -> None:
    (issue,) = found(snapshot(TWINS))
    assert (issue.severity, issue.table, issue.column, issue.object_name) == (Severity.MEDIUM, "posts", "user_id", "b")
    assert issue.current_state == "The foreign key b ties user_id to public.users(id), and so does a."
    assert (issue.expected_state, issue.remedy, issue.doubt) == ("Only a is there.", None, None)


def test_of_three_one_is_kept_and_each_other_is_told() -> None:
    of = snapshot('users: id int pk\nposts: u int, a=fk(u) -> users, "B, b"=fk(u) -> users, c=fk(u) -> users')
    assert {issue.object_name for issue in found(of)} == {"B, b", "c"}


def test_validated_one_is_the_one_to_keep() -> None:
    (issue,) = found(altered(snapshot(TWINS), "posts", "a", validated=False))
    assert issue.object_name == "a"


DIFFERENCES: dict[str, tuple[dict[str, Any], str]] = {
    "on delete": ({"on_delete": "c"}, "ON DELETE (NO ACTION and CASCADE)"),
    "on update": ({"on_update": "r"}, "ON UPDATE (NO ACTION and RESTRICT)"),
    "set null on some": ({"on_delete_columns": (1,)}, "the columns that ON DELETE sets"),
    "match": ({"match_type": "f"}, "MATCH"),
    "deferrable": ({"deferrable": True}, "when they are checked"),
}


@pytest.mark.parametrize(("fields", "said"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_twins_that_act_differently_are_told_with_their_difference(fields: dict[str, Any], said: str) -> None:
    (issue,) = found(altered(snapshot(TWINS), "posts", "b", **fields))
    assert said in issue.current_state
    assert issue.doubt == f"they differ in {said}, and nothing says which is meant"
    assert issue.expected_state == "Only the one that is meant is there."


def test_composite_keys_are_compared_pair_by_pair() -> None:
    text = "members: a int, b int, pk(a, b)\nloans: x int, y int, k=fk(x, y) -> members(a, b), l=fk({}) -> members({})"
    assert len(found(snapshot(text.format("y, x", "b, a")))) == 1
    assert found(snapshot(text.format("y, x", "a, b"))) == []


SILENT = {
    "another key of the same table": "posts: u int, a=fk(u) -> users(id), b=fk(u) -> users(code)",
    "other columns": "posts: u int, v int, a=fk(u) -> users, b=fk(v) -> users",
    "a longer key": "posts: u int, v int, a=fk(u) -> users, b=fk(u, v) -> users(id, code)",
    "another table": "posts: u int, a=fk(u) -> users, b=fk(u) -> people",
    "extension's table": "posts [extension]: u int, a=fk(u) -> users, b=fk(u) -> users",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert found(snapshot(f"users: id int pk, code int unique, unique(id, code)\npeople: id int pk\n{text}")) == []


@pytest.mark.parametrize("fields", [{"parent": 7}, {"enforced": False}, {"temporal": True}], ids=str)
def test_silent_on_what_comes_from_the_parent_or_checks_otherwise(fields: dict[str, Any]) -> None:
    assert found(altered(snapshot(TWINS), "posts", "b", **fields)) == []
