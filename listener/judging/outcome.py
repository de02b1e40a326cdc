"""What one look at the database came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from ..catalog.change import Change
from ..catalog.snapshot import Oid
from ..impact.impact import Impact
from ..issue import Issue

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look came to. `touched` are the tables (or DATABASE) whose issues were judged anew, `unseen` says
    what kept a rule from looking at one of them. `unwatched` are those of the resolved that nobody saw gone, with the
    reason. `impacts` are what statements did of which was heard first. `unread` says which code was not read when
    all of it was last to be.
    """

    opened: tuple[Issue, ...]
    changed: tuple[Issue, ...]
    resolved: tuple[str, ...]
    changes: tuple[Change, ...]
    touched: frozenset[Oid]
    tables: int
    duration_ms: float
    unseen: str | None = None
    unwatched: Mapping[str, str] = field(default_factory=dict[str, str])
    impacts: tuple[Impact, ...] = ()
    unread: tuple[str, ...] = ()


def tell(outcome: Outcome) -> None:
    """Log what was opened and resolved."""
    for issue in outcome.opened:
        log.info(
            "issue opened",
            issue=issue.issue_id,
            type=issue.issue_type,
            severity=issue.severity.value,
            table=issue.where,
            state=issue.current_state,
        )
    for identity in outcome.resolved:
        log.info("issue resolved", issue=identity, because=outcome.unwatched.get(identity, "it is gone"))
