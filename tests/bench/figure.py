"""One measured figure beside what it ought to be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure ought to be: `now` for a green benchmark, `final` for the project. At most, or else at least."""

    now: float
    final: float
    at_least: bool = False

    def reached(self, value: float, goal: float) -> bool:
        return value >= goal if self.at_least else value <= goal


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its unit, of `subject` (which database). One without a goal is there to compare with."""

    subject: str
    name: str
    value: float
    unit: str
    goal: Goal | None = None
    remark: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal for now is reached; None without a goal."""
        return None if self.goal is None else self.goal.reached(self.value, self.goal.now)


PEER = "pg_dump --schema-only"
PEER_THEN_MS = 1770.0
"""What the peer took for 10,000 tables on the machine that the goals in time come from."""
_TIMES = frozenset({"s", "ms", "µs"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the peer took in this run for what it did in PEER_THEN_MS on the machine that the goals come from."""

    peer_ms: float

    @classmethod
    def of(cls, figures: Iterable[Figure], subject: str) -> Pace | None:
        """The pace by the peer on that subject; None where it was not measured in this run."""
        return next((cls(each.value) for each in figures if (each.subject, each.name) == (subject, PEER)), None)

    @property
    def slowness(self) -> float:
        """How many times as long as on that machine all takes here, as far as the peer can tell."""
        return self.peer_ms / PEER_THEN_MS

    def scaled(self, figure: Figure) -> float | None:
        """A time that has a goal as it would have been at that machine's pace; None for ratios and memory."""
        return figure.value / self.slowness if figure.goal is not None and figure.unit in _TIMES else None


def percentile(samples: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was measured.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 50), percentile([3.0, 1.0, 2.0, 4.0], 99)
    (2.0, 4.0)
    """
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]
