"""What the rules see of the expected schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog.snapshot import Oid
from ..store.expected import Expectation
from .difference import Difference


@dataclass(frozen=True, slots=True)
class Expected:
    """The differences by table, those of none under DATABASE. No `expectation`: nothing is expected.

    `only_reports` says why nothing is healed without approval, `unseen` why nobody could look, `hidden` why this role
    cannot even tell whether anything is expected.
    """

    expectation: Expectation | None = None
    differences: Mapping[Oid, tuple[Difference, ...]] = field(default_factory=dict[Oid, tuple[Difference, ...]])
    only_reports: str | None = None
    unseen: str | None = None
    hidden: str | None = None

    @property
    def source(self) -> str:
        """Where it comes from, for people."""
        expectation = self.expectation
        if expectation is None:
            return "nothing is expected"
        at = f" on {expectation.captured_at:%Y-%m-%d %H:%M} UTC" if expectation.captured_at else ""
        if expectation.source == "captured":
            return f"the schema that was captured{at}"
        return f"the schema that {expectation.origin or 'somebody'} declares"


NOTHING_EXPECTED = Expected()
