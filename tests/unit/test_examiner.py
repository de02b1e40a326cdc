"""The picture in memory keeps what is still of use, and lets go of what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.judging.examiner import Examiner
from pgmend.listener.judging.judge import Judge
from pgmend.listener.relations.measurement import Measurements, Unmeasured
from pgmend.listener.relations.relation import Link

from tests.support.snapshots import NOON, counted, counting, snapshot, table

SHOP = snapshot("""
    users: id int pk
    orders: id int pk
""")


def change(oid: int, days_ago: int) -> Change:
    return Change(ChangeKind.TABLE_ALTERED, oid, "public", "users", "users", seen_at=NOON - timedelta(days=days_ago))


def test_old_changes_are_forgotten_and_young_ones_kept() -> None:
    young, old, older = change(1, 29), change(1, 31), change(2, 40)
    examiner = Examiner(Judge(), SHOP, {1: (young, old), 2: (older,)})
    examiner.forget_before(NOON - timedelta(days=30))
    assert examiner.changes == {1: (young,)}


def test_a_full_look_keeps_the_values_that_are_still_the_same() -> None:
    examiner = Examiner(Judge(), SHOP)
    users, orders = table(SHOP, "users"), table(SHOP, "orders")
    copies = {users.oid: users._replace(), orders.oid: orders._replace(comment="now with one")}
    examiner.take(Snapshot(copies, NOON, SHOP.server_version, complete=True), None)
    assert examiner.snapshot.tables[users.oid] is users
    assert examiner.snapshot.tables[orders.oid].comment == "now with one"


def test_news_of_a_sequence_reaches_what_it_numbers_and_what_refers_to_that() -> None:
    of = snapshot("users: id int pk serial\norders: id int pk, user_id int -> users\nothers: id int pk serial")
    users, orders, others = (table(of, name).oid for name in ("users", "orders", "others"))
    first, second = counting(of, "users", "id", 5), counting(of, "others", "id", 5)
    examiner = Examiner(Judge(), of)
    assert examiner.read_off({first.oid: first, second.oid: second}, None) == {users, orders, others}
    assert examiner.read_off({first.oid: first}, frozenset({first.oid})) == set()
    assert examiner.read_off({first.oid: first._replace(last=6)}, frozenset({first.oid})) == {users, orders}
    assert examiner.read_off({first.oid: first._replace(last=6)}, None) == {others}, "it is gone"


def test_what_is_counted_is_weighed_whatever_was_counted_before() -> None:
    examiner = Examiner(Judge(), snapshot("users: id int pk\norders: id int pk, user_id int"))
    (link,) = (each for each in examiner.unmeasured(examiner.everything()) if isinstance(each, Link))
    empty, unread = replace(counted(500), rows=0, distinct=0), Unmeasured("a lock was in the way")
    seen: list[bool] = []
    for found in (empty, counted(500), unread, counted(500), empty):
        examiner.learn(Measurements({link: found}))
        issues = [each for each in examiner.examine(examiner.everything()).issues if each.columns == link.columns]
        seen.append(any(item.kind == "containment" for each in issues for item in each.evidence))
    assert seen == [False, True, False, True, False]
