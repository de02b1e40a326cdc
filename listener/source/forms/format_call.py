"""`"…".format(…)`, and psycopg's `SQL("…").format(…)`, whose arguments are composed themselves."""

from __future__ import annotations

import ast
from string import Formatter

from ..sqltext import Alternatives, HoleKind, Text, Written, concatenated, each_filled
from .form import Form, Reading, called

_FORMATTER = Formatter()


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    return each_filled(reading.text(node.func.value), lambda text: _filled(text, node, reading))


def _filled(text: Text, node: ast.Call, reading: Reading) -> Alternatives:
    parts: list[Alternatives] = []
    number = 0
    for piece in text:
        if not isinstance(piece, Written):
            parts.append(((piece,),))
            continue
        try:
            fields = list(_FORMATTER.parse(piece.text))
        except ValueError:
            return ((reading.hole(node),),)
        whole = len(fields) == 1 and fields[0][1] is None
        for literal, field, _, _ in fields:
            exact = piece.exact and whole
            parts.append(((Written(literal, piece.line, piece.column, exact=exact, file=piece.file),),))
            if field is None:
                continue
            parts.append(_value(node, field, number, reading))
            number += field == ""
    return concatenated(parts, reading.hole(node))


def _value(node: ast.Call, field: str, number: int, reading: Reading) -> Alternatives:
    if field == "" or field.isdigit():
        place = number if field == "" else int(field)
        given = node.args[place] if place < len(node.args) else None
        if given is None or any(isinstance(each, ast.Starred) for each in node.args[: place + 1]):
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
