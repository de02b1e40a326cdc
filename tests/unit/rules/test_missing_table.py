"""A table that is gone."""

from __future__ import annotations

from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import RestoreObject

from tests.support.expectations import difference, expecting, issues
from tests.support.snapshots import snapshot

SHOP = snapshot("""
    users: id int pk, email text
    sessions: id int pk, user_id int, note text
""")


def test_a_missing_table_is_told_once_and_comes_back_by_its_name() -> None:
    (issue,) = issues(expecting(SHOP, difference(ObjectKind.TABLE, "orders")), "missing_table")
    assert (issue.issue_type, issue.schema, issue.table, issue.table_oid) == ("MISSING_TABLE", "public", "orders", 0)
    assert issue.severity is Severity.CRITICAL
    assert issue.remedy == RestoreObject(0, "table", "public", "", "orders", "existence")
    assert issue.doubt is None


def test_what_only_reports_is_doubted() -> None:
    scene = expecting(SHOP, difference(ObjectKind.TABLE, "orders"), only_reports="it is not locked")
    (issue,) = issues(scene, "missing_table")
    assert issue.doubt == "it is not locked"


def test_other_differences_are_told_by_other_rules() -> None:
    assert issues(expecting(SHOP, difference(ObjectKind.VIEW, "v")), "missing_table") == []
