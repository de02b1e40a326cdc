"""Every form in which a statement is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..code import Code, Draft
from ..ground import Needs
from . import kept, made, stepped

Write = Callable[[Draft], Code | None]
_ALL = frozenset(Needs)
_NAMES = frozenset({Needs.NAMES})
_NOT_VALUES = _ALL - {Needs.VALUES}


@dataclass(frozen=True)
class Form:
    """A way to write a statement; it makes nothing of a draft that it does not suit. What it `keeps` can be known."""

    name: str
    write: Write
    keeps: frozenset[Needs] = _ALL
    trees: frozenset[str] | None = None


def _forms(ways: Mapping[str, Write], keeps: frozenset[Needs] = _ALL, *trees: str) -> list[Form]:
    return [Form(name, write, keeps, frozenset(trees) or None) for name, write in ways.items()]


FORMS: tuple[Form, ...] = (
    *_forms(kept.WAYS),
    *_forms(made.WAYS),
    *_forms(made.HOLES_OF_VALUES, frozenset({Needs.NAMES, Needs.TYPES})),
    *_forms(made.HOLES, _NAMES),
    *_forms(made.COMPOSED, _ALL, "psycopg", "psycopg2", "aiopg"),
    *_forms(made.BOUND, _NOT_VALUES, "sqlalchemy"),
    *_forms(made.TEXTS, _ALL, "sqlalchemy"),
    *_forms(stepped.WAYS),
)
