"""`", ".join(…)` of a list that is written out, that a local holds, or that a caller gives."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..sqltext import Alternatives, Hole, HoleKind, Parameter, Text, concatenated, written
from .form import Form, Reading

_PLACEHOLDERS = ("%s", "?", "$", ":")


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:  # noqa: PLR0911 - one for each kind of list
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        return None
    separators = reading.text(node.func.value)
    if separators is None or len(separators) != 1:
        return None
    (separator,) = separators
    (given,) = node.args
    match given:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            if any(isinstance(each, ast.Starred) for each in elements):
                return ((reading.hole(node),),)
            return _joined(separator, [reading.part(each) for each in elements], node, reading)
        case ast.Name(id=name):
            return _of_name(name, separator, node, reading)
        case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element):
            return ((_each(element, node, reading),),)
        case ast.BinOp(op=ast.Mult(), left=ast.List(elts=[ast.Constant(value=str(element))])):
            kind = HoleKind.VALUE if element.strip().startswith(_PLACEHOLDERS) else HoleKind.UNKNOWN
            return ((reading.hole(node, kind),),)
        case _:
            return ((reading.hole(node),),)


def _of_name(name: str, separator: Text, node: ast.Call, reading: Reading) -> Alternatives:
    listed = reading.listed(name)
    if listed is not None:
        if None in listed:
            return ((reading.hole(node),),)
        return _joined(separator, [each for each in listed if each is not None], node, reading)
    between = written(separator)
    match reading.bound(name):
        case ((Parameter() as parameter,),) if between is not None:
            return ((parameter._replace(separator=between),),)
        case _:
            return ((reading.hole(node),),)


def _each(element: ast.expr, node: ast.Call, reading: Reading) -> Hole:
    """A hole for what is made of each item; placeholders are values."""
    texts = reading.text(element)
    first = texts[0][0] if texts and texts[0] else None
    said = getattr(first, "text", "")
    is_placeholder = len(texts or ()) == 1 and isinstance(said, str) and said.strip().startswith(_PLACEHOLDERS)
    return reading.hole(node, HoleKind.VALUE if is_placeholder else HoleKind.UNKNOWN)


def _joined(separator: Text, parts: Sequence[Alternatives], node: ast.Call, reading: Reading) -> Alternatives:
    between: list[Alternatives] = []
    for number, part in enumerate(parts):
        if number:
            between.append((separator,))
        between.append(part)
    return concatenated(between, reading.hole(node))


FORM = Form(ast.Call, _read, frozenset({"join"}))
