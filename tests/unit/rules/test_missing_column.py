"""A column that is gone."""

from __future__ import annotations

from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import RestoreObject

from tests.support.expectations import difference, expecting, issues
from tests.support.snapshots import snapshot, table

SHOP = snapshot("""
    users: id int pk, email text
    sessions: id int pk, user_id int, note text
""")
USERS, SESSIONS = table(SHOP, "users").oid, table(SHOP, "sessions").oid


def test_a_missing_column_is_told_of_its_table() -> None:
    gone = difference(ObjectKind.COLUMN, 'Größe, "x"', relation="users", table=USERS)
    (issue,) = issues(expecting(SHOP, gone), "missing_column")
    assert (issue.table_oid, issue.object_name, issue.severity) == (USERS, 'Größe, "x"', Severity.CRITICAL)
    assert issue.remedy == RestoreObject(USERS, "column", "public", "users", 'Größe, "x"', "existence")


def test_two_columns_are_two_issues() -> None:
    gone = [difference(ObjectKind.COLUMN, name, relation="sessions", table=SESSIONS) for name in ("a", "b")]
    assert [each.object_name for each in issues(expecting(SHOP, *gone), "missing_column")] == ["a", "b"]
