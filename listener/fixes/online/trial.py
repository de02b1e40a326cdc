"""What stands on the column, tried on the shadow in the trigger: it may fail there, and nobody's write may.

An index or a CHECK whose arithmetic has no room in the other type would fail who writes the shadow. So each is computed
first where a failure is caught; then the shadow stays NULL, as where a value has no like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pglast
from pglast import ast
from pglast.stream import RawStream
from pglast.visitors import Visitor

from ...errors import PlanRefused
from ..composed import identifier
from .qualified import qualified

_SELECT = "select "


@dataclass(frozen=True, slots=True)
class Trial:
    """Expressions on rows of the table, as PostgreSQL writes them under our search_path.

    `checks` must not be false; `computed` must not fail. `columns` are all that they name but the one that changes.
    """

    column: str
    checks: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.checks or self.computed)

    @property
    def columns(self) -> tuple[str, ...]:
        """Other columns that the expressions name."""
        found = [name for each in (*self.checks, *self.computed) for name in _names(each)]
        return tuple(dict.fromkeys(name for name in found if name != self.column))

    def statements(self, shadow: str) -> Iterator[str]:
        """Statements of PL/pgSQL that try it on the row `new`; the shadow is called so."""
        quoted = identifier(shadow).as_string()
        for each in self.computed:
            yield f"  ignored := ({self._on(each, shadow)}) is null;\n"
        for each in self.checks:
            yield f"  if ({self._on(each, shadow)}) is false then new.{quoted} := null; return new; end if;\n"

    def _on(self, expression: str, shadow: str) -> str:
        parsed = _parsed(expression)
        _OfNew(self.column, shadow)(parsed)
        text: str = RawStream()(parsed)
        return qualified(text[len(_SELECT) :], others=True)


def _parsed(expression: str) -> ast.Node:
    (parsed,) = pglast.parse_sql(_SELECT + expression)
    return cast("ast.Node", parsed.stmt)


def _names(expression: str) -> list[str]:
    names = _Names()
    names(_parsed(expression))
    return names.found


def _name(node: ast.ColumnRef) -> str:
    fields = cast("tuple[Any, ...]", node.fields)
    if len(fields) != 1 or not isinstance(fields[0], ast.String):
        raise PlanRefused(
            "An expression on whole rows would see the column that is filled: this is not changed online."
        )
    return fields[0].sval or ""


class _Names(Visitor):
    """The columns that an expression names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802 - pglast finds it by this name
        self.found.append(_name(node))


class _OfNew(Visitor):
    """Makes columns fields of the row `new`, and one column the shadow."""

    def __init__(self, column: str, shadow: str) -> None:
        super().__init__()
        self._column = column
        self._shadow = shadow

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802 - pglast finds it by this name
        name = _name(node)
        node.fields = (ast.String(sval="new"), ast.String(sval=self._shadow if name == self._column else name))
