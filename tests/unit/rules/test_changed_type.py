"""A column of another type."""

from __future__ import annotations

from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import ChangeColumnType, RestoreObject

from tests.support.expectations import difference, expecting, issues
from tests.support.snapshots import snapshot, table

SHOP = snapshot("""
    users: id int pk, email text
    sessions: id int pk, user_id int, note text
""")
USERS, SESSIONS = table(SHOP, "users").oid, table(SHOP, "sessions").oid


def test_the_type_comes_back() -> None:
    changed = difference(
        ObjectKind.COLUMN, "user_id", "type", "integer", "text",
        relation="sessions", table=SESSIONS, number=2, type="integer",
    )  # fmt: skip
    (issue,) = issues(expecting(SHOP, changed), "changed_type")
    assert (issue.column, issue.severity) == ("user_id", Severity.CRITICAL)
    assert issue.remedy == ChangeColumnType(SESSIONS, 2, "integer", restores=True)


def test_another_collation_is_no_matter_of_the_type_alone() -> None:
    changed = difference(
        ObjectKind.COLUMN, "email", "type", "collation x", "no collation",
        relation="users", table=USERS, number=2, type="text", collation="x",
    )  # fmt: skip
    (issue,) = issues(expecting(SHOP, changed), "changed_type")
    assert issue.remedy == RestoreObject(USERS, "column", "public", "users", "email", "type")
