"""One file, read once from top to bottom: which texts its names hold at which call, and what it calls with them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .adapters import adapted_by
from .calls import Calls
from .drivers import driver_of
from .facts import Call, Function, Loaded, Module
from .forms.default import of_items
from .forms.form import dotted
from .guards import VERSION, engines, guarded
from .imports import imported
from .lists import Listed, Spread, grown, item
from .loading import loaded_by
from .names import KEEPING, Names
from .scope import Scope
from .sequences import loop_name
from .sqltext import Alternatives, Hole, HoleKind, Parameter, concatenated, either
from .walking import (
    attributes_in,
    calls_in,
    class_made,
    class_named,
    defaults_of,
    expressions,
    is_nothing,
    named_within,
    names_of_comprehensions,
)


def read_module(path: str, name: str, source: str) -> Module:
    """The facts of one file; raises SyntaxError, or ValueError for what is no text."""
    return _Reader(path, name, source).read()


MOST_PARTS: Final = 6
"""Of a tuple that a function returns; longer ones are no texts with their values."""


class _Reader(Names):
    """Follows names through one file. Branches are followed each and joined; a loop is followed once."""

    def __init__(self, path: str, name: str, source: str) -> None:
        super().__init__(path, source)
        self._tree = ast.parse(source)
        self._name = name
        self._functions: dict[str, Function] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._classes: dict[str, str] = {}
        self._loaded: list[Loaded] = []
        self._found: list[Call] = []
        self._drivers: set[str] = set()
        self._returns: list[Alternatives | None] = []
        self._tuples: list[tuple[Alternatives | None, ...]] = []
        self._calls = Calls(self)
        self._own: tuple[ast.AST, set[str]] = self._tree, set()
        self._adapts = "register_" in source or "_type_codec" in source
        self._adapted: set[str] = set()
        self._names_within = ":=" in source
        self._around: ast.AST | None = None
        self._given: dict[int, frozenset[str]] = {}

    def read(self) -> Module:
        self._block(self._tree.body)
        self._joined("")
        return Module(
            self.path,
            self._name,
            self.imports,
            self.constants,
            self._functions,
            self._bases,
            self._classes,
            tuple(self._found),
            tuple(self._loaded),
            frozenset(self._drivers),
            frozenset(self._adapted),
            self.lines.number,
        )

    # Statements.

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for each in statements:
            self._statement(each)

    def _statement(self, node: ast.stmt) -> None:  # noqa: PLR0912 - one case for each kind of statement
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Global() | ast.Nonlocal():
                pass
            case ast.Expr(value=value):
                self._look_into(value)
                self.appended(value)
            case ast.Assign(targets=targets, value=value):
                self._look_into(value)
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                if value is not None:
                    self._look_into(value)
                    self.assign(target, value)
                self.annotate(target, annotation)
            case ast.AugAssign(target=target, op=ast.Add(), value=value):
                self._look_into(value)
                self.extend(target, value)
            case ast.AugAssign(target=target, value=value):
                self._look_into(value)
                self.forget(target)
            case ast.Return(value=value):
                if value is not None:
                    self._look_into(value)
                    self._returns.append(self._returned_text(value))
                    self._tuples.append(self._parts(value))
                self.scope.ended = True
            case ast.Raise() | ast.Continue() | ast.Break():
                self._look_into(*expressions(node))
                self.scope.ended = True
            case ast.If():
                self._if(node)
            case ast.For() | ast.AsyncFor() | ast.While():
                self._loop(node)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match(subject=subject, cases=cases):
                self._look_into(subject)
                self._branches([each.body for each in cases], node.lineno, also_none=True)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case _:
                self._look_into(*expressions(node))

    def _look_into(self, *nodes: ast.expr) -> None:
        """Find the calls in expressions."""
        for node in nodes:
            if self._names_within:
                for each in named_within(node):
                    self.assign(each.target, each.value)
                    self.scope.proofs.pop(each.target.id, None)  # perhaps it did not come to there
            for call in calls_in(node):
                if self._adapts and (adapted := adapted_by(call)) is not None:
                    self._adapted.add(adapted)
                match call.func:
                    case ast.Attribute(value=ast.Name(id=name), attr=method) if (
                        name in self.scope.parameters and method not in KEEPING
                    ):
                        self.scope.changed.add(name)
                    case _:
                        pass
                if (found := self._read(call, node)) is not None:
                    self._found.append(found)
                if (loaded := loaded_by(call, self.imports)) is not None:
                    self._loaded.append(loaded)

    def _read(self, call: ast.Call, within: ast.expr) -> Call | None:
        """The call, without what is known of names that a comprehension around it gives anew."""
        found = self._calls.read(call)
        if found is None:
            return found
        if self._own[0] is not within:
            self._own = within, names_of_comprehensions(within)  # once for all the calls of a large display
        names = self._own[1]
        if not names:
            return found
        outer, self.scope = self.scope, self.scope.fork()
        for name in names:
            self.scope.forget(name)
        found = self._calls.read(call)
        self.scope = outer
        return found

    # Branches.

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]], line: int, *, also_none: bool = False) -> None:
        before = self.scope
        ends: list[Scope] = []
        for body in bodies:
            self.scope = before.fork()
            self._block(body)
            ends.append(self.scope)
        self.scope = before
        before.join([*ends, before.fork()] if also_none else ends, line)

    def _if(self, node: ast.If) -> None:
        self._look_into(node.test)
        before, sides = self.scope, engines(node.test)
        condition = self._condition(node.test)
        then, otherwise = before.fork(), before.fork()
        then.guard = guarded(before.guard, sides.body, condition)
        otherwise.guard = guarded(before.guard, sides.otherwise, condition)
        self.scope = then
        self._block(node.body)
        self.scope = otherwise
        self._block(node.orelse)
        self.scope = before
        guard = before.guard
        before.join([then, otherwise], node.lineno)
        if then.ended and not otherwise.ended:
            guard = guarded(guard, sides.otherwise, condition)
        elif otherwise.ended and not then.ended:
            guard = guarded(guard, sides.body, condition)
        before.guard = guard

    def _condition(self, test: ast.expr) -> str | None:
        """The condition, where it depends on what the catalog has."""
        asked = self.scope.asked
        if asked and any(isinstance(each, ast.Name) and each.id in asked for each in ast.walk(test)):
            return self.said(test)
        said = self.said(test)
        return said if VERSION.search(said) or self.asks_catalog(test) else None

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        over: Listed | None = None
        name: str | None = None
        match node:
            case ast.While(test=test):
                self._look_into(test)
            case ast.For(iter=iterated, target=target) | ast.AsyncFor(iter=iterated, target=target):
                self._look_into(iterated)
                over, name = self.listed(iterated), loop_name(target, iterated)
                self.forget(target)
        before = self.scope
        start = before.fork()
        self.scope = before.fork()
        if name is not None and over:
            self._each_of(name, over, node)
        self._block(node.body)
        end = self.scope
        end.ended = False
        for each, text in end.texts.items():
            if start.texts.get(each) not in (None, text):
                # What is added in a loop may be added any number of times.
                more = Hole(HoleKind.UNKNOWN, f"what the loop in line {node.lineno} adds", node.lineno, 0)
                end.texts[each] = concatenated([start.texts[each], ((more,),)], more)
        for each, listed in end.lists.items():
            if each in start.lists and listed != start.lists[each]:
                start.lists[each] = end.lists[each] = grown(start.lists[each], listed, over)
        self.scope = before
        before.join([start, end], node.lineno)
        before.ended = False
        self._block(node.orelse)

    def _each_of(self, name: str, over: Listed, node: ast.stmt) -> None:
        """Have the name of a loop over a list hold its items, as far as they are known."""
        match over:
            case _ if all(isinstance(each, Spread) for each in over):
                self.scope.texts[name] = (item(),)
            case _ if not any(each is None or isinstance(each, Spread) for each in over):
                known = [each for each in over if each is not None and not isinstance(each, Spread)]
                self.scope.texts[name] = either(known, Hole(HoleKind.UNKNOWN, name, node.lineno, 0))
            case _:
                pass

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for each in node.items:
            self._look_into(each.context_expr)
            if each.optional_vars is not None:
                self.assign(each.optional_vars, each.context_expr)
        self._block(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = self.scope.fork()
        self._block(node.body)
        self._block(node.orelse)
        ends = [self.scope.fork()]
        ends[0].ended = self.scope.ended
        after = self.scope
        for handler in node.handlers:
            self.scope = before.fork()
            if handler.name:
                self.scope.forget(handler.name)
            self._block(handler.body)
            ends.append(self.scope)
        self.scope = after
        after.ended = False
        after.join(ends, node.lineno)
        self._block(node.finalbody)

    # Functions, classes, imports.

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, returns, tuples = self.scope, self._returns, self._tuples
        outer.forget(node.name)
        outer.local.discard(node.name)
        arguments = node.args
        plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        static = any(dotted(each) == "staticmethod" for each in node.decorator_list if isinstance(each, ast.Name))
        method = bool(outer.of_class) and outer.owner == outer.of_class and not static
        names = [each.arg for each in plain]
        rest = arguments.vararg and arguments.vararg.arg
        named = arguments.kwarg and arguments.kwarg.arg
        self._look_into(*node.decorator_list)
        inner = outer.fork() if outer.owner and outer.owner != outer.of_class else Scope()
        for each in self._given_around() if inner.proofs else ():
            inner.proofs.pop(each, None)  # it may be given anew until the function runs
        around, self._around = self._around, node
        inner.ended = False
        inner.of_class = outer.of_class
        inner.guard = outer.guard
        inner.owner = f"{outer.owner}.{node.name}" if outer.owner else node.name
        inner.parameters = frozenset(names[1:] if method else names) | {each for each in (rest, named) if each}
        for each in inner.parameters:
            inner.forget(each)
            inner.local.discard(each)
        self.scope, self._returns, self._tuples = inner, [], []
        for each in plain:
            if each.annotation is not None and each.arg in inner.parameters:
                self.annotate(ast.Name(each.arg), each.annotation)
        self._block(node.body)
        defaults = {
            each.arg: text for each, value in defaults_of(arguments) if (text := self._default(value)) is not None
        }
        texts = [each for each in self._returns if each is not None]
        hole = Hole(HoleKind.UNKNOWN, f"{node.name}()", node.lineno, 0)
        function = Function(
            node.name,
            outer.owner,
            tuple(names[1:] if method else names),
            rest,
            named,
            method,
            either(texts, hole) if texts and len(texts) == len(self._returns) else None,
            defaults,
            self._together(hole),
            frozenset(each.arg for each, value in defaults_of(arguments) if is_nothing(value)),
        )
        self._functions[inner.owner] = function
        if method and (of_class := class_named(node.returns)) is not None:
            self._classes.setdefault(inner.owner, of_class)
        self.scope, self._returns, self._tuples, self._around = outer, returns, tuples, around

    def _returned_text(self, value: ast.expr) -> Alternatives | None:
        """The text, also that of a function which is returned: one that makes a field's default is given the others."""
        if not isinstance(value, ast.Lambda):
            return self.text(value)
        return of_items(self.text(value.body), value.args, lambda key: Parameter(key, 0, 0))

    def _parts(self, value: ast.expr) -> tuple[Alternatives | None, ...]:
        return (
            tuple(map(self.text, value.elts)) if isinstance(value, ast.Tuple) and len(value.elts) <= MOST_PARTS else ()
        )

    def _together(self, hole: Hole) -> tuple[Alternatives | None, ...]:
        """What is returned at each place of tuples; nothing where some returns are none, or of another length."""
        if not self._tuples or len({len(each) for each in self._tuples}) > 1:
            return ()
        places = zip(*self._tuples, strict=True)
        return tuple(
            None if None in texts else either([each for each in texts if each is not None], hole) for texts in places
        )

    def _given_around(self) -> frozenset[str]:
        """The names that the function around assigns to."""
        key = id(self._around)
        if self._around is not None and key not in self._given:
            stored = (each for each in ast.walk(self._around) if isinstance(each, ast.Name))
            self._given[key] = frozenset(each.id for each in stored if isinstance(each.ctx, ast.Store))
        return self._given.get(key, frozenset())

    def _default(self, value: ast.expr) -> Alternatives | None:
        return self.text(value) if isinstance(value, ast.Constant | ast.JoinedStr | ast.Name | ast.Attribute) else None

    def _class(self, node: ast.ClassDef) -> None:
        outer = self.scope
        name = f"{outer.owner}.{node.name}" if outer.owner else node.name
        self._bases[name] = tuple(base for each in node.bases if (base := dotted(each)) is not None)
        self.scope = replace(outer.fork(), owner=name, of_class=name)
        for target, value, annotation in attributes_in(node):
            if (of_class := class_named(annotation) or class_made(value)) is not None:
                self._classes.setdefault(f"{name}.{target}", of_class)
            made = None if value is None else self.driver_made(value)
            if made is None and annotation is not None:
                made = self.driver_named(annotation)
            if made is not None:
                self.attributes.setdefault(f"{name}.{target}", made)
        self._block(node.body)
        self._joined(f"{name}.")
        self.scope = outer

    def _joined(self, prefix: str) -> None:
        """Have what the names of a module or class hold at its end, by all of its branches."""
        for name, text in self.scope.texts.items():
            if f"{prefix}{name}" in self.constants:
                self.constants[f"{prefix}{name}"] = text

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        package = self.path.endswith("__init__.py")
        for local, target, whole in imported(node, self._name, package=package):
            self.imports[local] = target
            if (driver := driver_of(whole)) is not None:
                self._drivers.add(driver)
