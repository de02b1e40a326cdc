"""One text or another: `a if condition else b`, `a or b`, `(name := a)`."""

from __future__ import annotations

import ast

from ..guards import engines
from ..sqltext import Alternatives, either, of_engine
from .form import Form, Reading


def _conditional(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.IfExp):
        return None
    texts = [reading.text(node.body), reading.text(node.orelse)]
    if all(each is None for each in texts):
        return None
    sides = engines(node.test)
    body, orelse = of_engine(reading.part(node.body), sides.body), of_engine(reading.part(node.orelse), sides.otherwise)
    return either([body, orelse], reading.hole(node))


def _first(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.BoolOp) or all(reading.text(each) is None for each in node.values):
        return None
    return either([reading.part(each) for each in node.values], reading.hole(node))


def _named(node: ast.expr, reading: Reading) -> Alternatives | None:
    return reading.text(node.value) if isinstance(node, ast.NamedExpr) else None


def _awaited(node: ast.expr, reading: Reading) -> Alternatives | None:
    return reading.text(node.value) if isinstance(node, ast.Await) else None


FORMS = (
    Form(ast.IfExp, _conditional),
    Form(ast.BoolOp, _first),
    Form(ast.NamedExpr, _named),
    Form(ast.Await, _awaited),
)
