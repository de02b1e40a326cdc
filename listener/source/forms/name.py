"""A name, an attribute, or an item of a mapping under a literal key: what a local holds, what a caller or another scope
gives."""

from __future__ import annotations

import ast
from typing import Final

from ..sqltext import Alternatives, Reference
from .form import Form, Reading, dotted

LOCAL: Final = "local:"
"""Begins the name of an attribute of a local of which nothing is known but how it is called."""


def _name(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Name):
        return None
    if (bound := reading.bound(node.id)) is not None:
        return bound
    if reading.is_local(node.id):
        return None
    return ((Reference(node.id, node.lineno, reading.column(node)),),)


def _attribute(node: ast.expr, reading: Reading) -> Alternatives | None:
    name = dotted(node)
    if name is None:
        return None
    name = reading.typed(name)
    if reading.is_local(name.partition(".")[0]) and not name.startswith(("self.", "cls.")):
        return ((Reference(LOCAL + name, node.lineno, reading.column(node)),),)
    if (bound := reading.bound(name)) is not None:
        return bound
    return ((Reference(name, node.lineno, reading.column(node)),),)


def _item(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.Subscript(value=ast.Name() | ast.Attribute() as value, slice=ast.Constant(value=str(key))):
            name = dotted(value)
            if name is None or reading.is_local(name.partition(".")[0]):
                return None
            return ((Reference(f"{name}[{key!r}]", node.lineno, reading.column(node)),),)
        case _:
            return None


FORMS = (Form(ast.Name, _name), Form(ast.Attribute, _attribute), Form(ast.Subscript, _item))
