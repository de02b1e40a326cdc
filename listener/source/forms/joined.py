"""`", ".join(…)` of a list that is written out, that a local holds, or that a caller gives."""

from __future__ import annotations

import ast

from ..lists import ITEM, PLACEHOLDERS, hole_kind, joined
from ..sqltext import Alternatives, Hole, HoleKind, Parameter, Text, written
from .form import Form, Reading


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        return None
    separators = reading.text(node.func.value)
    if separators is None or len(separators) != 1:
        return None
    (separator,) = separators
    (given,) = node.args
    listed = reading.listed(given)
    if listed is not None and None not in listed:
        return joined(separator, listed, reading.hole(node))
    return ((reading.hole(node),),) if listed is not None else _of_unknown(given, separator, node, reading)


def _of_unknown(given: ast.expr, separator: Text, node: ast.Call, reading: Reading) -> Alternatives:
    match given:
        case ast.Name(id=name):
            return _of_name(name, separator, node, reading)
        case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element):
            return ((_each(element, node, reading),),)
        case ast.BinOp(op=ast.Mult(), left=ast.List(elts=[ast.Constant(value=str(element))])):
            kind = HoleKind.VALUE if element.strip().startswith(PLACEHOLDERS) else HoleKind.UNKNOWN
            return ((reading.hole(node, kind),),)
        case _:
            return ((reading.hole(node),),)


def _of_name(name: str, separator: Text, node: ast.Call, reading: Reading) -> Alternatives:
    between = written(separator)
    match reading.bound(name):
        case ((Parameter() as parameter,),) if between is not None and parameter.name != ITEM:
            return ((parameter._replace(separator=between),),)
        case _:
            return ((reading.hole(node),),)


def _each(element: ast.expr, node: ast.Call, reading: Reading) -> Hole:
    """A hole for what is made of each item; placeholders are values."""
    texts = reading.text(element)
    return reading.hole(node, hole_kind(texts[0]) if texts is not None and len(texts) == 1 else HoleKind.UNKNOWN)


FORM = Form(ast.Call, _read, frozenset({"join"}))
