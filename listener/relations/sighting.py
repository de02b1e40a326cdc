"""Sightings: "these columns of a table were compared with those of another one", seen somewhere in code.

Whoever reads code (views, functions, statements, an application's sources) puts what it saw of one source into the
atlas. How often a thing was seen counts so far as it matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from ..catalog.snapshot import AttributeNumber, Oid

ENOUGH = 3


class SourceKind(StrEnum):
    """Where somebody looked."""

    VIEW = "view"
    FUNCTION = "function"
    STATEMENT = "statement"
    CODE = "code"


class Source(NamedTuple):
    """One view, function, statement or place in code. `identity` is unique within the kind, `name` for people."""

    kind: SourceKind
    identity: str
    name: str


class Sighting(NamedTuple):
    """`columns` of `table` were compared for equality with `other_columns` of `other`; they pair up by position."""

    table: Oid
    columns: tuple[AttributeNumber, ...]
    other: Oid
    other_columns: tuple[AttributeNumber, ...]

    def turned(self) -> Sighting:
        """The same, told of the other table."""
        return Sighting(self.other, self.other_columns, self.table, self.columns)


class Seen(NamedTuple):
    """How many sources of a kind have it (ENOUGH is that many or more), and one of them."""

    kind: SourceKind
    sources: int
    example: str


class Sightings:
    """What was seen, by table. Replacing what a source says takes the time of what that source says."""

    def __init__(self) -> None:
        self._by_table: dict[Oid, dict[Sighting, dict[SourceKind, dict[str, str]]]] = {}
        self._said: dict[tuple[SourceKind, str], frozenset[Sighting]] = {}

    def replace(self, source: Source, sightings: Iterable[Sighting]) -> set[Oid]:
        """Let the source say this and no more (nothing: it is gone); the tables of which something else is seen now."""
        place = source.kind, source.identity
        before = self._said.pop(place, frozenset[Sighting]())
        after = frozenset(each for told in sightings for each in (told, told.turned()))
        held = {each: self.of_pair(each) for each in before | after}
        for each in before:
            self._forget(each, source)
        for each in after:
            kinds = self._by_table.setdefault(each.table, {}).setdefault(each, {})
            kinds.setdefault(source.kind, {})[source.identity] = source.name
        if after:
            self._said[place] = after
        return {each.table for each, seen in held.items() if self.of_pair(each) != seen}

    def sources(self, kind: SourceKind) -> frozenset[str]:
        """The identities of the sources of a kind that say something."""
        return frozenset(identity for each, identity in self._said if each is kind)

    def of_table(self, table: Oid) -> Iterator[Sighting]:
        """What was seen of the table, told of it, in no order."""
        yield from self._by_table.get(table, ())

    def partners(self, table: Oid) -> set[Oid]:
        """The tables that it was seen with."""
        return {each.other for each in self._by_table.get(table, ())}

    def of_pair(self, sighting: Sighting) -> tuple[Seen, ...]:
        """Which kinds of sources have just this, in the order of SourceKind."""
        kinds = self._by_table.get(sighting.table, {}).get(sighting, {})
        return tuple(
            Seen(kind, min(len(kinds[kind]), ENOUGH), min(kinds[kind].values())) for kind in SourceKind if kind in kinds
        )

    def __contains__(self, table: Oid) -> bool:
        return table in self._by_table

    def _forget(self, sighting: Sighting, source: Source) -> None:
        told = self._by_table[sighting.table]
        kinds = told[sighting]
        kinds[source.kind].pop(source.identity)
        if not kinds[source.kind]:
            del kinds[source.kind]
        if not kinds:
            del told[sighting]
        if not told:
            del self._by_table[sighting.table]
