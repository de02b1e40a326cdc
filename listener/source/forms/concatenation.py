"""`a + b`, and `sql % values` with what is written between."""

from __future__ import annotations

import ast

from ..filling import interpolated
from ..sqltext import Alternatives, Filling, concatenated, each_filled, templates
from .form import Form, Reading


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            before, behind = reading.text(left), reading.text(right)
            if before is None and behind is None:
                return None
            hole = reading.hole(node)
            return concatenated([before or ((reading.hole(left),),), behind or ((reading.hole(right),),)], hole)
        case ast.BinOp(op=ast.Mod(), left=left, right=right):
            texts, hole = reading.text(left), reading.hole(right)
            if (template := templates(texts)) is not None:
                return ((template._replace(filling=_given(right, reading)),),)
            return each_filled(texts, lambda text: interpolated(text, lambda key: _value(right, key, reading), hole))
        case _:
            return None


def _given(right: ast.expr, reading: Reading) -> Filling:
    """All that it is given, for a template that is not known here."""
    given: list[tuple[int | str, Alternatives]]
    match right:
        case ast.Tuple(elts=elements):
            given = [(place, reading.part(each)) for place, each in enumerate(elements)]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            given = [(str(key.value), reading.part(each)) for key, each in pairs if isinstance(key, ast.Constant)]
        case _:
            given = [(0, reading.part(right))]
    return Filling(False, tuple(given), reading.hole(right))


def _value(right: ast.expr, field: int | str, reading: Reading) -> Alternatives:
    match right:
        case ast.Tuple(elts=elements) if isinstance(field, int):
            return reading.part(elements[field]) if field < len(elements) else ((reading.hole(right),),)
        case ast.Dict(keys=keys, values=values) if isinstance(field, str):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == field:
                    return reading.part(value)
            return ((reading.hole(right),),)
        case _ if field == 0:
            return reading.part(right)
        case _:
            return ((reading.hole(right),),)


FORM = Form(ast.BinOp, _read)
