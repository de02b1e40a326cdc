"""Who reads a column from rows by its name: `row["old"]`, `row.get("old")`, `row.old`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

_BY_KEY = frozenset({"get", "pop", "getattr", "itemgetter", "attrgetter", "setdefault"})
_OWN = frozenset({"self", "cls"})


def readers(source: str, function: str, names: Collection[str]) -> tuple[tuple[int, str], ...]:
    """The lines in the function (as `Call.function` names it; "" is the module) that read one of the names, with it."""
    body = _body(ast.parse(source), function)
    return tuple(sorted({found for each in body for found in _within(each, names)}))


def _body(tree: ast.Module, function: str) -> list[ast.stmt]:
    body: list[ast.stmt] = tree.body
    for name in filter(None, function.split(".")):
        named = [
            each
            for statement in body
            for each in ast.walk(statement)
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and each.name == name
        ]
        body = [statement for each in named for statement in each.body]
    return body


def _within(node: ast.AST, names: Collection[str]) -> Iterator[tuple[int, str]]:
    for each in ast.walk(node):
        match each:
            case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()) if name in names:
                yield each.lineno, name
            case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called), args=arguments) if called in _BY_KEY:
                for argument in arguments:
                    if isinstance(argument, ast.Constant) and argument.value in names:
                        yield each.lineno, str(argument.value)
            case ast.Attribute(value=value, attr=name, ctx=ast.Load()) if name in names:
                if not (isinstance(value, ast.Name) and value.id in _OWN):
                    yield each.lineno, name
            case _:
                pass
