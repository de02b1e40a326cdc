"""What a setting is where nobody sets it: `os.environ.get("X", "…")`, a dataclass's `field(default=…)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from ..sqltext import Alternatives, Piece, Reference, assumed
from .form import Form, Reading, dotted

_ENVIRONMENT = frozenset({"os.environ.get", "environ.get", "os.getenv", "getenv"})


def _environment(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.Call(func=function, args=[_, default]) if dotted(function) in _ENVIRONMENT:
            return assumed(reading.text(default))
        case _:
            return None


def _field(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        match keyword:
            case ast.keyword(arg="default", value=ast.Constant(value=None) as value):
                return ((reading.hole(value),),)
            case ast.keyword(arg="default", value=value):
                return assumed(reading.text(value))
            case ast.keyword(arg="default_factory", value=ast.Lambda(args=arguments, body=body)):
                return assumed(of_items(reading.text(body), arguments, lambda key: Reference(f"self.{key}", 0, 0)))
            case ast.keyword(arg="default_factory", value=ast.Call() as made):
                return assumed(reading.text(made))
            case _:
                pass
    return None


def of_items(texts: Alternatives | None, arguments: ast.arguments, made: Callable[[str], Piece]) -> Alternatives | None:
    """The texts of a lambda with what is made for each item of its only argument: what else it is given by name."""
    if texts is None or len(arguments.args) != 1:
        return texts
    item = re.compile(re.escape(arguments.args[0].arg) + r"\['(\w+)'\]")
    return tuple(
        tuple(
            made(match[1]) if isinstance(piece, Reference) and (match := item.fullmatch(piece.name)) else piece
            for piece in text
        )
        for text in texts
    )


FORMS = (
    Form(ast.Call, _environment, frozenset({"get", "getenv"})),
    Form(ast.Call, _field, frozenset({"field", "Field"})),
)
