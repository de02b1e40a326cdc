"""The picture of one database in memory, and what the rules make of it.

Knows nothing of `pgmend`'s tables: `pgmend check` uses it on a database where nothing is installed, the analyst on
one where everything is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ..catalog.change import Change, ChangeKind
from ..catalog.diff import diff_snapshots
from ..catalog.diff_surroundings import diff_surroundings
from ..catalog.snapshot import DATABASE, Oid, Snapshot
from ..counters.counters import Counters
from ..counters.idle import Idleness
from ..counters.sequence import SequenceState
from ..expected.state import NOTHING_EXPECTED, Expected
from ..garbage import uncollected
from ..impact.impact import NOT_HEARD, Impact, Impacts
from ..relations.atlas import Atlas, DrawnRelations
from ..relations.measurement import Containment, Duplicates, Measurements, Subject, Unmeasured, speaks
from ..relations.reading.reading import Reading
from ..relations.relation import Link
from ..relations.sighting import Source
from ..relations.uniqueness import Uniqueness
from .docket import Docket
from .judge import Judge, Judgement
from .scene import Scene

# What a database rule may look at of a table that some view reads: see `registry.database_rule`.
_SEEN_AROUND = frozenset({ChangeKind.TABLE_ALTERED, ChangeKind.TABLE_RENAMED})


@dataclass(frozen=True, slots=True)
class Move:
    """What moved between two looks, and the tables whose relations may differ by that; DATABASE among them, where what
    is judged of no table may differ."""

    changes: tuple[Change, ...]
    reached: frozenset[Oid]


class Examiner:
    """Holds the snapshot, the relations drawn from it, what was measured, and what changed lately."""

    def __init__(
        self, judge: Judge, snapshot: Snapshot, changes: Mapping[Oid, tuple[Change, ...]] | None = None
    ) -> None:
        self.snapshot = snapshot
        self.atlas = Atlas(snapshot)
        self.changes: dict[Oid, tuple[Change, ...]] = dict(changes or {})
        self._judge = judge
        self._expected = NOTHING_EXPECTED
        self._impacts = NOT_HEARD
        self._measured: dict[Link, Containment | Unmeasured] = {}
        self._repetitions: dict[Uniqueness, Duplicates | Unmeasured] = {}
        self._counters = Counters()
        self._drawn: _Drawn | None = None

    def take(self, part: Snapshot, asked: frozenset[Oid] | None) -> Move:
        """Look with new eyes: put the `asked` tables (None: all) as `part` has them, and tell what moved."""
        before, changes = self.snapshot, diff_snapshots(self.snapshot, part, asked)
        after = self._with_same(part) if asked is None else before.replaced(part, asked)
        reached: set[Oid] = set()
        for oid in {change.table_oid for change in changes}:
            reached |= self.atlas.replace(before.tables.get(oid), after.tables.get(oid))
        if _differs_around(before, after, changes):
            reached.add(DATABASE)
        self.snapshot = after
        self._drawn = None
        return Move((*changes, *diff_surroundings(before.surroundings, after.surroundings)), frozenset(reached))

    def remember(self, changes: Iterable[Change]) -> None:
        """Let the rules see these changes, newest first, and forget what was measured of tables that moved."""
        moved: set[Oid] = set()
        for change in changes:
            self.changes[change.table_oid] = (change, *self.changes.get(change.table_oid, ()))
            moved.add(change.table_oid)
        for link in [link for link in self._measured if link.table in moved or link.key.table in moved]:
            del self._measured[link]
        for key in [key for key in self._repetitions if key.table in moved]:
            del self._repetitions[key]
        self._drawn = None

    def forget_before(self, moment: datetime) -> None:
        """Let the rules see no older changes any more."""
        for oid, changes in list(self.changes.items()):
            kept = tuple(change for change in changes if change.seen_at is None or change.seen_at >= moment)
            if not kept:
                del self.changes[oid]
            elif len(kept) < len(changes):
                self.changes[oid] = kept

    def expect(self, expected: Expected) -> None:
        """Let the rules see what should be, and how it differs."""
        if expected is not self._expected:
            self._expected, self._drawn = expected, None

    @property
    def impacts(self) -> Impacts:
        """What statements did that ran."""
        return self._impacts

    def hear(self, impacts: Impacts) -> None:
        """Let the rules see what statements did that ran: these, and no others."""
        if impacts != self._impacts:
            self._impacts, self._drawn = impacts, None

    def hear_more(self, impacts: Collection[Impact]) -> None:
        """Let the rules see what some more did."""
        if impacts:
            self.hear(self._impacts.with_new(impacts))

    def learn(self, measured: Measurements) -> None:
        """Let the rules see what was counted."""
        before, found = self._measured, measured.containment
        telling = [link for link in found if speaks(found[link]) or speaks(before.get(link))]
        self._measured.update(found)
        self._repetitions.update(measured.duplicates)
        if self._drawn is not None:
            self._drawn.relations.weigh_again(telling)

    def read_off(self, sequences: Mapping[Oid, SequenceState], asked: frozenset[Oid] | None) -> frozenset[Oid]:
        """Let the rules see how far the `asked` sequences have come (None: all); the tables to which that is news."""
        before = self._counters.sequences
        kept = {} if asked is None else {oid: state for oid, state in before.items() if oid not in asked}
        self._counters = replace(self._counters, sequences={**kept, **sequences})
        self._drawn = None
        news: set[Oid] = set()
        for oid in before.keys() | sequences.keys() if asked is None else asked:
            if before.get(oid) != sequences.get(oid):
                numbered = self.snapshot.numbered_by.get(oid, ())
                news.update(numbered, *(self.snapshot.referencing.get(table, ()) for table in numbered))
        return frozenset(news)

    def see_idle(self, idleness: Idleness) -> None:
        """Let the rules see which indexes nothing uses."""
        self._counters = replace(self._counters, idleness=idleness)
        self._drawn = None

    def read(self, reading: Reading) -> frozenset[Oid]:
        """Let relations be drawn from what code compares; the tables whose relations may differ by that."""
        said = {(source.kind, source.identity) for source in reading.seen}
        silent = reading.asked | {(kind, each) for kind in reading.whole for each in self.atlas.sources(kind)}
        reached: set[Oid] = set()
        for kind, identity in silent - said:
            reached |= self.atlas.see(Source(kind, identity, ""), ())
        for source, sightings in reading.seen.items():
            reached |= self.atlas.see(source, sightings)
        self._drawn = None
        return frozenset(reached)

    def examine(self, tables: Iterable[Oid]) -> Judgement:
        """The issues of those tables, and with DATABASE among them those of none."""
        focus = self._known(tables)
        with uncollected():
            drawn = self._draw(focus)
            return self._judge.judge(drawn.scene, focus, drawn.docket)

    def unmeasured(self, tables: Iterable[Oid]) -> frozenset[Subject]:
        """Links and keys of those tables that would decide something and that nobody has counted yet."""
        focus = self._known(tables)
        with uncollected():
            needed = self._judge.needed_measurements(self._draw(focus).docket)
        return frozenset(needed - self._measured.keys() - self._repetitions.keys())

    def everything(self) -> frozenset[Oid]:
        """All that there is to examine."""
        return frozenset((*self.snapshot.tables, DATABASE))

    def troubled(self) -> frozenset[Subject]:
        """Links and keys whose rows are in the way of something: they may be gone by now, and no DDL tells of that."""
        links = (link for link, found in self._measured.items() if isinstance(found, Unmeasured) or found.outside)
        keys = (key for key, found in self._repetitions.items() if isinstance(found, Unmeasured) or found.surplus)
        return frozenset((*links, *keys))

    def _with_same(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot, with the very values held so far where they are equal: what is kept for good stays in use."""
        tables = dict(snapshot.tables)
        for oid, table in snapshot.tables.items():
            before = self.snapshot.tables.get(oid)
            if before is not None and before == table and before.statistics == table.statistics:
                tables[oid] = before
        return replace(snapshot, tables=tables)

    def _known(self, tables: Iterable[Oid]) -> frozenset[Oid]:
        asked = frozenset(tables)
        known = asked & self.snapshot.tables.keys()
        return frozenset(known | {DATABASE} if DATABASE in asked else known)

    def _draw(self, focus: frozenset[Oid]) -> _Drawn:
        """What rules see when they judge `focus`; what was drawn for one look at it serves the next."""
        tables = focus - {DATABASE}
        if self._drawn is None or self._drawn.focus != tables:
            measurements = Measurements(self._measured, self._repetitions)
            relations = self.atlas.relations_of(tables, measurements, self.changes)
            scene = Scene(
                self.snapshot, relations, measurements, self.changes, self._counters, self._expected, self._impacts
            )
            self._drawn = _Drawn(tables, relations, scene, self._judge.docket(scene, tables))
        return self._drawn


def _differs_around(before: Snapshot, after: Snapshot, changes: Iterable[Change]) -> bool:
    """Whether what is judged of no table may differ."""
    if before.surroundings is not after.surroundings and before.surroundings != after.surroundings:
        return True
    seen = after.surroundings.read_by_views if after.surroundings else frozenset[Oid]()
    return any(change.kind in _SEEN_AROUND and change.table_oid in seen for change in changes)


class _Drawn(NamedTuple):
    focus: frozenset[Oid]
    relations: DrawnRelations
    scene: Scene
    docket: Docket
