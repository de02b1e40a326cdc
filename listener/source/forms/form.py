"""What a form of expression is: the nodes that it reads, and the texts that it makes of one."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..lists import Listed
from ..sqltext import Alternatives, Hole, HoleKind, Piece, Text


class Reading(Protocol):
    """What a form may ask while it reads: the place in the code, with what names mean there."""

    def text(self, node: ast.expr) -> Alternatives | None:
        """The texts that an expression may come to; None where it is no text as far as one can see."""
        ...

    def part(self, node: ast.expr, kind: HoleKind = HoleKind.UNKNOWN) -> Alternatives:
        """As `text`; a hole for what is none."""
        ...

    def proved(self, node: ast.expr) -> str | None:
        """The Python type that the expression is proved to have."""
        ...

    def hole(self, node: ast.expr, kind: HoleKind = HoleKind.UNKNOWN) -> Hole:
        """A hole for an expression."""
        ...

    def literal(self, node: ast.Constant, value: str) -> Piece:
        """The characters of a literal with their place."""
        ...

    def literals(self, node: ast.Constant, value: str) -> Text:
        """The same, in as many pieces as there are literals one after the other."""
        ...

    def column(self, node: ast.expr) -> int:
        """Where the expression begins on its line, in characters."""
        ...

    def bound(self, name: str) -> Alternatives | None:
        """What a local name or a parameter holds; None where it is not local."""
        ...

    def is_local(self, name: str) -> bool:
        """Whether the function itself gives the name something else than a text."""
        ...

    def typed(self, name: str) -> str:
        """The dotted name with the class of its first part in the place of that, where it is a local's and known."""
        ...

    def listed(self, node: ast.expr) -> Listed | None:
        """What the expression gives item by item; None where it is no list as far as one can see."""
        ...


Read = Callable[[ast.expr, Reading], Alternatives | None]


@dataclass(frozen=True, slots=True)
class Form:
    """`names` are those of the functions or methods that a form of calls is for; None: any."""

    node: type[ast.expr]
    read: Read
    names: frozenset[str] | None = None
    order: int = 0


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` of names and attributes; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
