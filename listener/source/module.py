"""One file, read once from top to bottom: which texts its names hold at which call, and what it calls with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from . import forms
from .calls import Calls
from .drivers import driver_of
from .facts import Call, Function, Guard, Loaded, Module, Proof
from .forms.form import called, dotted
from .guards import CATALOG, engines
from .place import Lines
from .proofs import annotated, proof
from .scope import Scope
from .sqltext import Alternatives, Hole, HoleKind, Parameter, Piece, Reference, Written, concatenated, either

WORTH_READING: Final = re.compile(
    rb"(?i)\b(?:select\s|insert\s+into|update\s+\S+\s+set|delete\s+from|create\s+(?:table|temp|index|view)|merge\s+into"
    rb"|with\s+\S+\s+as\s*\(|truncate\s|alter\s+table)"
    rb"|\.(?:execute|fetch\w*|stream|raw|scalars?|prepare|iterate|mogrify|read_sql\w*)\(|\.sql\b"
)
"""What stands in every file that holds SQL, or hands it on."""
_FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_CLASS: Final = re.compile(r"(?:\w+\.)*_?[A-Z]\w*[a-z]\w*")


def read_module(path: str, name: str, source: str) -> Module:
    """The facts of one file; raises SyntaxError, or ValueError for what is no text."""
    return _Reader(path, name, source).read()


class _Reader:
    """Follows names through one file. Branches are followed each and joined; a loop is followed once."""

    def __init__(self, path: str, name: str, source: str) -> None:
        self._tree = ast.parse(source)
        self._lines = Lines(source)
        self._path, self._name = path, name
        self._imports: dict[str, str] = {}
        self._constants: dict[str, Alternatives] = {}
        self._functions: dict[str, Function] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._classes: dict[str, str] = {}
        self._attributes: dict[str, str] = {}
        self._loaded: list[Loaded] = []
        self._found: list[Call] = []
        self._drivers: set[str] = set()
        self._scope = Scope()
        self._returns: list[Alternatives | None] = []
        self._calls = Calls(self)

    def read(self) -> Module:
        self._block(self._tree.body)
        return Module(
            self._path,
            self._name,
            self._imports,
            self._constants,
            self._functions,
            self._bases,
            self._classes,
            tuple(self._found),
            tuple(self._loaded),
            frozenset(self._drivers),
            self._lines.number,
        )

    # What forms ask (forms.form.Reading).

    def text(self, node: ast.expr) -> Alternatives | None:
        return forms.read(node, self)

    def part(self, node: ast.expr, kind: HoleKind = HoleKind.UNKNOWN) -> Alternatives:
        found = forms.read(node, self)
        return found if found is not None else ((self.hole(node, kind),),)

    def hole(self, node: ast.expr, kind: HoleKind = HoleKind.UNKNOWN) -> Hole:
        return Hole(kind, self.said(node), node.lineno, self.column(node))

    def literal(self, node: ast.Constant, value: str) -> Piece:
        line, column = node.lineno, self.column(node)
        if "\\" not in value and (content := self._lines.content(line, column, value)) is not None:
            return Written(value, *content, exact=True, file=self._path)
        return Written(value, line, column, file=self._path)

    def column(self, node: ast.expr) -> int:
        return self._lines.column(node.lineno, node.col_offset)

    def said(self, node: ast.expr) -> str:
        """The expression as it stands there."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._lines.between(node.lineno, self.column(node), end_line, self._lines.column(end_line, end))

    def bound(self, name: str) -> Alternatives | None:
        found = self._scope.texts.get(name)
        if found is not None:
            return found
        if name in self._scope.parameters and name not in self._scope.local:
            return ((Parameter(name, 0, 0),),)
        return None

    def is_local(self, name: str) -> bool:
        return name in self._scope.local or name in self._scope.parameters

    def typed(self, name: str) -> str:
        root, dot, rest = name.partition(".")
        return f"{self._scope.classes[root]}.{rest}" if dot and root in self._scope.classes else name

    def listed(self, name: str) -> tuple[Alternatives | None, ...] | None:
        return self._scope.lists.get(name)

    # What calls ask.

    @property
    def scope(self) -> Scope:
        """The names at the place that is being read."""
        return self._scope

    def driver(self, receiver: str) -> str | None:
        """Whose object the receiver is known to be."""
        found = self._scope.drivers.get(receiver)
        if found is None and receiver.startswith(("self.", "cls.")) and self._scope.of_class:
            found = self._attributes.get(f"{self._scope.of_class}.{receiver.partition('.')[2]}")
        if found is None and receiver:
            root, dot, rest = receiver.partition(".")
            if root in self._imports and root not in self._scope.local:
                return driver_of(self._imports[root] + dot + rest)
        return found

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
                self._appended(value)
            case ast.Assign(targets=targets, value=value):
                self._look_into(value)
                for target in targets:
                    self._assign(target, value)
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                if value is not None:
                    self._look_into(value)
                    self._assign(target, value)
                self._annotate(target, annotation)
            case ast.AugAssign(target=target, op=ast.Add(), value=value):
                self._look_into(value)
                self._extend(target, value)
            case ast.Return(value=value):
                if value is not None:
                    self._look_into(value)
                    self._returns.append(self.text(value))
                self._scope.ended = True
            case ast.Raise() | ast.Continue() | ast.Break():
                self._look_into(*_expressions(node))
                self._scope.ended = True
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
                self._look_into(*_expressions(node))

    def _look_into(self, *nodes: ast.expr) -> None:
        """Find the calls in expressions."""
        for node in nodes:
            for call in _calls_in(node):
                if (found := self._calls.read(call)) is not None:
                    self._found.append(found)
                elif called(call) in ("from_path", "from_str", "module") and (root := dotted(call.func)) is not None:
                    self._load(call, root)
            if isinstance(node, ast.NamedExpr):
                self._assign(node.target, node.value)

    def _load(self, call: ast.Call, root: str) -> None:
        library = self._imports.get(root.partition(".")[0], "").partition(".")[0]
        if library not in ("aiosql", "pugsql") or not call.args:
            return
        match call.args:
            case [ast.Constant(value=str(pattern)), ast.Constant(value=str(driver)), *_]:
                self._loaded.append(Loaded(pattern, library, call.lineno, driver))
            case [ast.Constant(value=str(pattern)), *_]:
                self._loaded.append(Loaded(pattern, library, call.lineno))
            case [_, ast.Constant(value=str(driver)), *_]:
                self._loaded.append(Loaded("", library, call.lineno, driver))
            case _:
                self._loaded.append(Loaded("", library, call.lineno))

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self._bind(name, value)
            case ast.Attribute() if (name := dotted(target)) is not None and name.startswith(("self.", "cls.")):
                self._bind(name, value)
                if self._scope.of_class and (driver := self._scope.drivers.get(name)) is not None:
                    self._attributes.setdefault(f"{self._scope.of_class}.{name.partition('.')[2]}", driver)
                if self._scope.of_class and (text := self._scope.texts.get(name)) is not None:
                    key = f"{self._scope.of_class}.{name.partition('.')[2]}"
                    known = self._constants.get(key, ())
                    self._constants[key] = either([known, text], self.hole(value))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                values = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(targets) else None
                for number, each in enumerate(targets):
                    if values is None:
                        self._forget(each)
                    else:
                        self._assign(each, values[number])
            case _:
                self._forget(target)

    def _bind(self, name: str, value: ast.expr) -> None:
        scope = self._scope
        text, known = self._text_worth_keeping(value), proof(value, scope.proofs)
        driver, asked = self._driver_made(value), self._asks_catalog(value)
        rewritten = name in scope.parameters and _rewrites(value, name)
        elements = value.elts if isinstance(value, ast.List) else None
        listed = None if elements is None else tuple(self.text(each) for each in elements)
        if not scope.owner or scope.owner == scope.of_class:
            self._constant(name, value, text)
        scope.forget(name)
        if rewritten:
            text = ((Parameter(name, 0, 0, rewritten=True),),)
        for held, found in (
            (scope.texts, text),
            (scope.proofs, known),
            (scope.drivers, driver),
            (scope.lists, listed),
            (scope.classes, _class_made(value)),
        ):
            if found is not None:
                held[name] = found  # pyright: ignore[reportArgumentType]
        if asked:
            scope.asked.add(name)

    def _text_worth_keeping(self, value: ast.expr) -> Alternatives | None:
        """The text of a value, where it is more than a name for what a call returns."""
        text = self.text(value)
        if text is None:
            return None
        lone = all(len(each) == 1 and isinstance(each[0], Reference) and each[0].called for each in text)
        return None if lone and self._driver_made(value) is not None else text

    def _constant(self, name: str, value: ast.expr, text: Alternatives | None) -> None:
        key = f"{self._scope.of_class}.{name}" if self._scope.of_class else name
        if text is not None:
            self._constants[key] = text
        elif isinstance(value, ast.Dict):
            for item, content in zip(value.keys, value.values, strict=True):
                held = self.text(content)
                if isinstance(item, ast.Constant) and isinstance(item.value, str) and held is not None:
                    self._constants[f"{key}[{item.value!r}]"] = held

    def _annotate(self, target: ast.expr, annotation: ast.expr) -> None:
        if (name := dotted(target)) is None:
            return
        if isinstance(target, ast.Name) and (kind := annotated(annotation)) is not None:
            self._scope.proofs[name] = Proof(kind, f"`{name}: {self.said(annotation)}` says so")
        if (driver := self._driver_named(annotation)) is not None:
            self._scope.drivers[name] = driver
        if isinstance(target, ast.Name) and (of_class := _class_named(annotation)) is not None:
            self._scope.classes[name] = of_class

    def _extend(self, target: ast.expr, value: ast.expr) -> None:
        name = dotted(target)
        if name is None:
            return
        before = self.bound(name)
        if before is not None and (isinstance(before[0][0] if before[0] else None, Written) or self.text(value)):
            added = self.part(value)
            # `forget` first: a parameter that is added to is a local from here on.
            self._scope.forget(name)
            self._scope.texts[name] = concatenated([before, added], self.hole(value))
        elif name in self._scope.lists and isinstance(value, ast.List):
            self._scope.lists[name] = (*self._scope.lists[name], *(self.text(each) for each in value.elts))
        else:
            self._scope.forget(name)

    def _appended(self, value: ast.expr) -> None:
        match value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=arguments):
                if name not in self._scope.lists:
                    return
                added = [self.text(each) for each in arguments] if method == "append" else [None]
                self._scope.lists[name] = (*self._scope.lists[name], *added)
            case _:
                return

    def _forget(self, target: ast.expr) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self._scope.forget(node.id)

    # Branches.

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]], line: int, *, also_none: bool = False) -> None:
        before = self._scope
        ends: list[Scope] = []
        for body in bodies:
            self._scope = before.fork()
            self._block(body)
            ends.append(self._scope)
        self._scope = before
        before.join([*ends, before.fork()] if also_none else ends, line)

    def _if(self, node: ast.If) -> None:
        self._look_into(node.test)
        before, sides = self._scope, engines(node.test, self.said)
        condition = self._condition(node.test)
        then, otherwise = before.fork(), before.fork()
        then.guard = _guarded(before.guard, sides.body, condition)
        otherwise.guard = _guarded(before.guard, sides.otherwise, condition)
        self._scope = then
        self._block(node.body)
        self._scope = otherwise
        self._block(node.orelse)
        self._scope = before
        guard = before.guard
        before.join([then, otherwise], node.lineno)
        if then.ended and not otherwise.ended:
            guard = _guarded(guard, sides.otherwise, condition)
        elif otherwise.ended and not then.ended:
            guard = _guarded(guard, sides.body, condition)
        before.guard = guard

    def _condition(self, test: ast.expr) -> str | None:
        """The condition, where it depends on what the catalog has."""
        names = {each.id for each in ast.walk(test) if isinstance(each, ast.Name)}
        if names & self._scope.asked or self._asks_catalog(test):
            return self.said(test)
        return None

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        match node:
            case ast.While(test=test):
                self._look_into(test)
            case ast.For(iter=iterated, target=target) | ast.AsyncFor(iter=iterated, target=target):
                self._look_into(iterated)
                self._forget(target)
        before = self._scope
        start = before.fork()
        self._scope = before.fork()
        self._block(node.body)
        end = self._scope
        end.ended = False
        for name, text in end.texts.items():
            if start.texts.get(name) not in (None, text):
                # What is added in a loop may be added any number of times.
                grown = Hole(HoleKind.UNKNOWN, f"what the loop in line {node.lineno} adds", node.lineno, 0)
                end.texts[name] = concatenated([start.texts[name], ((grown,),)], grown)
        for name, listed in end.lists.items():
            if name in start.lists and listed != start.lists[name]:
                end.lists[name] = (*start.lists[name], None)
        self._scope = before
        before.join([start, end], node.lineno)
        before.ended = False
        self._block(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._look_into(item.context_expr)
            if item.optional_vars is not None:
                self._assign(item.optional_vars, item.context_expr)
        self._block(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before = self._scope.fork()
        self._block(node.body)
        self._block(node.orelse)
        ends = [self._scope.fork()]
        ends[0].ended = self._scope.ended
        after = self._scope
        for handler in node.handlers:
            self._scope = before.fork()
            if handler.name:
                self._scope.forget(handler.name)
            self._block(handler.body)
            ends.append(self._scope)
        self._scope = after
        after.ended = False
        after.join(ends, node.lineno)
        self._block(node.finalbody)

    # Functions, classes, imports.

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, returns = self._scope, self._returns
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
        inner.ended = False
        inner.of_class = outer.of_class
        inner.guard = outer.guard
        inner.owner = f"{outer.owner}.{node.name}" if outer.owner else node.name
        inner.parameters = frozenset(names[1:] if method else names) | {each for each in (rest, named) if each}
        for each in inner.parameters:
            inner.forget(each)
            inner.local.discard(each)
        self._scope, self._returns = inner, []
        for each in plain:
            if each.annotation is not None and each.arg in inner.parameters:
                self._annotate(ast.Name(each.arg), each.annotation)
        self._block(node.body)
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
        )
        self._functions[inner.owner] = function
        if method and (of_class := _class_named(node.returns)) is not None:
            self._classes.setdefault(inner.owner, of_class)
        self._scope, self._returns = outer, returns

    def _class(self, node: ast.ClassDef) -> None:
        outer = self._scope
        name = f"{outer.owner}.{node.name}" if outer.owner else node.name
        self._bases[name] = tuple(base for each in node.bases if (base := dotted(each)) is not None)
        self._scope = replace(outer.fork(), owner=name, of_class=name)
        for target, value, annotation in _attributes_in(node):
            if (of_class := _class_named(annotation) or _class_made(value)) is not None:
                self._classes.setdefault(f"{name}.{target}", of_class)
            made = None if value is None else self._driver_made(value)
            if made is None and annotation is not None:
                made = self._driver_named(annotation)
            if made is not None:
                self._attributes.setdefault(f"{name}.{target}", made)
        self._block(node.body)
        self._scope = outer

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                self._imports[each.asname or each.name.partition(".")[0]] = (
                    each.name if each.asname else each.name.partition(".")[0]
                )
                self._saw_import(each.name)
            return
        module = node.module or ""
        if node.level:
            package = self._name.split(".")
            keep = len(package) - node.level + (1 if self._path.endswith("__init__.py") else 0)
            module = ".".join([*package[: max(0, keep)], *([module] if module else [])])
        for each in node.names:
            self._imports[each.asname or each.name] = f"{module}.{each.name}" if module else each.name
            self._saw_import(f"{module}.{each.name}")

    def _saw_import(self, name: str) -> None:
        if (driver := driver_of(name)) is not None:
            self._drivers.add(driver)

    # Drivers and the catalog.

    def _driver_made(self, value: ast.expr) -> str | None:
        """Whose object the value is: by the function that makes it, or by the object that it comes from."""
        while isinstance(value, ast.Await | ast.Call | ast.Subscript):
            value = value.func if isinstance(value, ast.Call) else value.value
        name = dotted(value)
        while name:
            if (found := self.driver(name)) is not None:
                return found
            if name in self._imports and "." not in name:
                return driver_of(self._imports[name])
            name = name.rpartition(".")[0]
        if isinstance(value, ast.Attribute):
            return self._driver_made(value.value)
        return None

    def _driver_named(self, annotation: ast.expr) -> str | None:
        for node in ast.walk(annotation):
            name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value
            if name is None:
                continue
            root, dot, rest = name.partition(".")
            if (found := driver_of(self._imports.get(root, root) + dot + rest)) is not None:
                return found
        return None

    def _asks_catalog(self, value: ast.expr) -> bool:
        for call in _calls_in(value):
            for argument in call.args[:1]:
                for text in self.text(argument) or ():
                    if any(isinstance(piece, Written) and CATALOG.search(piece.text) for piece in text):
                        return True
        return False


def _guarded(outer: Guard | None, engine: str | None, condition: str | None) -> Guard | None:
    if engine is None and condition is None:
        return outer
    if outer is None:
        return Guard(engine, condition)
    return Guard(engine or outer.engine, condition or outer.condition)


def _class_named(annotation: ast.expr | None) -> str | None:
    """The class that an annotation names, if it may be one of the code's own."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        name = annotation.value
    else:
        name = dotted(annotation) if annotation is not None else None
    return name if name is not None and _CLASS.fullmatch(name) else None


def _class_made(value: ast.expr | None) -> str | None:
    name = dotted(value.func) if isinstance(value, ast.Call) else None
    return name if name is not None and _CLASS.fullmatch(name) else None


def _rewrites(value: ast.expr, name: str) -> bool:
    """Whether a parameter's text is made into another one of it."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            given = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            if any(isinstance(each, ast.Name) and each.id == name for each in given):
                return True
    return False


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """Every call in it, outermost first; not those in lambdas, whose names are their own."""
    stack: list[ast.AST] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.Call):
            yield each
        elif isinstance(each, ast.Lambda | ast.Constant | ast.Name):
            continue
        for field in each._fields:
            value = getattr(each, field, None)
            if isinstance(value, list):
                stack += [item for item in value if isinstance(item, ast.AST)]  # pyright: ignore[reportUnknownVariableType]
            elif isinstance(value, ast.AST):
                stack.append(value)


def _expressions(node: ast.AST) -> Iterable[ast.expr]:
    return (each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))


def _attributes_in(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """What the class or its methods assign to attributes: name, value, annotation."""
    stack: list[ast.AST] = list(node.body)
    while stack:
        each = stack.pop()
        match each:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                yield name, value, None
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name)):
                yield name, each.value, each.annotation
            case ast.AnnAssign(target=ast.Name(id=name)) if each in node.body:
                yield name, each.value, each.annotation
            case ast.stmt() | ast.ExceptHandler() | ast.withitem():
                stack += [child for child in ast.iter_child_nodes(each) if not isinstance(child, ast.expr)]
            case _:
                pass
