"""A statement that is known to touch a table: its text, what its names mean, and what it is called when shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol

from psycopg import AsyncConnection

from ..relations.wording import count
from .touched import Touched


class Origin(StrEnum):
    """Where statements are known from."""

    OBSERVED = "statement of pg_stat_statements"
    VIEW = "view"
    FUNCTION = "part of a function"
    CODE = "statement of the code"


_PLURALS: Final = {
    Origin.OBSERVED: "statements of pg_stat_statements",
    Origin.VIEW: "views",
    Origin.FUNCTION: "parts of functions",
    Origin.CODE: "statements of the code",
}


class Value(NamedTuple):
    """What code gives a parameter: by which driver, and of which Python type (`str(int)`: an int's text)."""

    parameter: int
    driver: str
    python: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, to be parsed and described, never planned or run.

    `search_path` are schemas that its role may use, as far as is known. `relations` are the names of all relations in
    it, without their schemas. One that `defines` is a CREATE FUNCTION, whose body the server checks; it defines that
    function again, with a body that is resolved at once (BEGIN ATOMIC). `doubt` says why what becomes of it here tells
    nothing certain of what becomes of it there. `inner` is text that ran inside of a function, whose variables may
    stand in it. One that may stand `behind` another is one only if both are the same now. `values` are those of the
    code's parameters whose types are proved.
    """

    origin: Origin
    name: str
    text: str
    search_path: tuple[str, ...]
    relations: frozenset[str] = frozenset()
    defines: str | None = None
    doubt: str | None = None
    inner: bool = False
    behind: Statement | None = None
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """What may touch the tables and cannot be described, and why."""

    name: str
    reason: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a source knows. `gaps` say what it cannot know, so that nothing is proved; `notes` what else there is to say
    of how much it knows. An application's code was `read` where it would have said if there were statements."""

    statements: tuple[Statement, ...] = ()
    unread: tuple[Unread, ...] = ()
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read: bool = False

    def counted(self) -> str:
        """How many statements of each origin there are."""
        known = [each for each in self.statements if each.behind is None]
        numbers = ((origin, sum(each.origin is origin for each in known)) for origin in Origin)
        return ", ".join(count(number, origin.value, _PLURALS[origin]) for origin, number in numbers if number)

    @staticmethod
    def together(parts: Iterable[Known]) -> Known:
        """What all of them know."""
        listed = list(parts)
        return Known(
            tuple(chain.from_iterable(each.statements for each in listed)),
            tuple(chain.from_iterable(each.unread for each in listed)),
            tuple(chain.from_iterable(each.gaps for each in listed)),
            tuple(chain.from_iterable(each.notes for each in listed)),
            any(each.read for each in listed),
        )


class StatementSource(Protocol):
    """Knows statements, as an analysis of an application's code does."""

    async def known(self, connection: AsyncConnection[Any], touched: Touched) -> Known:
        """The statements that touch those relations; `connection` is in autocommit mode and only read on."""
        ...
