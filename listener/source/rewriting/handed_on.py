"""Where a literal of names alone goes: into statements only, or to something else that means the same text."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from ..extracted import Site
from .syntax import Syntax

_NAMES: Final = re.compile(r'\s*[\w$"]+(?:\s*\.\s*[\w$"]+)*(?:\s*,\s*[\w$"]+(?:\s*\.\s*[\w$"]+)*)*\s*,?\s*')
_KEEPING: Final = frozenset({"join", "format", "map", "list", "tuple", "set", "sorted", "SQL", "Identifier", "keys"})
"""What makes a text, or another list, of the names that it is given."""
_HARMLESS: Final = frozenset({"len", "values"})
_DISPLAYS: Final = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.keyword)
_TEXTS: Final = (ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.IfExp)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.GeneratorExp)

Mentions = Callable[[str], Collection[Site]]
"""Where other files of the tree have the word."""


def is_names(text: str) -> bool:
    """Whether the text is one name or several, and so may be of use to what knows no SQL."""
    return _NAMES.fullmatch(text) is not None


class HandedOn:
    """The ways of values in one file. `calls` are those of the statements that are made of the literal."""

    def __init__(self, syntax: Syntax, calls: Collection[Site], mentions: Mentions) -> None:
        self._syntax, self._calls, self._mentions = syntax, calls, mentions
        self._followed: set[tuple[ast.AST, str]] = set()

    def elsewhere(self, offset: int) -> tuple[Site, ...]:
        """The places where the literal at that offset is, or may be, of use to something else than the statements."""
        found = [
            each
            for each in ast.walk(self._syntax.tree)
            if isinstance(each, ast.Constant | ast.JoinedStr) and _spans(self._syntax, each, offset)
        ]
        if not found:
            return (Site(self._syntax.file.path, self._syntax.file.line(offset), 0),)
        return tuple(sorted(set(self._way(max(found, key=lambda each: self._syntax.span(each)[1])))))

    def _way(self, node: ast.AST) -> Iterator[Site]:
        here: ast.AST | None = node
        while here is not None:
            parent = self._syntax.parents[here]
            match parent:
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    yield from self._bound(parent, name)
                    return
                case ast.comprehension(iter=source, target=ast.Name(id=name)) if source is here:
                    yield from self._loads(self._syntax.parents[parent], name)
                    return
                case ast.Call() | ast.Attribute():
                    step = self._through(parent, here)
                    if isinstance(step, Site):
                        yield step
                        return
                    here = step
                case _ if isinstance(parent, (*_DISPLAYS, *_TEXTS, *_COMPREHENSIONS)):
                    here = parent
                case _:
                    yield self._site(here)
                    return

    def _through(self, parent: ast.Call | ast.Attribute, here: ast.AST) -> ast.AST | Site | None:
        """What goes on from there; None where the way ends well, the place where it does not."""
        if isinstance(parent, ast.Attribute):
            call, name = self._syntax.parents[parent], parent.attr
            known = isinstance(call, ast.Call) and call.func is parent
        else:
            if self._is_statement(parent):
                return None
            call, name = parent, _called(parent)
            known = here is not parent.func
        if not known or name not in _KEEPING | _HARMLESS:
            return self._site(here)
        return None if name in _HARMLESS else call

    def _bound(self, statement: ast.AST, name: str) -> Iterator[Site]:
        scope = next(
            each
            for each in self._syntax.above(statement)
            if isinstance(each, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )
        if isinstance(scope, ast.ClassDef) or self._syntax.looks_around:
            yield self._site(statement)
            return
        scope = self._syntax.tree if self._is_global(scope, name) else scope
        if isinstance(scope, ast.Module):
            yield from self._mentions(name)
        yield from self._loads(scope, name)

    def _loads(self, scope: ast.AST, name: str) -> Iterator[Site]:
        if (scope, name) in self._followed:
            return
        self._followed.add((scope, name))
        loads = [each for each in ast.walk(scope) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]
        for each in loads:
            if each.id == name and self._syntax.scope(each, name) is scope:
                yield from self._way(each)

    def _is_global(self, scope: ast.AST, name: str) -> bool:
        return any(
            isinstance(each.node, ast.Global | ast.Nonlocal) for each in self._syntax.bindings(scope).get(name, ())
        )

    def _is_statement(self, call: ast.Call) -> bool:
        return Site(self._syntax.file.path, *self._syntax.line(call)) in self._calls

    def _site(self, node: ast.AST) -> Site:
        there = node if isinstance(node, ast.expr | ast.stmt) else self._syntax.statement(node)
        return Site(self._syntax.file.path, *self._syntax.line(there))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _spans(syntax: Syntax, node: ast.expr, offset: int) -> bool:
    start, end = syntax.span(node)
    return start <= offset < end
