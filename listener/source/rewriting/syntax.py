"""A Python file's syntax: where its nodes stand, what is around them, and what binds its names."""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

from .code_file import CodeFile, NotEditable

Place = tuple[int, int]
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SCOPES: Final = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LATER: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)
"""What stands in these runs at another time than what is around them."""


class Binding(NamedTuple):
    """What gives a name something: the node that does, in which statement, and the value where it is that and no
    other."""

    node: ast.AST
    statement: ast.stmt | None
    value: ast.expr | None = None


class Syntax:
    """One file. Offsets are those of `file.text`."""

    def __init__(self, file: CodeFile) -> None:
        """Raises NotEditable where it does not parse."""
        self.file = file
        try:
            self.tree = ast.parse(file.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise NotEditable(f"{file.path} does not parse: {error}.") from error
        self.parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
        self._bound: dict[ast.AST, dict[str, list[Binding]]] = {}

    def span(self, node: ast.expr | ast.stmt | ast.alias | ast.arg | ast.keyword) -> Place:
        """Where the node begins and ends, without parentheses around it."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end)

    def source(self, node: ast.expr) -> str:
        """The node as it is written."""
        start, end = self.span(node)
        return self.file.text[start:end]

    def line(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Line from 1 and column in characters from 0, where the node begins."""
        start = self.span(node)[0]
        return node.lineno, start - self._starts[node.lineno - 1]

    def value_at(self, line: int, column: int) -> ast.expr | None:
        """The expression that begins there and is an argument of a call, or an item of a display."""
        found = [each for each in self._values.get(line, ()) if self.line(each)[1] == column]
        # What is an argument of its own first argument begins elsewhere: there is one, or the display around it.
        return max(found, key=lambda each: self.span(each)[1], default=None)

    def call_at(self, line: int, column: int) -> ast.Call | None:
        """The outermost call that begins there."""
        found = [each for each in self._calls.get(line, ()) if self.line(each)[1] == column]
        return max(found, key=lambda each: self.span(each)[1], default=None)

    def calls_at(self, line: int, column: int) -> list[ast.Call]:
        """Every call that begins there."""
        return [each for each in self._calls.get(line, ()) if self.line(each)[1] == column]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What is around the node, inmost first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that the node is, or stands in."""
        return next(each for each in (node, *self.above(node)) if isinstance(each, ast.stmt))

    def scope(self, node: ast.AST, name: str) -> ast.AST | None:
        """What the name is one of, where the node stands: a function, class, module, lambda or comprehension; None
        where nothing in the file binds it."""
        child = node
        inside_function = False
        for each in self.above(node):
            if isinstance(each, _COMPREHENSIONS):
                if name in self._targets(each):
                    return each
                inside_function = True
            elif isinstance(each, _SCOPES) and self._is_within(each, child):
                # A class's names are not seen from its methods.
                if not (isinstance(each, ast.ClassDef) and inside_function):
                    found = self.bindings(each).get(name)
                    if found and isinstance(found[0].node, ast.Global):
                        return self.tree if self.bindings(self.tree).get(name) else None
                    if found and not isinstance(found[0].node, ast.Nonlocal):
                        return each
                inside_function = inside_function or isinstance(each, LATER)
            child = each
        return None

    def bindings(self, scope: ast.AST) -> dict[str, list[Binding]]:
        """Every binding of the scope's own names, in the order of the file; those by which functions within it bind
        them (`global`, `nonlocal`) are among them, without a value."""
        if scope not in self._bound:
            found: defaultdict[str, list[Binding]] = defaultdict(list)
            if isinstance(scope, _COMPREHENSIONS):
                for name in self._targets(scope):
                    found[name].append(Binding(scope, None))
            else:
                self._collect(scope, found)
            for name, listed in found.items():
                found[name] = sorted(listed, key=lambda each: not isinstance(each.node, ast.Global | ast.Nonlocal))
            self._bound[scope] = dict(found)
        return self._bound[scope]

    def is_builtin(self, node: ast.AST, name: str) -> bool:
        """Whether the name surely means what Python itself calls so."""
        return hasattr(builtins, name) and not self._starred and self.scope(node, name) is None

    def imported(self, node: ast.AST, dotted: str) -> str | None:
        """The dotted name from outside that a dotted name means there; None where it is no import, or one of several
        things."""
        root, dot, rest = dotted.partition(".")
        scope = self.scope(node, root)
        found = self.bindings(scope).get(root, []) if scope is not None else []
        if len(found) != 1 or not isinstance(found[0].node, ast.alias):
            return None
        alias, statement = found[0].node, found[0].statement
        if isinstance(statement, ast.ImportFrom):
            return f"{'.' * statement.level}{statement.module or ''}.{alias.name}{dot}{rest}"
        return (alias.name if alias.asname else root) + dot + rest

    @cached_property
    def looks_around(self) -> bool:
        """Whether the code uses names in ways that do not show them."""
        names = {each.id for each in ast.walk(self.tree) if isinstance(each, ast.Name)}
        return not names.isdisjoint({"locals", "vars", "eval", "exec", "globals"})

    @cached_property
    def _values(self) -> dict[int, list[ast.expr]]:
        found: defaultdict[int, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(self.tree):
            for each in _items(node):
                found[each.lineno].append(each)
        return dict(found)

    @cached_property
    def _calls(self) -> dict[int, list[ast.Call]]:
        found: defaultdict[int, list[ast.Call]] = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                found[node.lineno].append(node)
        return dict(found)

    @cached_property
    def _starred(self) -> bool:
        """Whether names come in that are not said."""
        return any(isinstance(each, ast.alias) and each.name == "*" for each in ast.walk(self.tree))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(each.end() for each in _LINE_END.finditer(self.file.text))]

    def _offset(self, line: int, column: int) -> int:
        """The offset of a column in bytes of UTF-8, as Python's parser counts them."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.file.text)
        text = self.file.text[start:end]
        return start + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def _targets(self, comprehension: ast.AST) -> set[str]:
        targets = [each.target for each in getattr(comprehension, "generators", ())]
        return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}

    @staticmethod
    def _is_within(scope: ast.AST, child: ast.AST) -> bool:
        """Whether what stands there belongs to the scope: decorators, defaults and bases belong around it."""
        match scope:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return child in scope.body
            case ast.Lambda():
                return child is scope.body
            case _:
                return True

    def _collect(self, scope: ast.AST, found: defaultdict[str, list[Binding]]) -> None:
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for each in _arguments(scope.args):
                found[each.arg].append(Binding(each, None))
        body: list[ast.AST] = [scope.body] if isinstance(scope, ast.Lambda) else list(getattr(scope, "body", ()))
        waiting = list(reversed(body))
        while waiting:
            node = waiting.pop()
            for name, binding in self._binding(node):
                found[name].append(binding)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                waiting += reversed(list(_outside(node)))
                self._from_within(node, scope, found)
            elif isinstance(node, _COMPREHENSIONS):
                waiting += [each for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]
                waiting += [each for each in ast.walk(node) if isinstance(each, ast.Lambda)]
            else:
                waiting += reversed(list(ast.iter_child_nodes(node)))

    def _from_within(self, inner: ast.AST, scope: ast.AST, found: defaultdict[str, list[Binding]]) -> None:
        """What functions below declare to be of the scope."""
        for node in ast.walk(inner):
            declares = isinstance(node, ast.Nonlocal) or (isinstance(node, ast.Global) and scope is self.tree)
            if declares and isinstance(node, ast.Nonlocal | ast.Global):
                for name in node.names:
                    found[name].append(Binding(inner, None))

    def _binding(self, node: ast.AST) -> Iterator[tuple[str, Binding]]:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name, Binding(node, self.statement(node), self._given(node))
            case ast.alias(name=whole, asname=local):
                yield local or whole.partition(".")[0], Binding(node, self.statement(node))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, Binding(node, self.statement(node))
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, Binding(node, self.statement(node))
            case ast.MatchMapping(rest=str(name)):
                yield name, Binding(node, self.statement(node))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for name in names:
                    yield name, Binding(node, self.statement(node))
            case _:
                pass

    def _given(self, node: ast.Name) -> ast.expr | None:
        """The value of `name = value` and its like."""
        match self.parents.get(node):
            case ast.Assign(targets=targets, value=value) if node in targets:
                return value
            case ast.NamedExpr(value=value):
                return value
            case ast.AnnAssign(value=value):
                return value
            case _:
                return None


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (each for each in (arguments.vararg, arguments.kwarg) if each is not None)


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """What of a function or class is read where it stands."""
    match node:
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
            yield from node.decorator_list
            yield from (*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None))
        case ast.Lambda(args=arguments):
            yield from (*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None))
        case ast.ClassDef():
            yield from (*node.decorator_list, *node.bases, *node.keywords)
        case _:
            pass


def _items(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(args=arguments, keywords=keywords):
            yield from (each.value if isinstance(each, ast.Starred) else each for each in arguments)
            yield from (each.value for each in keywords)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            yield from elements
        case ast.Dict(values=values):
            yield from values
        case _:
            pass
