"""The string literals of a Python file, with the place of each character of their values.

Adjacent literals are one to Python's parser, escapes are several characters for one, and what an f-string holds in
braces is none of its text: who writes into a literal has to know which of its characters stand where.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_OPENING: Final = re.compile(r"(?P<prefix>[a-zA-Z]{0,2})(?P<quote>\"\"\"|'''|\"|')")
_BETWEEN: Final = re.compile(r"(?:\s|#[^\r\n]*|\\(?:\r\n|\r|\n))*")
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<continued>\r\n|\r|\n)|N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}"
    r"|[abfnrtv\\'\"])"
)
_NEW_LINE: Final = re.compile(r"\r\n|\r|\n")
_STRING: Final = re.compile(r"[a-zA-Z]{0,2}(\"\"\"|'''|\"|')(?:\\.|(?!\1).)*\1", re.DOTALL)


class Token(NamedTuple):
    """One of the adjacent literals: how it is opened."""

    prefix: str
    quote: str

    def written(self, text: str) -> str | None:
        """The text as it has to stand within; None where there is no way to write it there."""
        if "r" in self.prefix.lower():
            bad = self.quote[0] in text or "\\" in text or "\n" in text or "\r" in text
            return None if bad else self._braced(text)
        text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        return self._braced(text.replace(self.quote[0], f"\\{self.quote[0]}"))

    def holds(self, source: str, here: int) -> bool:
        """Whether an expression in braces begins there."""
        return "f" in self.prefix.lower() and source[here] == "{" and source[here + 1 : here + 2] != "{"

    def _braced(self, text: str) -> str:
        return text.replace("{", "{{").replace("}", "}}") if "f" in self.prefix.lower() else text


class Spot(NamedTuple):
    """Where a character of a value stands in the file; without a token it stands for itself."""

    start: int
    end: int
    token: Token | None = None


class _Run(NamedTuple):
    """Characters of a value without a hole between."""

    text: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal with all those that it is adjacent to; `runs` are parted by what f-strings hold in braces."""

    start: int
    end: int
    runs: tuple[_Run, ...]

    def spots(self, text: str, start: int | None) -> tuple[Spot, ...] | None:
        """Where that part of the value stands: the one from the character on at that offset, or the only one; None
        where there is none, or several."""
        found: list[tuple[Spot, ...]] = []
        for run in self.runs:
            place = run.text.find(text)
            while place >= 0:
                spots = run.spots[place : place + len(text)]
                if start is None or (spots and spots[0].start == start):
                    found.append(spots)
                place = run.text.find(text, place + 1)
        return found[0] if len(found) == 1 else None


class Literals:
    """The literals of one file. `starts` are the offsets of its lines."""

    def __init__(self, text: str, starts: Sequence[int]) -> None:
        self._text, self._starts = text, starts
        self._nodes = sorted(self._outermost(ast.parse(text)), key=lambda each: each[0])
        self._found: dict[int, Literal | None] = {}

    def at(self, offset: int) -> Literal | None:
        """The literal that the character is in; None where there is none, or where it was not understood."""
        place = bisect_right(self._nodes, offset, key=lambda each: each[0]) - 1
        if place < 0 or offset >= self._nodes[place][1]:
            return None
        if place not in self._found:
            self._found[place] = self._read(*self._nodes[place])
        return self._found[place]

    def _outermost(self, tree: ast.AST) -> Iterator[tuple[int, int, ast.expr]]:
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                yield self._offset(node.lineno, node.col_offset), self._end(node), node
            else:
                waiting.extend(ast.iter_child_nodes(node))

    def _end(self, node: ast.expr) -> int:
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def _offset(self, line: int, column: int) -> int:
        """The offset of a column in bytes of UTF-8, as Python's parser counts them."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self._text)
        there = self._text[start:end]
        return start + (column if there.isascii() else len(there.encode()[:column].decode(errors="ignore")))

    def _read(self, start: int, end: int, node: ast.expr) -> Literal | None:
        runs = tuple(_merged(_scanned(self._text, start, end)))
        match node:
            case ast.JoinedStr(values=values):
                said = [each.value for each in values if isinstance(each, ast.Constant) and each.value]
            case ast.Constant(value=value):
                said = [value] if value else []
            case _:
                return None
        return Literal(start, end, runs) if [run.text for run in runs] == said else None


def _merged(pieces: Iterator[tuple[str, Spot] | None]) -> Iterator[_Run]:
    text: list[str] = []
    spots: list[Spot] = []
    for piece in pieces:
        if piece is not None:
            text.append(piece[0])
            spots.append(piece[1])
        elif text:
            yield _Run("".join(text), tuple(spots))
            text, spots = [], []
    if text:
        yield _Run("".join(text), tuple(spots))


def _scanned(source: str, start: int, end: int) -> Iterator[tuple[str, Spot] | None]:
    """Each character of the value with its place; None for what is in braces. It stops at what it does not know."""
    here = start
    while here < end:
        between = _BETWEEN.match(source, here, end)
        here = between.end() if between is not None else here
        opening = _OPENING.match(source, here, end)
        if opening is None:
            return
        token = Token(opening["prefix"], opening["quote"])
        here, escaped = opening.end(), False
        while here < end and (escaped or not source.startswith(token.quote, here)):
            # In a raw literal a backslash stands for itself, and yet keeps a quote from closing.
            escaped = "r" in token.prefix.lower() and source[here] == "\\" and not escaped
            if token.holds(source, here):
                yield None
                here = _closing(source, here)
                continue
            said, behind = _character(source, here, token)
            if said:
                yield said, Spot(here, behind, token)
            here = behind
        here += len(token.quote)


def _character(source: str, here: int, token: Token) -> tuple[str, int]:
    """What one character of the value is, nothing for a continued line; and where it goes on."""
    prefix, sign = token.prefix.lower(), source[here]
    if "f" in prefix and sign in "{}":
        return sign, here + 2
    if sign == "\\" and "r" not in prefix and (escape := _ESCAPE.match(source, here)) is not None:
        return "" if escape["continued"] else ast.literal_eval(f'"{escape[0]}"'), escape.end()
    if (new_line := _NEW_LINE.match(source, here)) is not None:
        return "\n", new_line.end()
    return sign, here + 1


def _closing(source: str, here: int) -> int:
    """Behind the brace that closes the one there."""
    depth = 0
    while here < len(source):
        if (string := _STRING.match(source, here)) is not None:
            here = string.end()
            continue
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(source[here], 0)
        here += 1
        if depth == 0:
            return here
    return here
