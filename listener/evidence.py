"""Why something is believed, or doubted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to believe, or to doubt. `weight` is in log-odds (natural), negative where it speaks against.

    `seen` is a sentence that a person can check.
    """

    kind: str
    weight: float
    seen: str

    @property
    def against(self) -> bool:
        """Whether it speaks against the issue."""
        return self.weight < 0
