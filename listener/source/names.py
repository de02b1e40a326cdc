"""What assignments give to names: texts, lists of texts, the types and the owners of values."""

from __future__ import annotations

import ast
from typing import Final, TypeVar

from .expressions import Expressions
from .facts import Proof
from .forms.form import dotted
from .lists import Listed
from .proofs import annotated, proof
from .sequences import is_zipped
from .sqltext import Alternatives, Parameter, Reference, Written, concatenated, either
from .walking import class_made, class_named, rewrites

T = TypeVar("T")
KEEPING: Final = frozenset({"keys", "items", "values", "get", "copy", "index", "count"})
"""Methods that change no list or mapping."""


class Names(Expressions):
    """Follows names of one file. `constants` are the texts of those that functions and other files see."""

    def __init__(self, path: str, source: str) -> None:
        super().__init__(path, source)
        self.constants: dict[str, Alternatives] = {}

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Follow `target = value`."""
        match target:
            case ast.Name(id=name):
                self._bind(name, value)
            case ast.Attribute() if (name := dotted(target)) is not None and name.startswith(("self.", "cls.")):
                self._bind(name, value)
                if self.scope.of_class and (driver := self.scope.drivers.get(name)) is not None:
                    self.attributes.setdefault(f"{self.scope.of_class}.{name.partition('.')[2]}", driver)
                if self.scope.of_class and (text := self.scope.texts.get(name)) is not None:
                    key = f"{self.scope.of_class}.{name.partition('.')[2]}"
                    known = self.constants.get(key, ())
                    self.constants[key] = either([known, text], self.hole(value))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                values = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(targets) else None
                returned = self._returned(value) if values is None else None
                keys = self.listed(value) if is_zipped(value) else None
                for number, each in enumerate(targets):
                    if values is None:
                        self.forget(each)
                        if isinstance(each, ast.Name) and returned is not None:
                            self.scope.texts[each.id] = ((returned._replace(place=number),),)
                        if isinstance(each, ast.Name) and keys is not None and not number:
                            self.scope.lists[each.id] = keys
                    else:
                        self.assign(each, values[number])
            case _:
                self.forget(target)

    def _returned(self, value: ast.expr) -> Reference | None:
        """What a function of the code may return."""
        match self.text(value.value if isinstance(value, ast.Await) else value):
            case ((Reference(called=True) as returned,),):
                return returned
            case _:
                return None

    def _bind(self, name: str, value: ast.expr) -> None:
        scope = self.scope
        text, known = self._text_worth_keeping(value), proof(value, scope.proofs)
        driver, asked = self.driver_made(value), self.asks_catalog(value)
        rewritten = name in scope.parameters and rewrites(value, name)
        listed = None if isinstance(value, ast.Name | ast.Constant | ast.JoinedStr) else self.listed(value)
        if not scope.owner or scope.owner == scope.of_class:
            self._constant(name, value, text)
        scope.forget(name)
        if rewritten:
            text = ((Parameter(name, 0, 0, rewritten=True),),)
        self._hold(scope.texts, name, text)
        self._hold(scope.proofs, name, known)
        self._hold(scope.drivers, name, driver)
        self._hold(scope.lists, name, listed)
        self._hold(scope.classes, name, class_made(value) or (self._class_given(value) if driver is None else None))
        if asked:
            scope.asked.add(name)

    def _class_given(self, value: ast.expr) -> str | None:
        """The way to what a method of an object of the code's own says that it returns."""
        name = dotted(value.func) if isinstance(value, ast.Call) else None
        typed = name and self.typed(name)
        return typed if typed and (typed != name or typed.startswith("self.")) else None

    @staticmethod
    def _hold(held: dict[str, T], name: str, found: T | None) -> None:
        if found is not None:
            held[name] = found

    def _text_worth_keeping(self, value: ast.expr) -> Alternatives | None:
        """The text of a value, where it is more than a name for what a call returns."""
        text = self.text(value)
        if text is None:
            return None
        lone = all(len(each) == 1 and isinstance(each[0], Reference) and each[0].called for each in text)
        return None if lone and self.driver_made(value) is not None else text

    def _constant(self, name: str, value: ast.expr, text: Alternatives | None) -> None:
        key = f"{self.scope.of_class}.{name}" if self.scope.of_class else name
        if isinstance(value, ast.List | ast.Tuple | ast.Set | ast.Dict) and (listed := self.listed(value)):
            self.lists[key] = listed
        if text is not None:
            self.constants[key] = text
        elif isinstance(value, ast.Dict):
            for item, content in zip(value.keys, value.values, strict=True):
                held = self.text(content)
                if isinstance(item, ast.Constant) and isinstance(item.value, str) and held is not None:
                    self.constants[f"{key}[{item.value!r}]"] = held

    def annotate(self, target: ast.expr, annotation: ast.expr) -> None:
        """Follow `target: annotation`."""
        if (name := dotted(target)) is None:
            return
        if isinstance(target, ast.Name) and (kind := annotated(annotation)) is not None:
            self.scope.proofs[name] = Proof(kind, f"`{name}: {self.said(annotation)}` says so")
        if (driver := self.driver_named(annotation)) is not None:
            self.scope.drivers[name] = driver
        if isinstance(target, ast.Name) and (of_class := class_named(annotation)) is not None:
            self.scope.classes[name] = of_class

    def extend(self, target: ast.expr, value: ast.expr) -> None:
        """Follow `target += value`."""
        name = dotted(target)
        if name is None:
            return
        before = self.bound(name)
        if before is not None and (isinstance(before[0][0] if before[0] else None, Written) or self.text(value)):
            added = self.part(value)
            # `forget` first: a parameter that is added to is a local from here on.
            self.scope.forget(name)
            self.scope.texts[name] = concatenated([before, added], self.hole(value))
        elif name in self.scope.lists:
            self.scope.lists[name] = (*self.scope.lists[name], *(self.listed(value) or (None,)))
        else:
            self.scope.forget(name)

    def appended(self, value: ast.expr) -> None:
        """Follow `target.append(value)` and its like."""
        match value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=arguments):
                if (before := self.scope.lists.get(name)) is None or method in KEEPING:
                    return
                added: Listed = (None,)
                match arguments:
                    case [one] if method in ("append", "add"):
                        added = (self.part(one),)
                    case [several] if method in ("extend", "update"):
                        added = self.listed(several) or (None,)
                    case _:
                        pass
                self.scope.lists[name] = (*before, *added)
            case _:
                return

    def forget(self, target: ast.expr) -> None:
        """Follow an assignment of what is not known."""
        if isinstance(target, ast.Name):
            self.scope.forget(target.id)
        elif isinstance(target, ast.Tuple | ast.List | ast.Starred):
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    self.scope.forget(node.id)
        elif isinstance(target, ast.Subscript | ast.Attribute) and isinstance(target.value, ast.Name):
            name = target.value.id
            self.scope.changed.add(name)
            if isinstance(target, ast.Subscript) and (before := self.scope.lists.get(name)) is not None:
                self.scope.lists[name] = (*before, self.text(target.slice))
