"""What moved between two states of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pgmend.listener.catalog.change import ChangeKind as Kind
from pgmend.listener.catalog.diff import diff_snapshots, diff_table
from pgmend.listener.catalog.fingerprint import fingerprint
from pgmend.listener.catalog.snapshot import Column, Index, Numbering, Snapshot, Statistics, Table

from .samples import POLICY
from .samples import TABLE as UNGUARDED

TABLE = UNGUARDED._replace(policies=(POLICY,))
OTHER_POLICY = POLICY._replace(oid=502, name="all")

Step = Callable[[Table], Table]


def column(number: int, **changes: object) -> Step:
    return lambda table: table._replace(
        columns=tuple(each._replace(**changes) if each.number == number else each for each in table.columns)
    )


def constraint(of: int, /, **changes: object) -> Step:
    return lambda table: table._replace(
        constraints=tuple(each._replace(**changes) if each.oid == of else each for each in table.constraints)
    )


def index(of: int, /, **changes: object) -> Step:
    return lambda table: table._replace(
        indexes=tuple(each._replace(**changes) if each.oid == of else each for each in table.indexes)
    )


def trigger(**changes: object) -> Step:
    return lambda table: table._replace(triggers=tuple(each._replace(**changes) for each in table.triggers))


def policy(**changes: object) -> Step:
    return lambda table: table._replace(policies=tuple(each._replace(**changes) for each in table.policies))


def fields(**changes: object) -> Step:
    return lambda table: table._replace(**changes)


def both(*steps: Step) -> Step:
    def step(table: Table) -> Table:
        for each in steps:
            table = each(table)
        return table

    return step


NEW = Column(5, "note", 25, -1, "text", False, None, "", "", 100, False)
CASES: dict[str, tuple[Step, list[tuple[Kind, str]]]] = {
    "nothing": (fields(), []),
    "estimates": (fields(statistics=Statistics(5, 5)), []),
    "left alone": (fields(left_alone=True), []),
    "renamed": (fields(name="orders2"), [(Kind.TABLE_RENAMED, "orders2")]),
    "moved": (fields(schema="app"), [(Kind.TABLE_RENAMED, "orders")]),
    "row security": (fields(row_security=True), [(Kind.TABLE_ALTERED, "orders")]),
    "comment": (fields(comment="x"), [(Kind.TABLE_ALTERED, "orders")]),
    "parents": (fields(parents=(5,)), [(Kind.TABLE_ALTERED, "orders")]),
    "renamed and altered": (
        fields(name="o", owner="x"),
        [(Kind.TABLE_RENAMED, "o"), (Kind.TABLE_ALTERED, "o")],
    ),
    "column added": (fields(columns=(*TABLE.columns, NEW)), [(Kind.COLUMN_ADDED, "note")]),
    "column dropped": (fields(columns=TABLE.columns[:2]), [(Kind.COLUMN_DROPPED, "état")]),
    "column dropped and one of the same name added": (
        fields(columns=(*TABLE.columns[:2], NEW._replace(name="état"))),
        [(Kind.COLUMN_DROPPED, "état"), (Kind.COLUMN_ADDED, "état")],
    ),
    "column renamed": (column(4, name="state"), [(Kind.COLUMN_RENAMED, "state")]),
    "columns that swap names": (
        both(column(1, name="user_id"), column(2, name="id")),
        [(Kind.COLUMN_RENAMED, "user_id"), (Kind.COLUMN_RENAMED, "id")],
    ),
    "type": (column(2, type_oid=25, type_name="text", collation=100), [(Kind.COLUMN_TYPE, "user_id")]),
    "modifier": (column(2, type_modifier=44, type_name="varchar(40)"), [(Kind.COLUMN_TYPE, "user_id")]),
    "collation": (column(4, collation=950), [(Kind.COLUMN_TYPE, "état")]),
    "type renamed": (column(4, type_name="other"), [(Kind.COLUMN_ALTERED, "état")]),
    "nullability": (column(4, not_null=True), [(Kind.COLUMN_NULLABILITY, "état")]),
    "default": (column(4, default=None), [(Kind.COLUMN_DEFAULT, "état")]),
    "identity": (column(1, identity="a"), [(Kind.COLUMN_ALTERED, "id")]),
    "numbered": (fields(numberings=(Numbering(1, 900, True, True),)), [(Kind.COLUMN_ALTERED, "id")]),
    "generated": (column(4, generated="s"), [(Kind.COLUMN_ALTERED, "état")]),
    "column comment": (
        fields(column_comments=((2, "x"),)),
        [(Kind.COLUMN_ALTERED, "user_id"), (Kind.COLUMN_ALTERED, "état")],
    ),
    "all of a column": (
        column(4, name="s", type_oid=23, type_name="integer", not_null=True, default=5, inherited=True),
        [
            (Kind.COLUMN_RENAMED, "s"),
            (Kind.COLUMN_TYPE, "s"),
            (Kind.COLUMN_NULLABILITY, "s"),
            (Kind.COLUMN_DEFAULT, "s"),
            (Kind.COLUMN_ALTERED, "s"),
        ],
    ),
    "constraint dropped": (
        fields(constraints=TABLE.constraints[:1]),
        [(Kind.CONSTRAINT_DROPPED, "orders_user_id_fkey")],
    ),
    "constraint renamed": (constraint(202, name="fk"), [(Kind.CONSTRAINT_RENAMED, "fk")]),
    "constraint altered": (constraint(202, validated=False), [(Kind.CONSTRAINT_ALTERED, "orders_user_id_fkey")]),
    "constraint renamed and altered": (
        constraint(202, name="fk", on_delete="a"),
        [(Kind.CONSTRAINT_RENAMED, "fk"), (Kind.CONSTRAINT_ALTERED, "fk")],
    ),
    "constraint remade": (constraint(202, oid=999, index_oid=998), [(Kind.CONSTRAINT_REMADE, "orders_user_id_fkey")]),
    "constraint remade otherwise": (
        constraint(202, oid=999, on_delete="n"),
        [(Kind.CONSTRAINT_ALTERED, "orders_user_id_fkey")],
    ),
    "constraint replaced by one of another name": (
        constraint(202, oid=999, name="fk"),
        [(Kind.CONSTRAINT_DROPPED, "orders_user_id_fkey"), (Kind.CONSTRAINT_ADDED, "fk")],
    ),
    "the key that a foreign key uses remade": (
        constraint(202, index_oid=96),
        [(Kind.CONSTRAINT_ALTERED, "orders_user_id_fkey")],
    ),
    "index dropped": (fields(indexes=TABLE.indexes[:1]), [(Kind.INDEX_DROPPED, "orders_open")]),
    "index renamed": (index(302, name="open"), [(Kind.INDEX_RENAMED, "open")]),
    "index invalid": (index(302, valid=False), [(Kind.INDEX_ALTERED, "orders_open")]),
    "index under construction": (index(302, being_built=True), []),
    "index definition told otherwise": (index(302, definition=""), []),
    "index remade": (index(302, oid=999), [(Kind.INDEX_REMADE, "orders_open")]),
    "index remade otherwise": (index(302, oid=999, unique=True), [(Kind.INDEX_ALTERED, "orders_open")]),
    "a new index takes the name of a renamed one": (
        both(
            index(302, name="old"),
            lambda table: table._replace(indexes=(*table.indexes, TABLE.indexes[1]._replace(oid=303))),
        ),
        [(Kind.INDEX_RENAMED, "old"), (Kind.INDEX_ADDED, "orders_open")],
    ),
    "trigger disabled": (trigger(enabled="D"), [(Kind.TRIGGER_ALTERED, "touch")]),
    "trigger renamed": (trigger(name="t"), [(Kind.TRIGGER_RENAMED, "t")]),
    "trigger made again": (trigger(oid=9), [(Kind.TRIGGER_REMADE, "touch")]),
    "trigger made again otherwise": (trigger(oid=9, digest=3), [(Kind.TRIGGER_ALTERED, "touch")]),
    "trigger dropped": (fields(triggers=()), [(Kind.TRIGGER_DROPPED, "touch")]),
    "policy made": (fields(policies=(POLICY, OTHER_POLICY)), [(Kind.POLICY_ADDED, "all")]),
    "policy renamed": (policy(name="p"), [(Kind.POLICY_RENAMED, "p")]),
    "policy altered": (policy(using=None), [(Kind.POLICY_ALTERED, "own rows")]),
    "policy for others": (policy(roles=("public",)), [(Kind.POLICY_ALTERED, "own rows")]),
    "policy made again": (policy(oid=9), [(Kind.POLICY_REMADE, "own rows")]),
    "policy made again otherwise": (policy(oid=9, command="*"), [(Kind.POLICY_ALTERED, "own rows")]),
    "policy dropped": (fields(policies=()), [(Kind.POLICY_DROPPED, "own rows")]),
}


@pytest.mark.parametrize("case", CASES)
def test_change_is_told_by_number_and_oid(case: str) -> None:
    step, expected = CASES[case]
    after = step(TABLE)
    changes = diff_table(TABLE, after)
    assert [(change.kind, change.object_name) for change in changes] == expected
    assert (not changes) == (fingerprint(after) == fingerprint(TABLE))
    assert all((change.schema, change.table, change.table_oid) == (after.schema, after.name, 100) for change in changes)
    assert len(diff_table(after, TABLE)) == len(expected)


def test_change_holds_the_whole_object_before_and_after() -> None:
    (change,) = diff_table(TABLE, column(2, not_null=False)(TABLE))
    assert change.number == 2
    assert change.before == {**TABLE.columns[1]._asdict(), "comment": None}
    assert change.after == {**TABLE.columns[1]._asdict(), "not_null": False, "comment": None}
    (dropped,) = diff_table(TABLE, TABLE._replace(indexes=TABLE.indexes[1:]))
    assert (dropped.object_oid, dropped.after) == (301, None)
    assert dropped.before is not None
    assert dropped.before["definition"] == 'CREATE UNIQUE INDEX "orders_pkey" ON "public"."orders" USING "btree" ("id")'
    assert Index(**dropped.before)._replace(definition=None) == TABLE.indexes[0]


def test_nothing_moves_from_a_state_to_itself() -> None:
    assert diff_table(TABLE, TABLE) == ()
    assert diff_table(None, None) == ()


def test_table_that_comes_or_goes_is_told_whole() -> None:
    (created,) = diff_table(None, TABLE)
    (dropped,) = diff_table(TABLE, None)
    assert (created.kind, dropped.kind) == (Kind.TABLE_CREATED, Kind.TABLE_DROPPED)
    assert created.after == dropped.before
    assert created.after is not None
    assert [each["name"] for each in created.after["columns"]] == ["id", "user_id", "état"]


def test_another_table_under_the_same_name_is_a_drop_and_a_create() -> None:
    other = TABLE._replace(oid=101)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    one, two = Snapshot({100: TABLE}, at, 180000, True), Snapshot({101: other}, at, 180000, True)
    assert [change.kind for change in diff_snapshots(one, two, None)] == [Kind.TABLE_DROPPED, Kind.TABLE_CREATED]
    assert [change.kind for change in diff_table(TABLE, other)] == [Kind.TABLE_DROPPED, Kind.TABLE_CREATED]


def test_nothing_is_gone_that_was_not_looked_for() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    before = Snapshot({100: TABLE, 101: TABLE._replace(oid=101, name="b")}, at, 180000, True)
    part = Snapshot({}, at, 180000, complete=False)
    assert diff_snapshots(before, part, None) == ()
    assert [change.table for change in diff_snapshots(before, part, frozenset({101, 102}))] == ["b"]
    assert len(diff_snapshots(before, replace(part, complete=True), None)) == 2
