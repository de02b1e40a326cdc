"""A `.sql` file that is read by its name: `open("x.sql").read()`, `(FOLDER / "x.sql").read_text()`, `load("x.sql")`."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, Reference
from .form import Form, Reading

FILE = "file:"
_READ = frozenset({"read", "read_text", "read_bytes"})


def _reading(node: ast.expr, reading: Reading) -> Alternatives | None:
    """What a file gives, whether it is named here or a local holds it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    if (name := _named_in(node.func.value)) is not None:
        return ((Reference(FILE + name, node.lineno, reading.column(node)),),)
    texts = reading.text(node.func.value)
    if texts and any(isinstance(piece, Reference) and piece.name.startswith(FILE) for text in texts for piece in text):
        return texts
    return None


def _loading(node: ast.expr, reading: Reading) -> Alternatives | None:
    """Whatever takes the name of such a file in its own arguments and stands where SQL does, reads it."""
    if not isinstance(node, ast.Call):
        return None
    for argument in node.args:
        if (name := _literal(argument)) is not None:
            return ((Reference(FILE + name, node.lineno, reading.column(node)),),)
    return None


def _named_in(node: ast.expr) -> str | None:
    """The last `.sql` name within the expression that makes the path, with the folders before it."""
    match node:
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            name = _literal(right)
            folder = _literal_part(left)
            return name if name is None or folder is None else f"{folder}/{name}"
        case ast.Call(func=function, args=arguments):
            for argument in arguments:
                if (name := _named_in(argument)) is not None:
                    return name
            return _named_in(function.value) if isinstance(function, ast.Attribute) else None
        case _:
            return _literal(node)


def _literal_part(node: ast.expr) -> str | None:
    match node:
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=str(folder))):
            return folder
        case _:
            return None


def _literal(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(name)) if name.endswith(".sql"):
            return name
        case _:
            return None


def _opening(node: ast.expr, reading: Reading) -> Alternatives | None:
    """What `open` is given may be a path that is made of parts."""
    if not isinstance(node, ast.Call) or not node.args or (name := _named_in(node.args[0])) is None:
        return None
    return ((Reference(FILE + name, node.lineno, reading.column(node)),),)


FORMS = (
    Form(ast.Call, _opening, frozenset({"open"})),
    Form(ast.Call, _reading, _READ, order=1),
    Form(ast.Call, _loading, order=8),
)
