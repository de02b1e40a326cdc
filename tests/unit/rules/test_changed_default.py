"""A column with another default."""

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
SESSIONS = table(SHOP, "sessions").oid


def test_the_default_is_told_with_both_sides() -> None:
    changed = difference(
        ObjectKind.COLUMN, "note", "default", "now()", "", relation="sessions", table=SESSIONS, number=3
    )
    (issue,) = issues(expecting(SHOP, changed), "changed_default")
    assert (issue.column, issue.severity) == ("note", Severity.MEDIUM)
    assert "now()" in issue.expected_state
    assert issue.remedy == RestoreObject(SESSIONS, "column", "public", "sessions", "note", "default")
