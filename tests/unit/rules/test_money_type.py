from __future__ import annotations

import pytest
from pgmend.listener.issue import Severity

from tests.support.snapshots import altered, judged, scene, snapshot

SILENT = {
    "numeric": "invoices: money numeric",
    "inherited": "invoices: total money inherited",
    "foreign table": "invoices [foreign]: total money",
    "extension's table": "invoices [extension]: total money",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert judged(scene(snapshot(text)), "money_type") == []


def test_money_is_told() -> None:
    (issue,) = judged(scene(snapshot('invoices: "Summe €" money')), "money_type")
    assert (issue.column, issue.severity, issue.remedy) == ("Summe €", Severity.LOW, None)
    assert issue.expected_state.startswith("Summe € is numeric,")


def test_arrays_are_told_too() -> None:
    of = altered(snapshot("invoices: totals money"), "invoices", "totals", type_oid=791, type_name="money[]")
    (issue,) = judged(scene(of), "money_type")
    assert issue.expected_state.startswith("totals is numeric[],")
