"""`a + b`, and `sql % values` with what is written between."""

from __future__ import annotations

import ast
import re

from ..place import after
from ..sqltext import Alternatives, Piece, Text, Written, concatenated, each_filled
from .form import Form, Reading

_CONVERSION = re.compile(r"%(?:\((?P<name>[^)]*)\))?[#0\- +]*[\d*]*(?:\.\d+)?(?P<kind>[a-zA-Z%])")


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            before, behind = reading.text(left), reading.text(right)
            if before is None and behind is None:
                return None
            hole = reading.hole(node)
            return concatenated([before or ((reading.hole(left),),), behind or ((reading.hole(right),),)], hole)
        case ast.BinOp(op=ast.Mod(), left=left, right=right):
            return each_filled(reading.text(left), lambda text: _filled(text, right, reading))
        case _:
            return None


def _filled(text: Text, right: ast.expr, reading: Reading) -> Alternatives:
    parts: list[Alternatives] = []
    number = 0
    for piece in text:
        if not isinstance(piece, Written):
            parts.append(((piece,),))
            continue
        done = 0
        for match in _CONVERSION.finditer(piece.text):
            parts.append(((_cut(piece, done, match.start()),),))
            done = match.end()
            if match["kind"] == "%":
                parts.append(((Written("%", *after(piece, match.start()), file=piece.file),),))
                continue
            parts.append(_value(right, match["name"], number, reading))
            number += match["name"] is None
        parts.append(((_cut(piece, done, len(piece.text)),),))
    return concatenated(parts, reading.hole(right))


def _cut(piece: Written, start: int, end: int) -> Piece:
    return Written(piece.text[start:end], *after(piece, start), exact=piece.exact, file=piece.file)


def _value(right: ast.expr, name: str | None, number: int, reading: Reading) -> Alternatives:
    match right:
        case ast.Tuple(elts=elements) if name is None:
            return reading.part(elements[number]) if number < len(elements) else ((reading.hole(right),),)
        case ast.Dict(keys=keys, values=values) if name is not None:
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    return reading.part(value)
            return ((reading.hole(right),),)
        case _ if name is None and number == 0:
            return reading.part(right)
        case _:
            return ((reading.hole(right),),)


FORM = Form(ast.BinOp, _read)
