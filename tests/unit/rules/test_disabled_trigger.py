from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from pgmend.listener.catalog.change import Change
from pgmend.listener.catalog.diff import diff_table
from pgmend.listener.catalog.snapshot import Snapshot, Trigger
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import EnableTrigger

from tests.support.snapshots import altered, judged, scene, snapshot, table

TOUCH = Trigger(41, 'Touch "it"', "O", 50, 7)
BEFORE = altered(snapshot("users: id int pk"), "users", triggers=(TOUCH,))
AFTER = altered(BEFORE, "users", triggers=(TOUCH._replace(enabled="D"),))


def switches(*states: str) -> list[Change]:
    """The changes, newest first, of a trigger that went through those states."""
    tables = [altered(BEFORE, "users", triggers=(TOUCH._replace(enabled=state),)) for state in states]
    pairs = itertools.pairwise(tables)
    changes = [each for a, b in pairs for each in diff_table(table(a, "users"), table(b, "users"))]
    return changes[::-1]


def test_trigger_that_was_switched_off_is_restored() -> None:
    (issue,) = judged(scene(AFTER, changes=switches("O", "D")), "disabled_trigger")
    assert (issue.severity, issue.object_name) == (Severity.CRITICAL, 'Touch "it"')
    assert issue.current_state == 'The trigger Touch "it" is disabled: no write to public.users calls it.'
    assert issue.remedy == EnableTrigger(table(BEFORE, "users").oid, 41, "O", restores=True)
    assert "history" in {evidence.kind for evidence in issue.evidence}


@pytest.mark.parametrize(
    ("states", "enabled", "restores"),
    [
        ((), "O", False),
        (("A", "D"), "A", True),
        (("R", "D"), "R", True),
        (("D", "O", "D"), "O", True),
        (("O", "A", "D"), "A", True),
        (("O", "D", "O"), "O", False),
    ],
    ids=["never seen enabled", "always", "replica", "off again", "last one counts", "history of another state"],
)
def test_what_was_seen_last_decides(states: tuple[str, ...], enabled: str, restores: bool) -> None:
    (issue,) = judged(scene(AFTER, changes=switches(*states)), "disabled_trigger")
    assert issue.remedy == EnableTrigger(table(BEFORE, "users").oid, 41, enabled, restores=restores)


def test_our_own_undo_and_other_changes_are_no_reason_to_restore() -> None:
    ours = [replace(change, fix_id="f") for change in switches("O", "D")]
    other = altered(BEFORE, "users", triggers=(TOUCH._replace(digest=8),))
    redefined = diff_table(table(BEFORE, "users"), table(other, "users"))
    for changes in (ours, [*redefined], [*redefined, *ours]):
        (issue,) = judged(scene(AFTER, changes=changes), "disabled_trigger")
        assert isinstance(issue.remedy, EnableTrigger)
        assert not issue.remedy.restores
    (issue,) = judged(scene(AFTER, changes=[*redefined, *switches("O", "D")]), "disabled_trigger")
    assert isinstance(issue.remedy, EnableTrigger)
    assert issue.remedy.restores


def partitioned(above: str, below: str) -> Snapshot:
    of = snapshot("p [partitioned]: id int\np1 [partition of=p]: id int")
    of = altered(of, "p", triggers=(TOUCH._replace(enabled=above),))
    return altered(of, "p1", triggers=(TOUCH._replace(oid=42, parent=41, enabled=below),))


@pytest.mark.parametrize(("above", "below", "told"), [("D", "D", ["p"]), ("O", "D", ["p1"]), ("D", "O", ["p"])])
def test_partitions_are_told_once(above: str, below: str, told: list[str]) -> None:
    assert [issue.table for issue in judged(scene(partitioned(above, below)), "disabled_trigger")] == told


@pytest.mark.parametrize("enabled", ["O", "R", "A"])
def test_silent(enabled: str) -> None:
    assert (
        judged(scene(altered(BEFORE, "users", triggers=(TOUCH._replace(enabled=enabled),))), "disabled_trigger") == []
    )
    assert judged(scene(altered(AFTER, "users", left_alone=True)), "disabled_trigger") == []
