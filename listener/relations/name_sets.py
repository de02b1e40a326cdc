"""Name sets: sets of two and more column names that stand together somewhere, found by what a table has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, KeysView

from ..catalog.snapshot import Oid
from .postings import Postings

Names = tuple[str, ...]

_MOST_SETS = 16


class NameSets:
    """Tables by the sorted names of a column set.

    A name that stands in more than `_MOST_SETS` sets (`tenant_id`) finds none of them; their other names do. `words`
    are the names that stand in any, at any time.
    """

    __slots__ = ("_sets", "_tables", "words")

    def __init__(self) -> None:
        self._tables: Postings[Names] = Postings()
        self._sets: dict[str, set[Names]] = {}
        self.words: KeysView[str] = self._sets.keys()

    def add(self, names: Names, table: Oid) -> None:
        """The table has this set."""
        if names not in self._tables:
            for name in names:
                self._sets.setdefault(name, set()).add(names)
        self._tables.add(names, table)

    def discard(self, names: Names, table: Oid) -> None:
        """The table has it no longer."""
        self._tables.discard(names, table)
        if names not in self._tables:
            for name in names:
                sets = self._sets.get(name)
                if sets is not None:
                    sets.discard(names)
                    if not sets:
                        del self._sets[name]

    def __bool__(self) -> bool:
        return bool(self._sets)

    def within(self, names: Collection[str]) -> Iterator[Names]:
        """The sets all of whose names are among these, in order."""
        found: set[Names] = set()
        for name in names:
            sets = self._sets.get(name)
            if sets is not None and len(sets) <= _MOST_SETS:
                found.update(each for each in sets if all(part in names for part in each))
        yield from sorted(found)

    def tables(self, names: Names) -> Collection[Oid]:
        """The tables that have the set."""
        return self._tables.under(names)

    def finds_by(self, name: str) -> bool:
        """Whether the name stands in few enough sets to find them."""
        return len(self._sets.get(name, ())) <= _MOST_SETS
