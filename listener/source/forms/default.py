"""What a setting is where nobody sets it: `os.environ.get("X", "…")`, a dataclass's `field(default=…)`."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, assumed
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
            case ast.keyword(arg="default", value=value):
                return assumed(reading.text(value))
            case ast.keyword(arg="default_factory", value=ast.Lambda(body=body)):
                return assumed(reading.text(body))
            case _:
                pass
    return None


FORMS = (
    Form(ast.Call, _environment, frozenset({"get", "getenv"})),
    Form(ast.Call, _field, frozenset({"field", "Field"})),
)
