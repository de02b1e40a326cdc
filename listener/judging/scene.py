"""All that a rule may look at: the snapshot, the believed relations, the measurements, and what changed lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog.change import Change
from ..catalog.snapshot import Oid, Snapshot
from ..catalog.surroundings import Surroundings
from ..counters.counters import Counters
from ..errors import CouldNotLook
from ..expected.state import NOTHING_EXPECTED, Expected
from ..impact.impact import NOT_HEARD, Impacts
from ..relations.measurement import Measurements
from ..relations.relation import Relations


@dataclass(frozen=True)
class Scene:
    """What a rule judges from. `changes` are those seen within their retention, newest first, by table."""

    snapshot: Snapshot
    relations: Relations
    measurements: Measurements
    changes: Mapping[Oid, tuple[Change, ...]] = field(default_factory=dict[Oid, tuple[Change, ...]])
    counters: Counters = field(default_factory=Counters)
    expected: Expected = NOTHING_EXPECTED
    impacts: Impacts = NOT_HEARD

    @property
    def surroundings(self) -> Surroundings:
        """Views, routines and schemas; raises CouldNotLook where nobody looked at them."""
        if self.snapshot.surroundings is None:
            raise CouldNotLook("The views, routines and schemas were not read.")
        return self.snapshot.surroundings

    def changes_of(self, table: Oid) -> tuple[Change, ...]:
        """The table's changes, newest first; those of views, routines and schemas are DATABASE's."""
        return self.changes.get(table, ())


class Undecided(CouldNotLook):
    """The rule cannot tell yet, and says nothing of this table.

    Raised by a rule after its last finding; what it found stands, and what it did not find is not called gone.
    """


class NotCounted(Undecided):
    """Nobody has counted yet, or could count, the rows that would decide."""


class UnderWay(Undecided):
    """Somebody is building, rebuilding or dropping the index that would decide."""
