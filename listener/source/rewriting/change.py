"""Names in the text of a statement: where each stands, and what is to stand there."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import pglast.keywords
from psycopg import sql

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_PART: Final = re.compile(r'\s*(\.\s*)?("(?:[^"]|"")*"|[\w$]+)')
_RESERVED: Final = pglast.keywords.RESERVED_KEYWORDS | pglast.keywords.TYPE_FUNC_NAME_KEYWORDS


class Change(NamedTuple):
    """Characters of a statement's SQL, and the name that stands there instead. Beside the name, `before` qualifies it
    and `behind` keeps the result's."""

    start: int
    end: int
    name: str
    why: str
    before: str = ""
    behind: str = ""

    def written(self, old: str) -> str:
        """SQL for it: quoted where it has to be, or was."""
        return self.before + (quoted(self.name) if old.startswith('"') else identifier(self.name)) + self.behind


class Labelled(NamedTuple):
    """Where an expression ends that keeps its result's name by ` as old`."""

    end: int
    label: str
    why: str


def identifier(name: str) -> str:
    """The name in SQL: in quotes only where it needs them."""
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else quoted(name)


def quoted(name: str) -> str:
    """The name in quotes."""
    return sql.Identifier(name).as_string()


def spans_of(text: str, location: int, number: int) -> list[tuple[int, int]] | None:
    """Where each part of a dotted name stands."""
    found: list[tuple[int, int]] = []
    here = location
    for place in range(number):
        match = _PART.match(text, here)
        if match is None or (match[1] is None) != (place == 0):
            return None
        found.append(match.span(2))
        here = match.end()
    return found
