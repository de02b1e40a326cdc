"""`"…".format(…)`, and psycopg's `SQL("…").format(…)`, whose arguments are composed themselves."""

from __future__ import annotations

import ast
from itertools import takewhile

from ..filling import formatted
from ..sqltext import Alternatives, Filling, HoleKind, each_filled, templates
from .form import Form, Reading, called


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    texts, hole = reading.text(node.func.value), reading.hole(node)
    if (template := templates(texts)) is not None:
        return ((template._replace(filling=_all_given(node, reading)),),)
    return each_filled(texts, lambda text: formatted(text, lambda key: _value(node, key, reading), hole))


def _all_given(node: ast.Call, reading: Reading) -> Filling:
    """All that it is given, for a template that is not known here."""
    plain = takewhile(lambda each: not isinstance(each, ast.Starred), node.args)
    given: list[tuple[int | str, Alternatives]] = [
        (place, _given(node, each, reading)) for place, each in enumerate(plain)
    ]
    given += [(each.arg, _given(node, each.value, reading)) for each in node.keywords if each.arg is not None]
    return Filling(True, tuple(given), reading.hole(node))


def _value(node: ast.Call, field: int | str, reading: Reading) -> Alternatives:
    if isinstance(field, int):
        given = node.args[field] if field < len(node.args) else None
        if given is None or any(isinstance(each, ast.Starred) for each in node.args[: field + 1]):
            return ((reading.hole(node),),)
        return _given(node, given, reading)
    for keyword in node.keywords:
        if keyword.arg == field:
            return _given(node, keyword.value, reading)
    return ((reading.hole(node),),)


def _given(node: ast.Call, given: ast.expr, reading: Reading) -> Alternatives:
    """What is put in; psycopg makes a literal of all that is not composed."""
    if _is_composed(node.func) and (isinstance(given, ast.Constant) or reading.proved(given) is not None):
        return ((reading.hole(given, HoleKind.VALUE),),)
    return reading.part(given)


def _is_composed(function: ast.expr) -> bool:
    of = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(of, ast.Call) and called(of) == "SQL"


FORM = Form(ast.Call, _read, frozenset({"format"}))
