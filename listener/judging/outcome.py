"""What one look at the database came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog.change import Change
from ..catalog.snapshot import Oid
from ..issue import Issue


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look came to. `touched` are the tables (or DATABASE) whose issues were judged anew, `unseen` says
    what kept a rule from looking at one of them. `unwatched` are those of the resolved that nobody saw gone, with the
    reason.
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
