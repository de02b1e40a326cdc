"""An expression that means the same under everybody's search_path: it runs in the sessions of those who write.

Casts go by types and not by names; functions, types and collations are named with their schema where they are composed.
What is left are operators, which no more than a schema on somebody's path would make others'.
"""

from __future__ import annotations

from typing import Any, cast

import pglast
from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType
from pglast.stream import RawStream
from pglast.visitors import Visitor

from ...errors import PlanRefused

_SELECT = "select "
_SCHEMA = "pg_catalog"
_QUALIFIABLE = (A_Expr_Kind.AEXPR_OP, A_Expr_Kind.AEXPR_OP_ANY, A_Expr_Kind.AEXPR_OP_ALL)
# Nodes with a name, and the field that has it.
_NAMED: tuple[tuple[type[ast.Node], str], ...] = (
    (ast.FuncCall, "funcname"),
    (ast.TypeName, "names"),
    (ast.CollateClause, "collname"),
)


def qualified(expression: str, *, others: bool = False) -> str:
    """The expression with every operator PostgreSQL's own by name; raises PlanRefused where something is left open.

    With `others` it is one that PostgreSQL wrote under our search_path: what has no schema is PostgreSQL's own, what
    has one is left as it is. Its literals hold no backslash, so that they read alike whatever
    `standard_conforming_strings` says.
    """
    (parsed,) = pglast.parse_sql(_SELECT + expression)
    meant = _qualified(parsed.stmt, others=others)
    text: str = RawStream()(cast("ast.Node", meant))
    if "\\" in text or pglast.parse_sql(text)[0].stmt != meant:
        raise PlanRefused(f"An expression that cannot be written for every session: {expression}")
    _Open(expression, others=others)(cast("ast.Node", meant))
    return text.removeprefix(_SELECT.upper())


def _qualified(node: Any, *, others: bool) -> Any:
    """The node with what is below it first: BETWEEN and IN name no operator, and are written out."""
    if isinstance(node, tuple):
        return tuple(_qualified(each, others=others) for each in cast("tuple[Any, ...]", node))
    if not isinstance(node, ast.Node):
        return node
    for name in list(cast("Any", node)):
        setattr(node, name, _qualified(getattr(node, name), others=others))
    for kind, field in _NAMED if others else ():
        if isinstance(node, kind) and len(names := getattr(node, field) or ()) == 1:
            setattr(node, field, _own(names[0].sval))
    return _operator(node, others=others) if isinstance(node, ast.A_Expr) else node


def _operator(node: ast.A_Expr, *, others: bool) -> ast.Node:
    *schema, last = cast("tuple[ast.String, ...]", node.name)
    operator = last.sval or ""
    if others and schema:
        return node
    match node.kind:
        case A_Expr_Kind.AEXPR_BETWEEN:
            low, high = cast("tuple[ast.Node, ast.Node]", node.rexpr)
            both = (_compared(node.lexpr, ">=", low), _compared(node.lexpr, "<=", high))
            return ast.BoolExpr(boolop=BoolExprType.AND_EXPR, args=both)
        case A_Expr_Kind.AEXPR_IN if operator == "=":
            values = cast("tuple[ast.A_Const, ...]", node.rexpr)
            listed = ",".join(f'"{_word(each)}"' for each in values)
            literal = ast.A_Const(isnull=False, val=ast.String(sval=f"{{{listed}}}"))
            return _compared(node.lexpr, "=", literal, A_Expr_Kind.AEXPR_OP_ANY)
        case _:
            node.name = _own(operator)
            return node


def _compared(left: Any, operator: str, right: ast.Node, kind: A_Expr_Kind = A_Expr_Kind.AEXPR_OP) -> ast.A_Expr:
    return ast.A_Expr(kind=kind, name=_own(operator), lexpr=left, rexpr=right)


def _own(operator: str) -> tuple[ast.String, ...]:
    return (ast.String(sval=_SCHEMA), ast.String(sval=operator))


def _word(constant: ast.A_Const) -> str:
    value = cast("Any", constant).val
    return str(value.ival if isinstance(value, ast.Integer) else value.sval)


class _Open(Visitor):
    """Finds what a search_path would decide."""

    def __init__(self, expression: str, *, others: bool) -> None:
        super().__init__()
        self._expression = expression
        self._others = others

    def _see(self, names: object) -> None:
        parts = cast("tuple[ast.String, ...]", names or ())
        if len(parts) < 2 or (parts[0].sval != _SCHEMA and not self._others):
            raise PlanRefused(f"A name without its schema, or of another one, in: {self._expression}")

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: N802 - pglast finds it by this name
        self._see(node.funcname)

    def visit_A_Expr(self, _: object, node: ast.A_Expr) -> None:  # noqa: N802
        if node.kind not in _QUALIFIABLE:
            raise PlanRefused(f"An operator of a kind that cannot be written with its schema in: {self._expression}")
        self._see(node.name)

    def visit_CaseExpr(self, _: object, node: ast.CaseExpr) -> None:  # noqa: N802
        if node.arg is not None:
            raise PlanRefused(f"A CASE that compares by an operator without its schema in: {self._expression}")

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: N802
        self._see(node.names)

    def visit_CollateClause(self, _: object, node: ast.CollateClause) -> None:  # noqa: N802
        self._see(node.collname)
