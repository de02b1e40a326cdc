"""A column that takes NULL and should not."""

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
USERS = table(SHOP, "users").oid


def test_the_column_is_told_with_both_sides() -> None:
    changed = difference(
        ObjectKind.COLUMN, "email", "nullability", "NOT NULL", "NULL", relation="users", table=USERS, number=2
    )
    (issue,) = issues(expecting(SHOP, changed), "changed_nullability")
    assert (issue.column, issue.severity) == ("email", Severity.CRITICAL)
    assert (issue.current_state, issue.expected_state) == ("email is NULL.", "email is NOT NULL.")
    assert issue.remedy == RestoreObject(USERS, "column", "public", "users", "email", "nullability")
