"""Places in a file."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate
from typing import Final

from .sqltext import Written

_PARTS: Final = re.compile(
    r"""(?P<literal>[rRuU]?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|\"(?:[^"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))"""
    r"|\s+|\\\n|\#[^\n]*",
    re.DOTALL,
)
_OPENING: Final = re.compile(r"[rRbBuUfFtT]{0,2}(\"\"\"|'''|\"|')")


def after(piece: Written, characters: int) -> tuple[int, int]:
    """Line and column of the character that stands so far within; of the whole literal where that is not known."""
    if not piece.exact:
        return piece.line, piece.column
    before = piece.text[:characters]
    lines = before.count("\n")
    if not lines:
        return piece.line, piece.column + characters
    return piece.line + lines, characters - before.rindex("\n") - 1


class Lines:
    """A file's lines, to tell places in characters and to quote expressions."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._ascii = source.isascii()
        self._offsets: dict[int, list[int]] = {}

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self._lines)

    def column(self, line: int, offset: int) -> int:
        """The column in characters for an offset in UTF-8 bytes."""
        if self._ascii:
            return offset
        if (text := self._lines[line - 1]).isascii():
            return offset
        if line not in self._offsets:
            self._offsets[line] = list(accumulate((len(each.encode()) for each in text), initial=0))
        return bisect_left(self._offsets[line], offset)

    def between(self, line: int, column: int, end_line: int, end_column: int) -> str:
        """The characters of the place; of more than one line only the first."""
        text = self._lines[line - 1]
        return text[column:end_column] if line == end_line else text[column:].rstrip() + " …"

    def literals(self, start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int, str]]:
        """The literals that stand one after the other between two places, each with its own; none where there is
        anything else."""
        first, last = start[0], end[0]
        lines = self._lines[first - 1 : last]
        lines[-1] = lines[-1][: end[1]]
        source = "\n".join(lines)
        found: list[tuple[int, int, str]] = []
        done = start[1]
        while done < len(source):
            match = _PARTS.match(source, done)
            if match is None:
                return []
            if match["literal"] is not None:
                line = source.count("\n", 0, done)
                found.append((first + line, done - (source.rfind("\n", 0, done) + 1), match["literal"]))
            done = match.end()
        return found

    def content(self, line: int, column: int, value: str) -> tuple[int, int] | None:
        """Where the characters of a string literal begin, if they stand there as they are."""
        text = self._lines[line - 1]
        match = _OPENING.match(text, column)
        if match is None:
            return None
        here, (first, *others) = match.end(), value.split("\n")
        if not text.startswith(first, here):
            return None
        for number, other in enumerate(others[:-1], line):
            if number >= len(self._lines) or self._lines[number] != other:
                return None
        if others and not (
            line + len(others) - 1 < len(self._lines) and self._lines[line + len(others) - 1].startswith(others[-1])
        ):
            return None
        return line, here
