"""A string literal; adjacent ones are one to Python's parser."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives
from .form import Form, Reading


def _read(node: ast.expr, reading: Reading) -> Alternatives | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (reading.literals(node, node.value),)
    return None


FORM = Form(ast.Constant, _read)
