from __future__ import annotations

import pytest
from pgmend.listener.issue import Severity

from tests.support.snapshots import judged, scene, snapshot

SILENT = {
    "words that need no quotes": "orders: name text, position int, type text, value text, key text, date date",
    "another case is another name": '"Order": "User" text, "GROUP" text',
    "inherited": 'orders: "order" int inherited',
    "partition": '"order" [partition]: id int inherited',
    "foreign table's columns": 'orders [foreign]: "order" int',
    "extension's table": '"order" [extension]: "user" int',
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert judged(scene(snapshot(text)), "reserved_name") == []


def test_tables_and_columns_are_told_apart() -> None:
    issues = judged(scene(snapshot('"order": "order" int, "left" int, id int')), "reserved_name")
    assert [(issue.table, issue.column, issue.severity) for issue in issues] == [
        ("order", "", Severity.LOW),
        ("order", "left", Severity.LOW),
        ("order", "order", Severity.LOW),
    ]
    assert all(issue.remedy is None for issue in issues)
    assert issues[0].current_state == ("The table order is called as a keyword: without quotes it is a syntax error.")


def test_a_name_that_means_something_else_without_quotes_is_told_as_a_trap() -> None:
    issues = judged(scene(snapshot('orders: "user" text')), "reserved_name")
    assert [issue.current_state for issue in issues] == [
        "The column user is called as a keyword: without quotes it is read as the role that runs the statement, and no"
        " error tells."
    ]


def test_foreign_table_is_called_by_us() -> None:
    assert len(judged(scene(snapshot('"user" [foreign]: "user" int')), "reserved_name")) == 1
