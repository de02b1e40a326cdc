"""What was written into code, as a plan of the schema has its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from .catalog.change import Change
from .catalog.snapshot import Oid
from .remedy import Turn


@dataclass(frozen=True, slots=True)
class WrittenCode:
    """What was written into files of code, by their paths: no rule proposes it, and only those undo it who have the
    code."""

    kind: Literal["change_code"] = "change_code"
    files: tuple[str, ...] = ()
    turn: ClassVar[Turn] = Turn.SWITCH

    @property
    def tables(self) -> tuple[Oid, ...]:
        """No table is altered."""
        return ()

    @property
    def objects(self) -> tuple[Oid, ...]:
        """Nor anything else in the database."""
        return ()

    def was_moved_by(self, change: Change, changes: Sequence[Change]) -> bool:
        """No change of the schema moves code."""
        return False
