"""The picture of one database in memory, and what the rules make of it.

Knows nothing of `pgmend`'s tables: `pgmend check` uses it on a database where nothing is installed, the analyst on
one where everything is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .catalog.change import Change
from .catalog.diff import diff_snapshots
from .catalog.snapshot import Oid, Snapshot
from .judge import Judge, Judgement
from .relations.atlas import Atlas
from .relations.measurement import Containment, Measurements, Unmeasured
from .relations.relation import Link
from .rules.scene import Scene


@dataclass(frozen=True, slots=True)
class Move:
    """What moved between two looks, and the tables whose relations may differ by that."""

    changes: tuple[Change, ...]
    reached: frozenset[Oid]


@dataclass
class Examiner:
    """Holds the snapshot, the relations drawn from it, what was measured, and what changed lately."""

    judge: Judge
    snapshot: Snapshot
    atlas: Atlas = field(init=False)
    measured: dict[Link, Containment | Unmeasured] = field(default_factory=dict[Link, "Containment | Unmeasured"])
    changes: dict[Oid, tuple[Change, ...]] = field(default_factory=dict[Oid, tuple[Change, ...]])

    def __post_init__(self) -> None:
        self.atlas = Atlas(self.snapshot)

    def take(self, part: Snapshot, asked: frozenset[Oid] | None) -> Move:
        """Look with new eyes: put the `asked` tables (None: all) as `part` has them, and tell what moved."""
        changes = diff_snapshots(self.snapshot, part, asked)
        after = part if asked is None else self.snapshot.replaced(part, asked)
        reached: set[Oid] = set()
        for oid in {change.table_oid for change in changes}:
            reached |= self.atlas.replace(self.snapshot.tables.get(oid), after.tables.get(oid))
        self.snapshot = after
        return Move(changes, frozenset(reached))

    def remember(self, changes: Iterable[Change]) -> None:
        """Let the rules see these changes, newest first, and forget what was measured of tables that moved."""
        moved: set[Oid] = set()
        for change in changes:
            self.changes[change.table_oid] = (change, *self.changes.get(change.table_oid, ()))
            moved.add(change.table_oid)
        for link in [link for link in self.measured if link.table in moved or link.key.table in moved]:
            del self.measured[link]

    def examine(self, tables: Iterable[Oid]) -> Judgement:
        """The issues of those tables."""
        focus = frozenset(oid for oid in tables if oid in self.snapshot.tables)
        return self.judge.judge(self.scene(focus), focus)

    def unmeasured(self, tables: Iterable[Oid]) -> frozenset[Link]:
        """Links of those tables that would decide something and that nobody has counted yet."""
        focus = frozenset(oid for oid in tables if oid in self.snapshot.tables)
        needed = self.judge.needed_measurements(self.scene(focus), focus)
        return frozenset(link for link in needed if link not in self.measured)

    def scene(self, focus: frozenset[Oid]) -> Scene:
        """What rules see when they judge `focus`."""
        measurements = Measurements(self.measured)
        relations = self.atlas.relations_of(focus, measurements, self.changes)
        return Scene(self.snapshot, relations, measurements, self.changes)
