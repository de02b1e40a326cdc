"""What others stand on comes first."""

from __future__ import annotations

from typing import Any

from pgmend.listener.fixes.order import ordered
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.remedy import ChangeColumnType, CreateIndex, Remedy, RestoreObject


def plan(remedy: Remedy) -> Plan:
    return Plan(remedy.kind, "i", "s", remedy)


def restore(kind: str, aspect: Any = "existence") -> Plan:
    return plan(RestoreObject(1, kind, "app", "", "x", aspect))


def test_names_come_first_then_what_others_stand_on_and_rights_last() -> None:
    expected = [
        restore("table", "name"),
        restore("type"),
        restore("function"),
        restore("table"),
        restore("column"),
        plan(ChangeColumnType(1, 2, "integer")),
        plan(CreateIndex(1, (2,))),
        restore("constraint"),
        restore("view"),
        restore("trigger", "definition"),
        restore("table", "owner"),
    ]
    assert ordered(reversed(expected), lambda each: each) == expected
