"""What a function of the code returns, where nothing else is known of the call."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, Reference
from .form import Form, Reading, dotted


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call) or (name := dotted(node.func)) is None:
        return None
    if any(isinstance(each, ast.Starred) for each in node.args):
        return ((Reference(name, node.lineno, reading.column(node), called=True),),)
    by_place: list[tuple[int | str, Alternatives | None]] = [
        (place, reading.text(each)) for place, each in enumerate(node.args[:12])
    ]
    by_key = [(each.arg, reading.text(each.value)) for each in node.keywords[:12] if each.arg]
    given = (*by_place, *by_key)
    return ((Reference(reading.typed(name), node.lineno, reading.column(node), True, given),),)


FORM = Form(ast.Call, _read, order=9)
