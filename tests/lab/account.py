"""What the lab says in the end: each fault's fate, and the figures that the project promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from .case import Fate, Outcome

NOTICED = 1.0
HEALED = 0.99


def fate_as_json(fate: Fate) -> dict[str, Any]:
    """One fault."""
    return {
        "case": fate.case,
        "together": fate.together,
        "kind": fate.fault.kind.name,
        "table": f"{fate.fault.schema}.{fate.fault.relation}" if fate.fault.relation else None,
        "object": fate.fault.object,
        "statement": fate.fault.statement,
        "noticed": fate.outcome is not Outcome.UNNOTICED,
        "noticed_by": list(fate.noticed_by),
        "noticed_after_ms": None if fate.seconds is None else round(fate.seconds * 1000, 1),
        "by_scan": fate.by_scan,
        "outcome": fate.outcome.value,
        "automatic": fate.automatic,
        "reasons": list(fate.reasons),
        "dump_equal": fate.dump_equal,
        "rows_equal": fate.rows_equal,
        "rows_lost": fate.rows_lost,
        "untouched": fate.untouched,
        "rollback_equal": fate.rollback_equal,
        "rollback_refused": list(fate.rollback_refused),
        "differences": list(fate.differences),
        "left_again": list(fate.left_again),
        "healed_again": fate.healed_again,
        "other_issues": list(fate.beside),
    }


def totals(fates: Sequence[Fate]) -> dict[str, Any]:
    """The figures over many faults; rollbacks are counted by cases, the time is of those that were noticed."""
    outcomes = Counter(fate.outcome for fate in fates)
    cases = {(fate.schema, fate.case): fate for fate in fates}.values()
    rollbacks = [fate.rollback_equal for fate in cases if fate.rollback_equal is not None]
    seconds = [fate.seconds for fate in fates if fate.seconds is not None]
    return {
        "faults": len(fates),
        "noticed": len(fates) - outcomes[Outcome.UNNOTICED],
        "noticed_by_event": sum(fate.outcome is not Outcome.UNNOTICED and not fate.by_scan for fate in fates),
        "noticed_after_ms_p50": round(median(seconds) * 1000, 1) if seconds else None,
        "healed": outcomes[Outcome.HEALED],
        "refused": outcomes[Outcome.REFUSED],
        "left": outcomes[Outcome.LEFT],
        "rows_lost": sum(fate.rows_lost for fate in fates),
        "rollbacks": len(rollbacks),
        "rollbacks_equal": sum(rollbacks),
        "rollbacks_refused": sum(bool(fate.rollback_refused) for fate in cases),
        "reasons": dict(Counter(reason for fate in fates for reason in fate.reasons).most_common()),
        "unnoticed_kinds": _kinds(fates, Outcome.UNNOTICED),
        "left_kinds": _kinds(fates, Outcome.LEFT),
        "refused_kinds": _kinds(fates, Outcome.REFUSED),
        "healed_kinds": _kinds(fates, Outcome.HEALED),
    }


def promise_kept(figures: dict[str, Any]) -> bool:
    """All noticed, nearly all healed, the rest refused, no row lost, every rollback identical, no case without end."""
    faults = figures["faults"]
    return bool(
        faults
        and figures["noticed"] >= NOTICED * faults
        and figures["healed"] >= HEALED * faults
        and figures["healed"] + figures["refused"] == faults
        and figures["rows_lost"] == 0
        and figures["rollbacks_equal"] == figures["rollbacks"]
        and figures["rollbacks_refused"] == 0
        and not figures.get("mishaps")
    )


def _kinds(fates: Sequence[Fate], outcome: Outcome) -> dict[str, int]:
    return dict(Counter(fate.fault.kind.name for fate in fates if fate.outcome is outcome).most_common())
