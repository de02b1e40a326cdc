"""What contradicts itself is torn, and what is alike is one object."""

from __future__ import annotations

import pytest
from pgmend.listener.catalog.build import build_tables
from pgmend.listener.catalog.exclusion import DEFAULT
from pgmend.listener.catalog.rows import (
    ASPECTS,
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

ID = b"\0\x01\0\0\0\x17\xff\xff\xff\xff\0\0\0\0\x01\0\0\0"
NAME = b"\0\x03\0\0\0\x19\xff\xff\xff\xff\0\0\0\x64\0\0\0\0"
NOTHING = sorted_out([None] * sum(len(kind._fields) for kind in ASPECTS.values()))


def rows(*, owner: str = "me", type_name: str = "text", **parts: object) -> Rows:
    """Two tables, 1 and 2, each with columns 1 and 3."""
    numbers = b"".join(oid + column for oid in (b"\0\0\0\x01", b"\0\0\0\x02") for column in (ID, NAME))
    return NOTHING._replace(
        **{
            "schemas": Schemas([5], ["public"]),
            "tables": Tables(
                [1, 2], [5, 5], ["a", "b"], ["r", "r"], ["p", "p"], [owner, "me"], *[[False, False]] * 3,
                ["d", "d"], [0, 0], [-1.0, -1.0], [0, 0], [7, 8],
            ),
            "columns": Columns(b"id\0name\0id\0name", f"integer\0{type_name}\0integer\0{type_name}".encode(), numbers),
            **parts,
        }
    )  # fmt: skip


def constraint(columns: str) -> Constraints:
    return Constraints(
        [1], [100], ["c"], ["c"], [columns], [True], [False], [False], [0], [None], [" "], [" "], [" "], [None], [0],
        [0], [7], [True], [False], [False],
    )  # fmt: skip


def index(columns: str) -> Indexes:
    return Indexes(
        [2], [200], ["i"], ["btree"], [columns], [1], ["50"], ["0"], ["0"], *[[False]] * 4, [True], [True], [True],
        [False], [False], [0], [None], [None], [None], [None],
    )  # fmt: skip


CLASSES = OperatorClasses(["btree"], [23], [50])


def test_equal_columns_are_one_object() -> None:
    tables = build_tables(rows(), DEFAULT, "utf-8").tables
    assert [column.name for column in tables[1].columns] == ["id", "name"]
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
