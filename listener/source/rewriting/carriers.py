"""Under which names other files can get at a literal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from .syntax import Syntax

_QUERY: Final = re.compile(r"^--+\s*name\s*:\s*(\w+)", re.MULTILINE)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def of_sql_file(path: str, text: str) -> set[str]:
    """The names of a file of SQL, and of the queries in it."""
    name = PurePosixPath(path)
    return {name.name, name.stem, *_QUERY.findall(text)}


def of_literal(syntax: Syntax, place: int, calls: set[ast.Call]) -> set[str]:
    """The names of the file that hold the literal at the place, or hand it on: constants, attributes, functions that
    return it. `calls` are those that send it: what only goes there has none."""
    found: set[str] = set()
    waiting: list[ast.AST] = [
        node
        for node in ast.walk(syntax.tree)
        if isinstance(node, ast.Constant) and (span := syntax.span(node))[0] <= place < span[1]
    ]
    seen: set[ast.AST] = set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for name, local in _taking(syntax, node, calls):
            if not local:
                found.add(name)
            waiting += _uses(syntax, name, node if local else None)
    return found


def _taking(  # noqa: PLR0912 - one case per kind of statement
    syntax: Syntax, node: ast.AST, calls: set[ast.Call]
) -> Iterator[tuple[str, bool]]:
    """Names that get what the node is, and whether each is a function's own."""
    statement = syntax.statement(node)
    for each in syntax.above(node):
        if each in calls:
            return
        if isinstance(each, ast.NamedExpr):
            yield each.target.id, _is_local(syntax, each.target)
        if each is statement:
            break
    function = next((each for each in syntax.above(statement) if isinstance(each, _FUNCTIONS)), None)
    match statement:
        case ast.Assign(targets=targets):
            stored: list[ast.expr] = targets
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.For(target=target):
            stored = [target]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, False
            return
        case _:
            hands = isinstance(statement, ast.Return) or any(isinstance(each, ast.Yield) for each in syntax.above(node))
            if hands and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                yield function.name, False
            return
    for target in stored:
        for each in ast.walk(target):
            if isinstance(each, ast.Attribute):
                yield each.attr, False
            elif isinstance(each, ast.Name):
                yield each.id, _is_local(syntax, each)


def _is_local(syntax: Syntax, name: ast.Name) -> bool:
    return isinstance(syntax.scope(name, name.id), _FUNCTIONS)


def _uses(syntax: Syntax, name: str, local: ast.AST | None) -> Iterator[ast.AST]:
    """Where the name is read; that of a function only there and in what is within."""
    scope = syntax.scope(local, name) if local is not None else None
    for each in ast.walk(syntax.tree):
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load):
            if scope is None or syntax.scope(each, name) is scope:
                yield each
        elif local is None and isinstance(each, ast.Attribute) and each.attr == name and isinstance(each.ctx, ast.Load):
            yield each
