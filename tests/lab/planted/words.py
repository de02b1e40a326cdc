"""SQL as words, of which those that code may treat apart are known: names and values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from .names import quoted


class Name(NamedTuple):
    """An identifier, with what it is qualified by before it."""

    parts: tuple[str, ...]

    @property
    def said(self) -> str:
        """As it is written in SQL."""
        return ".".join(quoted(each) for each in self.parts)


class Value(NamedTuple):
    """A value that is bound: its expression in Python, what the function around has to be given for it, and a number
    that no other value of the statement has."""

    said: str
    given: str = ""
    number: int = 0


Word = str | Name | Value
Sql = tuple[Word, ...]

_TIGHT_BEFORE: Final = (",", ")", ";", "::")
_TIGHT_AFTER: Final = ("(", "::")


def sql(*words: Word | Sequence[Word]) -> Sql:
    """The words one after the other; of strings each word."""
    found: list[Word] = []
    for each in words:
        match each:
            case Name() | Value():
                found.append(each)
            case str():
                found += each.split()
            case _:
                found += each
    return tuple(found)


def listed(several: Sequence[Word | Sequence[Word]]) -> Sql:
    """The items with commas between."""
    found: list[Word] = []
    for number, each in enumerate(several):
        found += [","] if number else []
        found += sql(each)
    return tuple(found)


def values(words: Sql) -> list[Value]:
    """What is bound, in order."""
    return [each for each in words if isinstance(each, Value)]


def spaced(words: Sequence[Word], write: Callable[[Word], str]) -> list[str]:
    """Each word as `write` has it, with the space that belongs before it."""
    found: list[str] = []
    before: Word = "("
    for each in words:
        tight = before in _TIGHT_AFTER or each in _TIGHT_BEFORE
        found.append(("" if tight or not found else " ") + write(each))
        before = each
    return found
