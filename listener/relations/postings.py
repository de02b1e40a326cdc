"""Postings: which tables stand under a word. Most words have one table, so one table costs no set."""

from __future__ import annotations

from collections.abc import Hashable, KeysView
from typing import Generic, TypeVar

from ..catalog.snapshot import Oid

Word = TypeVar("Word", bound=Hashable)

_NONE: frozenset[Oid] = frozenset()


class Postings(Generic[Word]):
    """Tables by word; adding, removing and counting take the same time whatever the number of tables.

    `words` are those that have any, at any time.
    """

    __slots__ = ("_under", "words")

    def __init__(self) -> None:
        self._under: dict[Word, Oid | set[Oid]] = {}
        self.words: KeysView[Word] = self._under.keys()

    def add(self, word: Word, table: Oid) -> None:
        """Put the table under the word; twice is once."""
        held = self._under.get(word)
        if held is None:
            self._under[word] = table
        elif isinstance(held, set):
            held.add(table)
        elif held != table:
            self._under[word] = {held, table}

    def discard(self, word: Word, table: Oid) -> None:
        """Take the table from under the word; a table that is not there is no error."""
        held = self._under.get(word)
        if isinstance(held, set):
            held.discard(table)
            if not held:
                del self._under[word]
        elif held == table:
            del self._under[word]

    def under(self, word: Word) -> frozenset[Oid] | set[Oid]:
        """The tables under the word, in no order; not to be kept or changed."""
        held = self._under.get(word)
        if held is None:
            return _NONE
        return held if isinstance(held, set) else frozenset((held,))

    def count(self, word: Word) -> int:
        """How many tables are under the word."""
        held = self._under.get(word)
        if held is None:
            return 0
        return len(held) if isinstance(held, set) else 1

    def __bool__(self) -> bool:
        return bool(self._under)

    def __contains__(self, word: Word) -> bool:
        return word in self._under
