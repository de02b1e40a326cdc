"""Expressions at one place of a file: the texts that they may come to, and whose objects they are."""

from __future__ import annotations

import ast

from . import forms
from .drivers import PREPARED, driver_of
from .forms.form import called, dotted
from .guards import CATALOG
from .lists import Listed
from .place import Lines
from .proofs import proof
from .scope import Scope
from .sequences import sequence
from .sqltext import Alternatives, Hole, HoleKind, Parameter, Piece, Text, Written
from .walking import calls_in


class Expressions:
    """Reads expressions by what names hold in `scope`; forms ask it (forms.form.Reading), and so do calls.

    `imports` lead from local names to dotted ones, `attributes` from `Class.name` to the driver whose object it holds,
    `lists` from names of the module and its classes to what they hold item by item.
    """

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.lines = Lines(source)
        self.scope: Scope = Scope()
        self.imports: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        self.lists: dict[str, Listed] = {}

    def text(self, node: ast.expr) -> Alternatives | None:
        """The texts that an expression may come to; None where it is none."""
        return forms.read(node, self)

    def part(self, node: ast.expr, kind: HoleKind = HoleKind.UNKNOWN) -> Alternatives:
        """As `text`; a hole for what is none."""
        found = forms.read(node, self)
        return found if found is not None else ((self.hole(node, kind),),)

    def proved(self, node: ast.expr) -> str | None:
        """The Python type that the expression is proved to have."""
        found = proof(node, self.scope.proofs)
        return None if found is None else found.type

    def hole(self, node: ast.expr, kind: HoleKind = HoleKind.UNKNOWN) -> Hole:
        """A hole for an expression."""
        return Hole(kind, self.said(node), node.lineno, self.column(node))

    def literal(self, node: ast.Constant, value: str) -> Piece:
        """The characters of a literal with their place."""
        line, column = node.lineno, self.column(node)
        engine = self.scope.guard.engine if self.scope.guard is not None else None
        return self._written(value, line, column, engine)

    def literals(self, node: ast.Constant, value: str) -> Text:
        """The same, of literals one after the other each: Python makes one constant of them."""
        whole = self.literal(node, value)
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        if not isinstance(whole, Written) or whole.exact or end - node.col_offset == len(value) + 2:
            return (whole,)
        places = self.lines.literals((node.lineno, self.column(node)), (end_line, self.lines.column(end_line, end)))
        values = [str(ast.literal_eval(said)) for _, _, said in places] if len(places) > 1 else []
        if "".join(values) != value:
            return (whole,)
        return tuple(
            self._written(each, line, column, whole.engine)._replace(adjacent=True)
            for (line, column, _), each in zip(places, values, strict=True)
            if each
        )

    def _written(self, value: str, line: int, column: int, engine: str | None) -> Written:
        if "\\" not in value and (content := self.lines.content(line, column, value)) is not None:
            return Written(value, *content, exact=True, file=self.path, engine=engine)
        return Written(value, line, column, file=self.path, engine=engine)

    def column(self, node: ast.expr) -> int:
        """Where the expression begins on its line, in characters."""
        return self.lines.column(node.lineno, node.col_offset)

    def said(self, node: ast.expr) -> str:
        """The expression as it stands there."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.lines.between(node.lineno, self.column(node), end_line, self.lines.column(end_line, end))

    def bound(self, name: str) -> Alternatives | None:
        """What a local name or a parameter holds; None where it is not local."""
        found = self.scope.texts.get(name)
        if found is not None:
            return found
        if name in self.scope.parameters and name not in self.scope.local:
            return ((Parameter(name, 0, 0),),)
        return None

    def is_local(self, name: str) -> bool:
        """Whether the function itself gives the name something."""
        return name in self.scope.local or name in self.scope.parameters

    def typed(self, name: str) -> str:
        """The dotted name with the class of its first part in the place of that, where it is known."""
        root, dot, rest = name.partition(".")
        return f"{self.scope.classes[root]}.{rest}" if dot and root in self.scope.classes else name

    def listed(self, node: ast.expr) -> Listed | None:
        """What the expression gives item by item."""
        return sequence(node, self)

    def list_elsewhere(self, name: str) -> Listed | None:
        """What a name of the module, or `Class.attribute`, holds item by item."""
        return self.lists.get(name)

    def driver(self, receiver: str) -> str | None:
        """Whose object the receiver is known to be."""
        found = self.scope.drivers.get(receiver)
        if found is None and receiver.startswith(("self.", "cls.")) and self.scope.of_class:
            found = self.attributes.get(f"{self.scope.of_class}.{receiver.partition('.')[2]}")
        if found is None and receiver:
            root, dot, rest = receiver.partition(".")
            if root in self.imports and root not in self.scope.local:
                return driver_of(self.imports[root] + dot + rest)
        return found

    def driver_made(self, value: ast.expr) -> str | None:
        """Whose object the value is: by the function that makes it, or by the object that it comes from."""
        while isinstance(value, ast.Await | ast.Call | ast.Subscript):
            if isinstance(value, ast.Call) and called(value) == "prepare":
                return PREPARED
            value = value.func if isinstance(value, ast.Call) else value.value
        name = dotted(value)
        while name:
            if (found := self.driver(name)) is not None:
                return found
            if name in self.imports and "." not in name:
                return driver_of(self.imports[name])
            name = name.rpartition(".")[0]
        if isinstance(value, ast.Attribute):
            return self.driver_made(value.value)
        return None

    def driver_named(self, annotation: ast.expr) -> str | None:
        """Whose object an annotation says that something is."""
        for node in ast.walk(annotation):
            name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value
            if name is None:
                continue
            root, dot, rest = name.partition(".")
            if (found := driver_of(self.imports.get(root, root) + dot + rest)) is not None:
                return found
        return None

    def asks_catalog(self, value: ast.expr) -> bool:
        """Whether the value comes from a query of the catalog."""
        for call in calls_in(value):
            for argument in call.args[:1]:
                for text in self.text(argument) or ():
                    if any(isinstance(piece, Written) and CATALOG.search(piece.text) for piece in text):
                        return True
        return False
