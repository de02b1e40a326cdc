"""One measured figure beside what it ought to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def percentile(samples: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was measured.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 50), percentile([3.0, 1.0, 2.0, 4.0], 99)
    (2.0, 4.0)
    """
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]
