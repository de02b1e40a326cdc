"""The clause of a statement that a hole stands in, by the words before it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Opened(StrEnum):
    """What a hole may add to: the queries of WITH, what a statement selects from, columns of a query within it, or
    those of its result."""

    QUERIES = "queries"
    RANGES = "ranges"
    COLUMNS = "columns"
    RESULTS = "results"


class Opening(NamedTuple):
    """What a hole may add to, and from where to where: in a parenthesis, or everywhere. What a query there gives is
    seen outside, too, unless it is one of a condition (`inside`), or of WITH, under that name."""

    what: Opened
    start: int = 0
    end: int | None = None
    inside: bool = False
    name: str | None = None

    def behind(self, offset: int) -> Opening:
        """The same, with places counted from that one on."""
        return self._replace(start=self.start - offset, end=None if self.end is None else self.end - offset)


@dataclass(slots=True)
class _Parenthesis:
    """One that is or was open. `clause` is where in it the words stand now."""

    clause: Opened | None
    start: int = 0
    end: int | None = None
    inside: bool = False
    name: str | None = None


class Clauses:
    """Where in a statement its tokens stand: the clause of each parenthesis that is open."""

    def __init__(self) -> None:
        self._within = [_Parenthesis(Opened.QUERIES)]
        self._queries = False
        self._before = ["", "", ""]
        self._holes: list[tuple[Opened, _Parenthesis]] = []

    def follow(self, token: str, place: int) -> None:
        """Go on over a token, which stands at that offset of what is written."""
        word, last = token.upper(), self._within[-1]
        if word == "(":
            inside = last.clause in (Opened.QUERIES, Opened.RANGES)
            name = self._named() if last.clause is Opened.QUERIES else None
            clause = Opened.COLUMNS if inside else None
            self._within.append(_Parenthesis(clause, place, None, not inside, name))
        elif word == ")" and len(self._within) > 1:
            self._within.pop().end = place
        elif word == ";":
            self._within = [_Parenthesis(Opened.QUERIES)]
        elif word in ("SELECT", "RETURNING"):
            inner = len(self._within) > 1 or self._queries
            last.clause = Opened.COLUMNS if inner else Opened.RESULTS
        elif word in _CLAUSES:
            last.clause = _CLAUSES[word]
            self._queries = self._queries or word == "WITH"
        self._before = [*self._before[1:], token]

    def hole(self) -> None:
        """There is a hole, in which anything may stand."""
        if (clause := self._within[-1].clause) is not None:
            self._holes.append((clause, self._within[-1]))

    def openings(self) -> frozenset[Opening]:
        """What the holes may add to, once all tokens were seen."""
        return frozenset(Opening(clause, each.start, each.end, each.inside, each.name) for clause, each in self._holes)

    def _named(self) -> str | None:
        """The query of WITH that begins there."""
        words = [each for each in self._before if each.upper() not in ("MATERIALIZED", "NOT")]
        if len(words) < 2 or words[-1].upper() != "AS":
            return None
        name = words[-2]
        if name.startswith('"'):
            return name[1:-1].replace('""', '"')
        return name.lower() if _NAME.fullmatch(name) else None


def openings_at(text: str, places: Collection[int]) -> frozenset[Opening]:
    """What may be added to where something unknown stands at those offsets of a text."""
    clauses = Clauses()
    for token in _TOKEN.finditer(text):
        if token.start() in places:
            clauses.hole()
        clauses.follow(token[0], token.start())
    return clauses.openings()


_TOKEN: Final = re.compile(
    r"""[eE]?'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|[\w$]+|[^\s\w]""", re.DOTALL
)
_NAME: Final = re.compile(r"[A-Za-z_][\w$]*")
_CLAUSES: Final[dict[str, Opened | None]] = {
    "WITH": Opened.QUERIES,
    # The condition of a join ends where the next join begins; after SET there may be FROM.
    **{word: Opened.RANGES for word in ("FROM", "JOIN", "USING", "INTO", "UPDATE", "SET")},
    **{word: None for word in ("WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES", "WINDOW")},
}
