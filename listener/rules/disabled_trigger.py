"""DISABLED_TRIGGER: a trigger that somebody switched off and that no write calls any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..catalog.change import Change, ChangeKind
from ..catalog.snapshot import Table, Trigger
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..relations.weights import DECLARED
from ..remedy import EnableTrigger

_SWITCHED = frozenset({ChangeKind.TRIGGER_ALTERED, ChangeKind.TRIGGER_REMADE})
_DISABLED, _ORIGIN = "D", "O"


@rule("DISABLED_TRIGGER", Severity.CRITICAL, Reads.TRIGGERS, suspects=lambda docket: docket.triggered)
def disabled_trigger(table: Table, scene: Scene) -> Iterator[Finding]:
    """Triggers that are disabled. Those for replicas alone are meant so; a partition's is its parent's."""
    for trigger in table.triggers:
        if trigger.enabled == _DISABLED and not _is_told_above(table, trigger, scene):
            yield _finding(table, trigger, _enabled_before(trigger, scene.changes_of(table.oid)))


def _finding(table: Table, trigger: Trigger, before: str | None) -> Finding:
    evidence = [fact(f"pg_trigger says that {trigger.name} is disabled.")]
    if before is not None:
        evidence.append(Evidence("history", DECLARED, f"{trigger.name} was enabled before it was switched off."))
    return Finding(
        table.oid,
        current_state=f"The trigger {trigger.name} is disabled: no write to {table.qualified_name} calls it.",
        expected_state=f"The trigger {trigger.name} is enabled.",
        object_name=trigger.name,
        evidence=tuple(evidence),
        remedy=EnableTrigger(table.oid, trigger.oid, before or _ORIGIN, restores=before is not None),
    )


def _enabled_before(trigger: Trigger, changes: Iterable[Change]) -> str | None:
    """How the trigger was enabled before somebody switched it off, if the last switch was that and not ours."""
    for change in changes:
        before, after = change.before, change.after
        if change.kind in _SWITCHED and change.object_oid == trigger.oid and before and after:
            if before["enabled"] == after["enabled"]:
                continue
            return None if change.fix_id or after["enabled"] != _DISABLED else before["enabled"]
    return None


def _is_told_above(table: Table, trigger: Trigger, scene: Scene) -> bool:
    parents = (scene.snapshot.tables.get(oid) for oid in table.parents)
    return bool(trigger.parent) and any(
        each.oid == trigger.parent and each.enabled == _DISABLED
        for parent in parents
        if parent is not None
        for each in parent.triggers
    )
