"""The live statements of one reading of the code, by their numbers: found by the words in them, calls and texts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from ..source.extracted import Extraction, Site
from .pieces import identity

_WORD: Final = re.compile(r"\w+")


class Roll:
    """Made once for a reading, so that a look at few statements does not take the time of all. The texts that are
    `creating` something make what is missing no defect."""

    def __init__(self, extraction: Extraction) -> None:
        self.statements = tuple(each for each in extraction.statements if each.live)
        self.numbers = {each: number for number, each in enumerate(self.statements)}
        self.sites = frozenset(each.site for each in self.statements)
        self.calls = frozenset(each.call for each in self.statements)
        self.identities = tuple(identity(each) for each in self.statements)
        self._by_word: defaultdict[str, set[int]] = defaultdict(set)
        creating = set[str]()
        groups: defaultdict[tuple[object, ...], set[int]] = defaultdict(set)
        self._groups: list[tuple[set[int], set[int]]] = []
        for number, each in enumerate(self.statements):
            text = each.sql
            if "create" in text.lower():
                creating.add(text)
            for word in _words(text):
                self._by_word[word].add(number)
            of_call, of_text = groups[each.call,], groups[each.site.file, text]
            of_call.add(number)
            of_text.add(number)
            self._groups.append((of_call, of_text))
        self.creating = frozenset(creating)

    def naming(self, name: str) -> set[int]:
        """Those with that name in them, and perhaps others with its words."""
        having = [self._by_word.get(word, set[int]()) for word in _words(name)]
        return set[int].intersection(*having) if having else set()

    def at(self, sites: Collection[Site]) -> set[int]:
        """Those that begin there."""
        return {number for number, each in enumerate(self.statements) if each.site in sites} if sites else set()

    def together(self, wanted: Iterable[int]) -> list[int]:
        """These, with all texts of the same calls, and equal texts of the same files."""
        found, waiting = set[int](), [*wanted]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting.extend(each for group in self._groups[number] for each in group)
        return sorted(found)

    def moved(self, before: Roll, numbers: Iterable[int]) -> set[int]:
        """Where those of an earlier roll stand here, as far as they are still there."""
        named = (before.statements[number] for number in numbers)
        return {self.numbers[each] for each in named if each in self.numbers}


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
