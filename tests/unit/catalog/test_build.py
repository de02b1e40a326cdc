"""What contradicts itself is torn, and what is alike is one object."""

from __future__ import annotations

import pytest
from pgmend.listener.catalog.assembly.by_table import by_table, sorted_by_table
from pgmend.listener.catalog.assembly.tables import build_tables
from pgmend.listener.catalog.exclusion import DEFAULT
from pgmend.listener.catalog.rows import (
    ASPECTS,
    AccessMethods,
    Columns,
    Constraints,
    Defaults,
    Indexes,
    OperatorClasses,
    Rows,
    Schemas,
    Tables,
    sorted_out,
)
from pgmend.listener.errors import SnapshotTorn

NOT_NULL = 0x80
NOTHING = sorted_out([None] * sum(len(kind._fields) for kind in ASPECTS.values()))


def numbers(column: int, flags: int = 0) -> bytes:
    """The column with that number, of tables 1 and 2."""
    return b"".join(bytes((0, 0, 0, table, 0, column, flags, 0)) for table in (1, 2))


def rows(*, owner: str = "me", type_name: str = "text", **parts: object) -> Rows:
    """Two tables, 1 and 2, each with columns 1 and 3."""
    return NOTHING._replace(
        **{
            "schemas": Schemas([5], ["public"]),
            "tables": Tables(
                [1, 2], [5, 5], ["a", "b"], ["r", "r"], ["p", "p"], [owner, "me"], *[[False, False]] * 3,
                ["d", "d"], [0, 0], [-1.0, -1.0], [0, 0], [7, 8],
            ),
            "columns": Columns(
                [25, 23], [-1, -1], [100, 0], [type_name, "integer"], [b"name\0name", b"id\0id"],
                [numbers(3), numbers(1, NOT_NULL)],
            ),
            "access_methods": AccessMethods([403], ["btree"]),
            **parts,
        }
    )  # fmt: skip


def constraint(columns: str) -> Constraints:
    return Constraints([1], [100], ["c"], [f"c|{columns}|t|f|f|{{}}| | | |{{}}|t|f|f"], [0], [0], [0], [7])


def index(columns: str) -> Indexes:
    return Indexes([2], [200], ["i"], [f"403|1|{columns}|50|0|0|f|f|f|f|t|t|t|f|f"], [])


CLASSES = OperatorClasses(["btree"], [23], [50])


def test_equal_columns_are_one_object() -> None:
    tables = build_tables(rows(), DEFAULT, "utf-8").tables
    assert [(column.number, column.name, column.not_null) for column in tables[1].columns] == [
        (1, "id", True),
        (3, "name", False),
    ]
    assert all(one is two for one, two in zip(tables[1].columns, tables[2].columns, strict=True))


def test_default_belongs_to_its_column() -> None:
    tables = build_tables(rows(defaults=Defaults([2], [3], [-9])), DEFAULT, "utf-8").tables
    assert [column.default for table in tables.values() for column in table.columns] == [None, None, None, -9]


def test_index_and_constraint_on_what_is_there_are_taken() -> None:
    built = build_tables(
        rows(constraints=constraint("{1,-6}"), indexes=index("1"), operator_classes=CLASSES), DEFAULT, "utf-8"
    )
    assert built.tables[1].constraints[0].columns == (1, -6)
    assert built.tables[2].indexes[0].columns == (1,)
    assert built.silent == {}


def test_parts_that_do_not_come_table_by_table_are_brought_together() -> None:
    tables, parts = [7, 8, 7, 9, 8], ["a", "b", "c", "d", "e"]
    assert by_table(tables, parts) == {7: ("a", "c"), 8: ("b", "e"), 9: ("d",)}
    assert sorted_by_table(tables, [5, 4, 3, 2, 1]) == {7: (3, 5), 8: (1, 4), 9: (2,)}


def test_parts_that_come_table_by_table_are_cut_in_their_order() -> None:
    assert by_table([9, 9, 7], ["b", "a", "c"]) == {9: ("b", "a"), 7: ("c",)}


@pytest.mark.parametrize(
    "torn",
    [
        {"constraints": constraint("{2}")},
        {"constraints": constraint("{1,4}")},
        {"indexes": index("2")},
        {"defaults": Defaults([1], [2], [5])},
        {"defaults": Defaults([9], [1], [5])},
        {"type_name": "???"},
        {"owner": "unknown (OID=77)"},
    ],
)
def test_what_speaks_of_what_is_not_there_is_torn(torn: dict[str, object]) -> None:
    with pytest.raises(SnapshotTorn):
        build_tables(rows(operator_classes=CLASSES, **torn), DEFAULT, "utf-8")
