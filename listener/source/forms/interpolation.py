"""An f-string."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, concatenated
from .form import Form, Reading


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.JoinedStr):
        return None
    parts: list[Alternatives] = []
    for value in node.values:
        match value:
            case ast.FormattedValue(value=inner):
                parts.append(reading.part(inner))
            case ast.Constant(value=str(text)):
                parts.append(((reading.literal(value, text),),))
            case _:
                parts.append(((reading.hole(value),),))
    return concatenated(parts, reading.hole(node))


FORM = Form(ast.JoinedStr, _read)
