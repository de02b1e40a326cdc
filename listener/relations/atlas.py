"""The atlas: which columns mean which keys, over a whole snapshot, kept true as single tables change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..catalog.change import Change
from ..catalog.snapshot import Oid, Snapshot, Table
from .audience import Audience
from .former import former_foreign_keys
from .kind import Sight
from .measurement import Measurements
from .reach import Reach
from .register import Register, foreign_key_names
from .relation import Link, Relation, Relations
from .sighting import Sighting, Source, SourceKind
from .weighing import candidates_of, declared, may_be_related, weigh

_NOTHING_MEASURED = Measurements()


class Atlas:
    """Relations of a snapshot's tables. Building it reads every table once; everything after takes what is affected."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._register = Register(snapshot.tables.values())
        self._audience: Audience | None = None

    def listen(self) -> None:
        """Make ready for `replace`; without it the first one does."""
        assert self.audience is not None

    @property
    def audience(self) -> Audience:
        """Who listens to which names; made when a table is first replaced, since a single look needs none."""
        if self._audience is None:
            self._audience = Audience(self._register.tables.values())
        return self._audience

    def replace(self, before: Table | None, after: Table | None) -> frozenset[Oid]:
        """Put `after` where `before` was (None: it was not there, it is gone).

        The tables whose relations may differ by that, and those they refer to; this very table is not among them.
        """
        audience = self.audience
        reach = Reach(self._register, audience, before, after)
        near = self._neighbours(before)
        if before is not None:
            self._register.remove(before)
            audience.remove(before)
        if after is not None:
            self._register.add(after)
            audience.add(after)
        near |= self._neighbours(after)
        reached = reach.tables()
        for oid in reached:
            near |= self._meant_by(self._register.tables[oid])
        return frozenset((reached | near) - {each.oid for each in (before, after) if each is not None})

    def see(self, source: Source, sightings: Iterable[Sighting]) -> frozenset[Oid]:
        """Let a view, a function, a statement or code say what it compares, and no more than this (nothing: it is
        gone).

        The tables whose relations may differ by that.
        """
        reached = self._register.sightings.replace(source, sightings)
        return frozenset(oid for oid in reached if oid in self._register.tables)

    def sources(self, kind: SourceKind) -> frozenset[str]:
        """The identities of the sources of a kind that something was seen in."""
        return self._register.sightings.sources(kind)

    def reached_by(self, tables: Iterable[Oid]) -> frozenset[Oid]:
        """The tables whose relations may differ when anything at all about `tables` does.

        More than `replace` returns, which knows what differs. Tables that are gone reach nothing here.
        """
        reached: set[Oid] = set()
        for oid in tables:
            table = self._register.tables.get(oid)
            if table is not None:
                reached |= self._means(table) | self._neighbours(table) | self._influenced(table)
        return frozenset(reached)

    def relations_of(
        self,
        tables: Iterable[Oid],
        measurements: Measurements = _NOTHING_MEASURED,
        changes: Mapping[Oid, tuple[Change, ...]] | None = None,
    ) -> DrawnRelations:
        """The relations of `tables`, weighed when asked for; true until the next `replace`."""
        sight = Sight(self._register, lambda: self.audience, measurements, changes or {})
        asked = tuple(tables)
        known = self._register.tables

        def inferred(oid: Oid) -> tuple[Relation, ...]:
            return weigh(known[oid], sight)

        def told(oid: Oid) -> tuple[Relation, ...]:
            return declared(known[oid], self._register)

        def referring(oid: Oid) -> tuple[Relation, ...]:
            sources = sorted(self._may_refer_to(known[oid], sight.changes))
            return tuple(each for source in sources for each in by_table[source] if each.link.key.table == oid)

        by_table = OnDemand(asked, known, inferred)
        return DrawnRelations(by_table, OnDemand(asked, known, told), OnDemand(asked, known, referring), sight)

    def _may_refer_to(self, table: Table, changes: Mapping[Oid, tuple[Change, ...]]) -> set[Oid]:
        formerly = {
            oid
            for oid, those in changes.items()
            if oid in self._register.tables
            and any(key.referenced_table == table.oid for key in former_foreign_keys(those))
        }
        return self._means(table) | formerly | {table.oid}

    def _means(self, table: Table) -> set[Oid]:
        """The tables that may mean the table: their columns say so, or code does."""
        seen = self._register.sightings.partners(table.oid)
        return self.audience.of_table(table) | {oid for oid in seen if oid in self._register.tables}

    def _neighbours(self, table: Table | None) -> set[Oid]:
        """The tables that this one refers to, or may mean."""
        if table is None:
            return set()
        return {key.referenced_table for key in table.foreign_keys} | self._meant_by(table)

    def _meant_by(self, table: Table) -> set[Oid]:
        sight = Sight(self._register, lambda: self.audience, _NOTHING_MEASURED, {})
        return {candidate.link.key.table for candidate in candidates_of(table, sight)}

    def _influenced(self, table: Table) -> set[Oid]:
        """The tables for which this one's foreign keys are siblings."""
        return {oid for names, _ in foreign_key_names(table) for oid in self.audience.of_columns(names)}


class OnDemand(Mapping[Oid, tuple[Relation, ...]]):
    """A mapping over the tables asked for whose values are made when looked up, once; it finds any table known."""

    def __init__(
        self, asked: tuple[Oid, ...], known: Mapping[Oid, Table], make: Callable[[Oid], tuple[Relation, ...]]
    ) -> None:
        self._asked = asked
        self._known = known
        self._make = make
        self._made: dict[Oid, tuple[Relation, ...]] = {}

    def __getitem__(self, oid: Oid) -> tuple[Relation, ...]:
        if oid not in self._known:
            raise KeyError(oid)
        return self.get(oid)

    def get(self, oid: Oid, default: Any = None, /) -> Any:
        """The inherited one, without an exception made for every table that is not known."""
        found = self._made.get(oid)
        if found is None:
            if oid not in self._known:
                return default
            found = self._made[oid] = self._make(oid)
        return found

    def __iter__(self) -> Iterator[Oid]:
        return iter(oid for oid in self._asked if oid in self._known)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def forget(self, oids: Iterable[Oid]) -> None:
        """Make the values of those tables anew when they are looked up again."""
        for oid in oids:
            self._made.pop(oid, None)


class DrawnRelations(Relations):
    """Relations that are weighed when they are looked up, and then kept."""

    def __init__(self, by_table: OnDemand, declared: OnDemand, by_key: OnDemand, sight: Sight) -> None:
        super().__init__(by_table, declared, by_key)
        self._weighed = by_table, by_key
        self._sight = sight

    def related(self, tables: Iterable[Table]) -> Sequence[Table]:
        """The same, and only what may have some is weighed."""
        return super().related(table for table in tables if may_be_related(table, self._sight))

    def weigh_again(self, links: Iterable[Link]) -> None:
        """Something was counted of these links; no other table's relations hang on that."""
        counted = tuple(links)
        by_table, by_key = self._weighed
        by_table.forget({link.table for link in counted})
        by_key.forget({link.key.table for link in counted})
