"""The clause of a statement that a hole stands in, by the words before it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Opened(StrEnum):
    """What a hole may add to: the queries of WITH, what a statement selects from, columns of a query within it, or
    those of its result."""

    QUERIES = "queries"
    RANGES = "ranges"
    COLUMNS = "columns"
    RESULTS = "results"


class Clauses:
    """Where in a statement its tokens stand: the clause of each parenthesis that is open."""

    def __init__(self) -> None:
        self._within: list[Opened | None] = [Opened.QUERIES]
        self._queries = False

    def follow(self, token: str) -> None:
        """Go on over a token."""
        word = token.upper()
        if word == "(":
            inside = self._within[-1] in (Opened.QUERIES, Opened.RANGES)
            self._within.append(Opened.COLUMNS if inside else None)
        elif word == ")" and len(self._within) > 1:
            self._within.pop()
        elif word == ";":
            self._within = [Opened.QUERIES]
        elif word in ("SELECT", "RETURNING"):
            inner = len(self._within) > 1 or self._queries
            self._within[-1] = Opened.COLUMNS if inner else Opened.RESULTS
        elif word in _CLAUSES:
            self._within[-1] = _CLAUSES[word]
            self._queries = self._queries or word == "WITH"

    def opened(self) -> Opened | None:
        """What a hole there may add to."""
        return self._within[-1]


_CLAUSES: Final[dict[str, Opened | None]] = {
    "WITH": Opened.QUERIES,
    # The condition of a join ends where the next join begins; after SET there may be FROM.
    **{word: Opened.RANGES for word in ("FROM", "JOIN", "USING", "INTO", "UPDATE", "SET")},
    **{word: None for word in ("WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES", "WINDOW")},
}
