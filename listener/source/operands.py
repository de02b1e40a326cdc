"""What stands at a place of a statement that the server objects to: which values and columns its types come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from pglast import ast

from .statement_tree import tree_of

LITERAL: Final = 0
"""Among the numbers of parameters: a string, which has no type of its own either."""
NULL: Final = -1
"""Among them, too: NULL, which is also what stands in the place of a hole."""
# Types do not go through these: a condition is a truth, and a query gives its own.
_BARRIERS: Final = (
    *(ast.BoolExpr, ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt),
    *(ast.ResTarget, ast.JoinExpr, ast.RangeSubselect, ast.RangeFunction, ast.CommonTableExpr, ast.SortBy),
)
_MIXING: Final = (ast.CaseExpr, ast.CoalesceExpr, ast.MinMaxExpr, ast.A_ArrayExpr)


@dataclass(frozen=True, slots=True)
class Operands:
    """An expression: the `numbers` of its parameters, with LITERAL and NULL, and its columns. It is `mixed` where
    its type is settled together with that of others, in a UNION, a CASE or several rows."""

    numbers: frozenset[int]
    columns: frozenset[tuple[str, ...]]
    mixed: bool


def operands(sql: str, position: int) -> Operands | None:
    """The largest expression that begins at that offset or has something there; None where there is none."""
    tree = tree_of(sql)
    found = None if tree is None else _at(tree, position, mixed=False)
    if found is None:
        return None
    node, mixed = found
    return Operands(
        frozenset(_numbers(node)),
        frozenset(_columns(node)),
        mixed or any(isinstance(each, _MIXING) for each in _within(node)),
    )


def _at(node: ast.Node, position: int, *, mixed: bool) -> tuple[ast.Node, bool] | None:
    """The topmost expression with something at that place."""
    if isinstance(node, ast.SelectStmt):
        rows = cast("tuple[Any, ...]", node.valuesLists or ())
        mixed = mixed or node.larg is not None or len(rows) > 1
    if not isinstance(node, _BARRIERS) and any(getattr(each, "location", None) == position for each in _within(node)):
        return node, mixed
    for each in _children(node):
        if (found := _at(each, position, mixed=mixed)) is not None:
            return found
    return None


def _children(node: ast.Node) -> Iterator[ast.Node]:
    stack: list[Any] = [getattr(node, name) for name in reversed(list(node))]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.Node):
            yield each
        elif isinstance(each, tuple):
            stack += reversed(each)  # pyright: ignore[reportUnknownArgumentType] - syntax trees are not typed so far


def _within(node: ast.Node) -> Iterator[ast.Node]:
    """The expression's own nodes: not those of queries in it."""
    yield node
    for each in _children(node):
        if not isinstance(each, _BARRIERS):
            yield from _within(each)


def _numbers(node: ast.Node) -> Iterator[int]:
    for each in _everything(node):
        if isinstance(each, ast.ParamRef):
            yield each.number or LITERAL
        elif isinstance(each, ast.A_Const) and each.isnull:
            yield NULL
        elif isinstance(each, ast.A_Const) and isinstance(each.val, ast.String):
            yield LITERAL


def _columns(node: ast.Node) -> Iterator[tuple[str, ...]]:
    for each in _everything(node):
        if isinstance(each, ast.ColumnRef):
            fields = cast("tuple[Any, ...]", each.fields or ())
            yield tuple(str(one.sval) if isinstance(one, ast.String) else "*" for one in fields)


def _everything(node: ast.Node) -> Iterator[ast.Node]:
    yield node
    for each in _children(node):
        yield from _everything(each)
