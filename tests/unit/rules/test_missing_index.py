from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue
from pgmend.listener.judging.judge import Judge
from pgmend.listener.remedy import CreateIndex

from tests.support.snapshots import altered, dropped, judged, put, scene, snapshot, table, without

SINGLE = "users: id int pk\norders: id int pk, user_id int -> users, at int"
COMPOSITE = "users: a int, b int, pk(a, b)\norders: id int pk, x int, y int, z int, fk(x, y) -> users(a, b)"


def found(of: Snapshot) -> list[Issue]:
    return judged(scene(of), "missing_index")


@pytest.mark.parametrize(
    "items",
    [
        "",
        ", index(at, user_id)",
        ", index(at, user_id) not valid",
    ],
    ids=["none", "not leading", "invalid and not leading"],
)
def test_single_column_without_an_index(items: str) -> None:
    of = snapshot(SINGLE + items)
    (issue,) = found(of)
    assert issue.remedy == CreateIndex(table(of, "orders").oid, (2,))
    assert issue.current_state == "No index covers the foreign key orders_user_id_fkey on user_id."
    assert (issue.column, issue.doubt) == ("user_id", None)


@pytest.mark.parametrize(
    "items",
    [", index(user_id)", ", index(user_id, at)", ", unique(user_id)", ", unique index(user_id, at)"],
)
def test_single_column_covered(items: str) -> None:
    assert found(snapshot(SINGLE + items)) == []


@pytest.mark.parametrize(
    ("items", "covered"),
    [
        (", index(x, y)", True),
        (", index(y, x)", True),
        (", index(y, x, z)", True),
        (", index(x, z, y)", False),
        (", index(x)", False),
        (", index(z, x, y)", False),
    ],
)
def test_composite_in_any_order_among_the_leading(items: str, covered: bool) -> None:
    assert (found(snapshot(COMPOSITE + items)) == []) is covered


_NOT_NULL = (
    "{NULLTEST :arg {VAR :varno 1 :varattno 2 :vartype 23 :varreturningtype 0 } :nulltesttype 1 :argisrow false}"
)


@pytest.mark.parametrize(
    ("fields", "covered"),
    [
        ({"method": "hash"}, True),
        ({"method": "gist"}, True),
        ({"method": "gin"}, False),
        ({"method": "brin"}, False),
        ({"shape": "|{OPEXPR}"}, False),
        ({"shape": f"|{_NOT_NULL}"}, True),
        ({"shape": f"|{_NOT_NULL.replace('varattno 2', 'varattno 3')}"}, False),
        ({"shape": f"|{_NOT_NULL.replace('nulltesttype 1', 'nulltesttype 0')}"}, False),
        ({"shape": "({FUNCEXPR})|", "columns": (2, 0)}, True),
        ({"shape": "({FUNCEXPR})|", "columns": (0, 2)}, False),
        ({"valid": False, "method": "hash"}, True),
        ({"valid": False, "method": "brin"}, False),
        ({"valid": False, "shape": "|{OPEXPR}"}, False),
        ({"valid": False, "shape": f"|{_NOT_NULL}"}, True),
    ],
)
def test_which_indexes_count(fields: dict[str, Any], covered: bool) -> None:
    of = altered(snapshot(SINGLE + ", i=index(user_id)"), "orders", "i", **fields)
    assert (found(of) == []) is covered


BOTH = frozenset({"INVALID_INDEX", "MISSING_INDEX"})


@pytest.mark.parametrize(
    ("fields", "of_table", "opened", "undecided"),
    [
        ({}, {}, [], set()),
        ({"valid": False}, {}, ["INVALID_INDEX"], set()),
        ({"valid": False, "ready": False}, {}, ["INVALID_INDEX"], set()),
        ({"ready": False}, {}, ["INVALID_INDEX"], set()),
        ({"valid": False, "name": "i1_ccnew"}, {}, ["INVALID_INDEX"], set()),
        ({"valid": False, "unique": True}, {}, ["INVALID_INDEX"], set()),
        ({"valid": False, "name": "other_ccold1"}, {}, ["INVALID_INDEX", "MISSING_INDEX"], set()),
        ({"valid": False, "being_built": True}, {}, [], BOTH),
        ({"valid": False, "ready": False, "being_built": True, "name": "other_ccnew"}, {}, [], BOTH),
        ({"valid": False}, {"kind": "p"}, ["MISSING_INDEX"], set()),
        ({"valid": False, "being_built": True}, {"kind": "p"}, ["MISSING_INDEX"], set()),
        ({"valid": False}, {"left_alone": True}, ["MISSING_INDEX"], set()),
        ({"valid": False, "being_built": True}, {"left_alone": True}, ["MISSING_INDEX"], set()),
        ({"valid": False, "columns": (0,)}, {}, ["INVALID_INDEX", "MISSING_INDEX"], set()),
        ({"valid": False, "being_built": True, "columns": (0,)}, {}, ["MISSING_INDEX"], {"INVALID_INDEX"}),
    ],
    ids=[
        "usable",
        "invalid",
        "takes no writes either",
        "only takes no writes",
        "called like a leftover of nothing",
        "unique",
        "leftover that will go",
        "being built",
        "being rebuilt",
        "of a partitioned table",
        "of a partitioned table, its partitions' being built",
        "where no issue is opened",
        "where no issue is opened, being built",
        "of no use to the key",
        "of no use to the key, being built",
    ],
)
def test_two_rules_agree_on_what_becomes_of_an_index(
    fields: dict[str, Any], of_table: dict[str, Any], opened: list[str], undecided: set[str]
) -> None:
    """On a partition, so that the foreign key is told of, on its parent, even where the partition is left alone."""
    of = partitioned()
    p1 = table(of, "p1")
    index = p1.indexes[0]._replace(**fields)
    other = p1.indexes[0]._replace(oid=1, name="other", columns=(0,), shape="{FUNCEXPR}|")
    of = put(of, p1._replace(indexes=(other, index), **of_table))
    judgement = Judge().judge(scene(of), of.tables)
    assert [issue.issue_type for issue in judgement.issues if issue.issue_type in BOTH] == opened
    assert {issue_type for issue_type, _ in judgement.undecided if issue_type in BOTH} == undecided


def test_a_key_whose_index_is_being_built_does_not_hide_another_that_has_none() -> None:
    of = snapshot("users: id int pk\norders: id int pk, a int -> users, b int -> users, i=index(a) not valid")
    of = altered(of, "orders", "i", being_built=True)
    judgement = Judge().judge(scene(of), of.tables)
    assert [(issue.issue_type, issue.column) for issue in judgement.issues] == [("MISSING_INDEX", "b")]
    assert {check.reason for check in judgement.checks if check.issue_type == "MISSING_INDEX"} == {
        "An index for the foreign key orders_a_fkey of public.orders is being built, rebuilt or dropped."
    }


def test_two_foreign_keys_on_the_same_columns_need_one_index() -> None:
    of = snapshot("users: id int pk\norders: user_id int, a=fk(user_id) -> users(id), b=fk(user_id) -> users(id)")
    assert [issue.remedy for issue in found(of)] == [CreateIndex(table(of, "orders").oid, (1,))]


PARTITIONED = """
    users: id int pk
    orders [partitioned]: user_id int -> users
    p1 [partition of=orders]: user_id int -> users, i1=index(user_id)
    p2 [partition of=orders]: user_id int -> users, i2=index(user_id)
"""


def partitioned() -> Snapshot:
    of = snapshot(PARTITIONED)
    parent = table(of, "orders").foreign_keys[0].oid
    for name in ("p1", "p2"):
        of = altered(of, name, f"{name}_user_id_fkey", parent=parent)
    return of


def test_partitions_indexes_cover_their_parents_foreign_key() -> None:
    assert found(partitioned()) == []


def test_partition_without_an_index_is_told_once_on_the_parent() -> None:
    of = without(without(partitioned(), "p1", "i1"), "p2", "i2")
    assert [(issue.table, issue.column) for issue in found(of)] == [("orders", "user_id")]


def test_extensions_tables_are_left_alone() -> None:
    assert found(snapshot("users: id int pk\norders [extension]: user_id int -> users")) == []


WITH_INDEX = snapshot('users: id int pk\norders: id int pk, user_id int -> users, at int, "Über 1"=index(user_id, at)')
WITHOUT = without(WITH_INDEX, "orders", "Über 1")


def test_dropped_index_comes_back_as_it_was_but_not_alone() -> None:
    was = altered(WITH_INDEX, "orders", "Über 1", unique=True, options=(0, 3))
    change = dropped(was, "orders", "Über 1")
    change = replace(change, before={**(change.before or {}), "definition": "create unique index …"})
    (issue,) = judged(scene(WITHOUT, changes=[change]), "missing_index")
    assert issue.remedy == CreateIndex(
        table(WITHOUT, "orders").oid,
        (2, 3),
        name="Über 1",
        definition="create unique index …",
        unique=True,
        options=(0, 3),
    )
    assert issue.expected_state == "The index Über 1 on user_id."
    assert issue.doubt == "the index Über 1 was dropped: what somebody dropped comes back by approval"


@pytest.mark.parametrize(
    "was",
    [
        altered(WITH_INDEX, "orders", "Über 1", columns=(3, 2)),
        altered(WITH_INDEX, "orders", "Über 1", valid=False),
        altered(WITH_INDEX, "orders", "Über 1", shape="|{OPEXPR}"),
        altered(WITH_INDEX, "orders", "Über 1", constraint=1),
        altered(WITH_INDEX, "orders", "Über 1", parent=1),
        altered(WITH_INDEX, "orders", "Über 1", columns=(2, 9)),
        altered(WITH_INDEX, "orders", "Über 1", name="orders_pkey"),
        altered(WITH_INDEX, "orders", name="former"),
    ],
    ids=[
        "covered nothing",
        "was invalid",
        "was partial",
        "was a constraint's",
        "was a partition's",
        "on a column that is gone",
        "its name is taken",
        "when the table had another name",
    ],
)
def test_dropped_index_that_cannot_come_back_is_made_anew(was: Snapshot) -> None:
    table_name = next(each.name for each in was.tables.values() if each.name in ("orders", "former"))
    index = next(each.name for each in table(was, table_name).indexes if 2 in each.columns)
    (issue,) = judged(scene(WITHOUT, changes=[dropped(was, table_name, index)]), "missing_index")
    assert issue.remedy == CreateIndex(table(WITHOUT, "orders").oid, (2,))


def test_drop_by_a_fix_of_ours_is_not_undone() -> None:
    change = dropped(WITH_INDEX, "orders", "Über 1", fix_id="f")
    (issue,) = judged(scene(WITHOUT, changes=[change]), "missing_index")
    assert issue.remedy == CreateIndex(table(WITHOUT, "orders").oid, (2,))
