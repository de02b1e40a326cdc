from __future__ import annotations

import pytest
from pgmend.listener.catalog.diff import diff_table
from pgmend.listener.catalog.snapshot import Policy, Snapshot
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import EnableRowSecurity

from tests.support.snapshots import altered, judged, scene, snapshot, table

OWN = Policy(61, "own rows", "r", True, ("public",), 1, None)
PLAIN = snapshot("users: id int pk")
IDLE = altered(PLAIN, "users", policies=(OWN, OWN._replace(oid=62, name="Änderung", command="w")))


def test_policies_that_nobody_applies_are_told() -> None:
    (issue,) = judged(scene(IDLE), "policy_without_row_security")
    assert (issue.severity, issue.remedy) == (Severity.CRITICAL, EnableRowSecurity(table(IDLE, "users").oid))
    assert issue.current_state == (
        "public.users has the policies own rows and Änderung, and its row security is off: nobody applies them."
    )
    assert len(issue.evidence) == 2


def test_one_policy_alone_is_one() -> None:
    (issue,) = judged(scene(altered(PLAIN, "users", policies=(OWN,))), "policy_without_row_security")
    assert "has the policy own rows," in issue.current_state


@pytest.mark.parametrize(
    "of",
    [
        PLAIN,
        altered(IDLE, "users", row_security=True),
        altered(IDLE, "users", row_security=True, force_row_security=True),
        altered(IDLE, "users", left_alone=True),
    ],
    ids=["no policies", "on", "forced", "left alone"],
)
def test_silent(of: Snapshot) -> None:
    assert judged(scene(of), "policy_without_row_security") == []


def test_what_was_switched_off_is_told_once() -> None:
    now = table(IDLE, "users")
    changes = diff_table(now._replace(row_security=True), now)
    assert judged(scene(IDLE, changes=changes), "policy_without_row_security") == []
    assert len(judged(scene(IDLE, changes=changes), "disabled_row_security")) == 1
