from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.remedy import ChangeColumnType

from tests.support.snapshots import altered, counted, counting, judged, link, scene, snapshot, table

SMALLINT, INTEGER, BIGINT = (1 << 15) - 1, (1 << 31) - 1, (1 << 63) - 1
SHOP = snapshot("orders: id int pk serial\nitems: id bigint pk, order_id int -> orders, n int")


def wide(of: Snapshot, name: str, number: int, *along: tuple[str, int]) -> ChangeColumnType:
    """That column as bigint, with those that mean it."""
    others = tuple((table(of, name).oid, number) for name, number in along)
    return ChangeColumnType(table(of, name).oid, number, "bigint", along=others)


def found(of: Snapshot, last: int | None, **fields: Any) -> list[Issue]:
    return judged(scene(of, sequences=[counting(of, "orders", "id", last, **fields)]), "short_key_type")


def places(of: Snapshot, last: int | None, **fields: Any) -> set[tuple[str, str]]:
    return {(issue.table, issue.column) for issue in found(of, last, **fields)}


def test_key_and_what_refers_to_it_are_told() -> None:
    issues = {issue.table: issue for issue in found(SHOP, int(0.6 * INTEGER))}
    assert {(issue.table, issue.column, issue.severity, issue.remedy) for issue in issues.values()} == {
        ("orders", "id", Severity.MEDIUM, wide(SHOP, "orders", 1)),
        ("items", "order_id", Severity.MEDIUM, None),
    }
    assert issues["orders"].current_state == "id is integer, and its sequence has used over 50% of what that can hold."
    assert issues["items"].current_state == (
        "order_id is integer, and public.orders(id), its key, has used over 50% of what that can hold."
    )


def test_half_and_less_is_fine() -> None:
    assert places(SHOP, INTEGER // 2) == set()
    assert places(SHOP, None) == set()


def test_beyond_ninety_percent_the_key_is_sequence_exhaustions_and_what_refers_to_it_stays() -> None:
    assert places(SHOP, int(0.92 * INTEGER)) == {("items", "order_id")}


def test_wide_key_with_a_short_reference() -> None:
    of = snapshot("orders: id bigint pk identity\nitems: id bigint pk, order_id int -> orders, o bigint -> orders")
    assert places(of, int(0.6 * INTEGER), greatest=BIGINT) == {("items", "order_id")}
    assert places(of, int(0.4 * INTEGER), greatest=BIGINT) == set()


def test_a_short_reference_to_a_wide_key_is_widened_by_a_plan_of_its_own() -> None:
    of = snapshot("orders: id bigint pk identity\nitems: id bigint pk, order_id int -> orders")
    (issue,) = found(of, int(0.6 * INTEGER), greatest=BIGINT)
    assert issue.remedy == wide(of, "items", 2)


def test_what_means_the_key_without_a_foreign_key_comes_along_once_it_is_believed() -> None:
    of = snapshot("""
        orders: id int pk serial
        items: id bigint pk, order_id int -> orders
        notes: id bigint pk, order_id int
        hints: id bigint pk, order_id bigint
    """)
    counts = {
        link(of, "notes(order_id)", "orders(id)"): counted(1000),
        link(of, "hints(order_id)", "orders(id)"): counted(1000),
    }
    sequences = [counting(of, "orders", "id", int(0.6 * INTEGER))]
    issues = judged(scene(of, counts, sequences=sequences), "short_key_type")
    assert {issue.table: issue.remedy for issue in issues} == {
        "orders": wide(of, "orders", 1, ("notes", 2)),
        "items": None,
    }


def test_smallint_has_its_own_half() -> None:
    of = snapshot("orders: id smallint pk serial\nitems: order_id int -> orders, s smallint -> orders")
    assert places(of, 20_000, greatest=SMALLINT) == {("orders", "id"), ("items", "s")}


def test_sequence_that_ends_or_begins_anew_within_the_type_does_not_outgrow_it() -> None:
    assert places(SHOP, 90, greatest=100) == set()
    assert places(SHOP, int(0.8 * INTEGER), cycles=True) == set()
    assert places(SHOP, int(0.8 * INTEGER), cycles=True, greatest=BIGINT) == {("orders", "id"), ("items", "order_id")}


def test_composite_keys_are_told_column_by_column() -> None:
    of = snapshot("""
        orders: tenant_id int, id int serial, pk(tenant_id, id)
        items: t int, o int, fk(o, t) -> orders(id, tenant_id)
    """)
    assert places(of, int(0.6 * INTEGER)) == {("orders", "id"), ("items", "o")}


def test_self_reference_is_told() -> None:
    of = snapshot("orders: id int pk serial, parent_id int -> orders")
    assert places(of, int(0.6 * INTEGER)) == {("orders", "id"), ("orders", "parent_id")}


SILENT = {
    "no key": "orders: id int serial",
    "wide": "orders: id bigint pk serial",
    "partition": "a [partitioned]: id int\norders [partition of=a]: id int inherited pk serial",
    "extension's table": "orders [extension]: id int pk serial\nitems: o int -> orders",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert found(snapshot(text), int(0.6 * INTEGER), greatest=BIGINT) == []


def test_what_a_partition_has_from_its_parent_is_told_there() -> None:
    of = snapshot("""
        orders: id int pk serial
        items [partitioned]: o int -> orders
        part [partition of=items]: o int inherited, k=fk(o) -> orders
    """)
    assert places(altered(of, "part", "k", parent=7), int(0.6 * INTEGER)) == {("orders", "id"), ("items", "o")}
