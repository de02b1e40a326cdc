from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from pgmend.listener.catalog.change import Change
from pgmend.listener.catalog.diff import diff_table
from pgmend.listener.catalog.snapshot import Policy, Table
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import EnableRowSecurity

from tests.support.snapshots import altered, judged, scene, snapshot, table

OFF = altered(snapshot("users: id int pk"), "users", policies=(Policy(61, "own", "*", True, ("public",), 1, None),))
TABLE = table(OFF, "users")
ON = TABLE._replace(row_security=True)


def changes(*states: Table) -> list[Change]:
    pairs = itertools.pairwise(states)
    return [each for a, b in pairs for each in diff_table(a, b)][::-1]


def test_row_security_that_was_on_is_told() -> None:
    (issue,) = judged(scene(OFF, changes=changes(ON, TABLE)), "disabled_row_security")
    assert (issue.severity, issue.remedy) == (Severity.CRITICAL, EnableRowSecurity(TABLE.oid))
    assert [evidence.seen for evidence in issue.evidence] == [
        "Row security of public.users was on before it was switched off.",
        "public.users has 1 policy.",
    ]


def test_changes_of_other_things_since_do_not_hide_it() -> None:
    since = changes(ON, TABLE, TABLE._replace(owner="other"))
    assert len(judged(scene(altered(OFF, "users", owner="other"), changes=since), "disabled_row_security")) == 1


@pytest.mark.parametrize(
    "seen",
    [
        [],
        changes(TABLE, ON),
        changes(TABLE._replace(owner="other"), TABLE),
        [replace(change, fix_id="ours") for change in changes(ON, TABLE)],
    ],
    ids=["never seen on", "switched on", "another change", "our own undo"],
)
def test_silent(seen: list[Change]) -> None:
    assert judged(scene(OFF, changes=seen), "disabled_row_security") == []


def test_silent_once_it_is_on_again() -> None:
    of = altered(OFF, "users", row_security=True)
    assert judged(scene(of, changes=changes(ON, TABLE)), "disabled_row_security") == []
