from __future__ import annotations

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.remedy import ValidateConstraint

from tests.support.snapshots import altered, counted, judged, link, scene, snapshot, table

BOTH = snapshot('users: id int pk\norders: "Uid" int -> users(id) not valid, n int, check(n) not valid')


def test_foreign_key_and_check_are_told() -> None:
    check, key = judged(scene(BOTH), "unvalidated_constraint")[::-1]
    assert [issue.object_name for issue in (key, check)] == ["orders_Uid_fkey", "orders_n_check"]
    assert key.current_state == "The foreign key orders_Uid_fkey holds for new rows only: it was never validated."
    assert isinstance(key.remedy, ValidateConstraint)
    assert key.remedy.constraint == table(BOTH, "orders").foreign_keys[0].oid
    assert key.doubt is None


@pytest.mark.parametrize(("orphans", "doubt"), [(0, None), (1, "1 row breaks it"), (1200, "1,200 rows break it")])
def test_rows_that_break_it_are_a_doubt(orphans: int, doubt: str | None) -> None:
    counts = {link(BOTH, "orders(Uid)", "users(id)"): counted(5000, orphans)}
    issue = next(each for each in judged(scene(BOTH, counts), "unvalidated_constraint") if each.column == "Uid")
    assert issue.doubt == doubt


@pytest.mark.parametrize(
    "of",
    [
        snapshot("users: id int pk\norders: user_id int -> users, n int, check(n)"),
        altered(snapshot("orders: n int, c=check(n) not valid"), "orders", "c", enforced=False),
        altered(snapshot("orders: n int, c=check(n) not valid"), "orders", "c", kind="n"),
        altered(snapshot("users: id int pk\np: u int, k=fk(u) -> users not valid"), "p", "k", parent=4711),
        snapshot("orders [extension]: n int, check(n) not valid"),
    ],
    ids=["valid", "not enforced", "not null", "a partition's copy", "an extension's"],
)
def test_silent(of: Snapshot) -> None:
    assert judged(scene(of), "unvalidated_constraint") == []


def test_check_that_partitions_inherit_is_told_on_the_parent() -> None:
    of = snapshot("""
        orders [partitioned]: n int, positive=check(n) not valid
        part [partition of=orders]: n int, positive=check(n) not valid, own=check(n) not valid
    """)
    names = [(issue.table, issue.object_name) for issue in judged(scene(of), "unvalidated_constraint")]
    assert names == [("orders", "positive"), ("part", "own")]
