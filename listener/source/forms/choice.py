"""One text or another: `a if condition else b`, `a or b`, `(name := a)`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..guards import engines
from ..sqltext import Alternatives, either, of_engine
from .form import Form, Reading


def _conditional(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.IfExp):
        return None
    sides = engines(node.test)
    return _any_of((node.body, node.orelse), node, reading, (sides.body, sides.otherwise))


def _first(node: ast.expr, reading: Reading) -> Alternatives | None:
    return _any_of(node.values, node, reading) if isinstance(node, ast.BoolOp) else None


def _any_of(
    nodes: Sequence[ast.expr], whole: ast.expr, reading: Reading, of_engines: Sequence[str | None] = ()
) -> Alternatives | None:
    """One of them, each for its engine; None where none is a text. Each is read once: they may hold the like again."""
    texts = [reading.text(each) for each in nodes]
    if all(each is None for each in texts):
        return None
    known = [((reading.hole(one),),) if text is None else text for one, text in zip(nodes, texts, strict=True)]
    if of_engines:
        known = [of_engine(text, engine) for text, engine in zip(known, of_engines, strict=True)]
    return either(known, reading.hole(whole))


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
