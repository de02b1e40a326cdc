"""Calls that leave a statement what it is: `text(…)`, `dedent(…)`, `.strip()`, `.bindparams(…)`; and `.replace(…)`."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, Text, Written
from .form import Form, Reading

_FUNCTIONS = frozenset({"text", "dedent", "cleandoc", "RawSQL", "TextClause", "str", "cast", "Composable"})
_METHODS = frozenset(
    {
        *("strip", "lstrip", "rstrip", "encode", "decode", "bindparams", "columns", "execution_options"),
        *("as_string", "as_bytes", "expandtabs"),
    }
)


def _function(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call) or not node.args:
        return None
    return reading.text(node.args[-1] if isinstance(node.func, ast.Name) and node.func.id == "cast" else node.args[0])


def _method(node: ast.expr, reading: Reading) -> Alternatives | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        texts = reading.text(node.func.value)
        return _bound(texts) if node.func.attr == "bindparams" and texts is not None else texts
    return None


def _bound(texts: Alternatives) -> Alternatives:
    return tuple(
        tuple(piece._replace(bound=True) if isinstance(piece, Written) else piece for piece in text) for text in texts
    )


def _replace(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.Call(func=ast.Attribute(value=value), args=[ast.Constant(value=str(old)), new, *_]):
            texts = reading.text(value)
        case _:
            return None
    if texts is None or not any(isinstance(piece, Written) for text in texts for piece in text):
        return None
    if not isinstance(new, ast.Constant) or not isinstance(new.value, str):
        return tuple(_with_hole(text, old, new, reading) for text in texts)
    return tuple(_replaced(text, old, new.value) for text in texts)


def _replaced(text: Text, old: str, new: str) -> Text:
    return tuple(
        piece._replace(text=piece.text.replace(old, new), exact=False)
        if isinstance(piece, Written) and old in piece.text
        else piece
        for piece in text
    )


def _with_hole(text: Text, old: str, new: ast.expr, reading: Reading) -> Text:
    """The text with a hole wherever the old one stood."""
    if old and not any(isinstance(piece, Written) and old in piece.text for piece in text):
        return text
    (inserted, *others) = reading.part(new)
    if others or not old:
        return (reading.hole(new),)
    found: list[Text] = []
    for piece in text:
        if not isinstance(piece, Written):
            found.append((piece,))
            continue
        for number, part in enumerate(piece.text.split(old)):
            found.append(inserted if number else ())
            found.append((piece._replace(text=part, exact=False),))
    return tuple(piece for each in found for piece in each)


FORMS = (
    Form(ast.Call, _function, _FUNCTIONS),
    Form(ast.Call, _method, _METHODS),
    Form(ast.Call, _replace, frozenset({"replace"})),
)
