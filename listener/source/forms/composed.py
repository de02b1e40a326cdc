"""psycopg's parts of a composed query: `SQL`, `Identifier`, `Literal`, `Placeholder`, `Composed`."""

from __future__ import annotations

import ast

from ..sqltext import Alternatives, Hole, HoleKind, Parameter, Text, Written, concatenated, quoted
from .form import Form, Reading


def _sql(node: ast.expr, reading: Reading) -> Alternatives | None:
    return reading.text(node.args[0]) if isinstance(node, ast.Call) and len(node.args) == 1 else None


def _identifier(node: ast.expr, reading: Reading) -> Alternatives | None:
    if not isinstance(node, ast.Call) or not node.args:
        return None
    dot: Alternatives = ((Written(".", node.lineno, reading.column(node)),),)
    parts: list[Alternatives] = []
    for number, argument in enumerate(node.args):
        if isinstance(argument, ast.Starred):
            return ((reading.hole(node, HoleKind.IDENTIFIER),),)
        parts += [dot] if number else []
        parts.append(tuple(_quoted(each, argument, reading) for each in reading.part(argument, HoleKind.IDENTIFIER)))
    return concatenated(parts, reading.hole(node, HoleKind.IDENTIFIER))


def _quoted(text: Text, node: ast.expr, reading: Reading) -> Text:
    if (name := quoted(text)) is not None:
        return name
    match text:
        case (Parameter() as parameter,):
            return (parameter._replace(kind=HoleKind.IDENTIFIER),)
        case (Hole() as hole,):
            return (hole._replace(kind=HoleKind.IDENTIFIER),)
        case _:
            quote = Written('"', node.lineno, reading.column(node))
            return (quote, *text, quote)


def _literal(node: ast.expr, reading: Reading) -> Alternatives | None:
    return ((reading.hole(node, HoleKind.VALUE),),)


def _placeholder(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.Call(args=[]):
            said = "%s"
        case ast.Call(args=[ast.Constant(value=str(name))]):
            said = f"%({name})s"
        case _:
            return ((reading.hole(node, HoleKind.VALUE),),)
    return ((Written(said, node.lineno, reading.column(node)),),)


def _composed(node: ast.expr, reading: Reading) -> Alternatives | None:
    match node:
        case ast.Call(args=[ast.List(elts=elements)]):
            return concatenated([reading.part(each) for each in elements], reading.hole(node))
        case _:
            return None


FORMS = (
    Form(ast.Call, _sql, frozenset({"SQL"})),
    Form(ast.Call, _identifier, frozenset({"Identifier"})),
    Form(ast.Call, _literal, frozenset({"Literal"})),
    Form(ast.Call, _placeholder, frozenset({"Placeholder"})),
    Form(ast.Call, _composed, frozenset({"Composed"})),
)
