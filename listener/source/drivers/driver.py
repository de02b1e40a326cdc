"""What a driver calls its methods, how it writes placeholders, and what values it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Style(StrEnum):
    """How placeholders are written."""

    NUMERIC = "$1"
    FORMAT = "%s"
    NAMED = ":name"
    QUESTION = "?"


class Binding(StrEnum):
    """How values come after the SQL: as arguments of their own, as one sequence or mapping, not at all, or once for
    each of many rows."""

    SPREAD = "spread"
    TOGETHER = "together"
    MANY = "many"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sink:
    """A method that takes SQL: at which place among its arguments, under which keywords."""

    binding: Binding
    position: int = 0
    keywords: tuple[str, ...] = ("query", "sql", "statement", "operation")
    values: tuple[str, ...] = ("params", "vars", "args", "values", "parameters")
    sure: bool = True


Refuses = Callable[[str, str, str], str | None]
"""Given a Python type, the described type and its category, why the driver does not take it; None where it does."""


def takes_all(python: str, described: str, category: str) -> str | None:
    """Nothing is known to be refused."""
    del python, described, category


Bears = Callable[[str, str], bool]
"""Given a Python type (`str(int)` for an int's text) and the described type, whether any value of it is proved to be
taken. Of what a driver declares itself the server says so."""


def bears_nothing(python: str, described: str) -> bool:
    """Nothing is proved."""
    del python, described
    return False


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver or library. `modules` are what it is imported as, `sinks` its methods, `functions` those that are no
    methods and take SQL after a cursor. `sent` are the types that it declares for Python's, by their names in SQL;
    `client_binds` says that the server sees literals in place of parameters. Styles that it `also` lets
    through are those of the driver below it. It is `over` drivers of whose parts its users import. A `foreign`
    engine is named."""

    name: str
    modules: tuple[str, ...]
    style: Style
    sinks: Mapping[str, Sink]
    functions: Mapping[str, Sink] = field(default_factory=dict[str, Sink])
    sent: Mapping[str, str] = field(default_factory=dict[str, str])
    refuses: Refuses = takes_all
    bears: Bears = bears_nothing
    client_binds: bool = False
    also: tuple[Style, ...] = ()
    over: tuple[str, ...] = ()
    foreign: str | None = None
