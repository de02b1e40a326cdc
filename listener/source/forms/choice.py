"""One text or another: `a if condition else b`, `a or b`, `(name := a)`."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, either
from .form import Form, Reading


def _conditional(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.IfExp):
        return None
    texts = [reading.text(node.body), reading.text(node.orelse)]
    if all(each is None for each in texts):
        return None
    return either([reading.part(node.body), reading.part(node.orelse)], reading.hole(node))


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
