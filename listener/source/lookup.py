"""Dotted names over all files: which module, class or function one of them leads to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from .facts import Function, Module

DEEPEST: Final = 12
"""Bases and references that are followed one after the other."""


class Lookup:
    """The modules of a tree. Names are `missing` that no module was found for."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.name: module for module in modules}
        self._known: dict[str, Module | None] = {}
        self.missing: set[str] = set()
        self._by_tail: defaultdict[str, list[Module]] = defaultdict(list)
        for module in self._modules.values():
            self._by_tail[module.name.rpartition(".")[2]].append(module)

    def module(self, dotted: str) -> Module | None:
        """The module of that name; a tree need not begin where the imports do."""
        if dotted not in self._known:
            self._known[dotted] = self._modules.get(dotted) or self._elsewhere(dotted)
        return self._known[dotted]

    def _elsewhere(self, dotted: str) -> Module | None:
        """The only module whose name ends as the dotted one, or that as it."""
        tail = dotted.rpartition(".")[2]
        fitting = [
            each
            for each in self._by_tail.get(tail, ())
            if dotted.endswith("." + each.name) or each.name.endswith("." + dotted)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def functions(self, receiver: str, name: str, module: Module, owner: str) -> Iterator[tuple[Module, Function]]:
        """The functions that a call in that module may mean: exactly one where the name leads there."""
        if not receiver:
            place = owner
            while True:
                qualified = f"{place}.{name}" if place else name
                if (here := module.functions.get(qualified)) is not None and not here.method:
                    yield module, here
                    return
                if not place:
                    break
                place = place.rpartition(".")[0]
            found = list(self._imported(name, module)) or self._constructor(name, module)
            yield from found
            return
        if receiver == "super()":
            yield from islice(self._inherited(module, class_of(owner, module), name, 0), 1)
            return
        root = receiver.partition(".")[0]
        if root in ("self", "cls") and "." not in receiver:
            yield from islice(self._method(module, class_of(owner, module), name), 1)
            return
        if root in module.imports:
            dotted = f"{receiver}.{name}"
            found = list(self._imported(dotted, module)) or self._constructor(dotted, module)
            yield from found
            if found:
                return
        for target, of_class in self._object(receiver, module, owner):
            yield from islice(self._method(target, of_class, name), 1)
            return

    def is_protocol(self, module: Module, function: Function) -> bool:
        """Whether the function only says what others have."""
        return any(each.rpartition(".")[2] == "Protocol" for each in module.bases.get(function.owner, ()))

    def _constructor(self, name: str, module: Module) -> list[tuple[Module, Function]]:
        """What makes an object of the class of that name, if it is one of the tree."""
        return [made for each in self._class(name, module) for made in islice(self._method(*each, "__init__"), 1)]

    def _object(self, path: str, module: Module, owner: str) -> Iterator[tuple[Module, str]]:
        """The class of what a dotted name holds: of `self`, a class itself, or one of their attributes."""
        root, _, rest = path.partition(".")
        if root in ("self", "cls"):
            here = module, class_of(owner, module)
        else:
            found = next(self._class(path, module), None)
            if found is not None:
                yield found
                return
            here = next(self._class(root, module), None) or (module, "")
        for attribute in rest.split(".") if rest else ():
            named = self._held(*here, attribute)
            if named is None:
                return
            target = next(self._class(named[1], named[0]), None)
            if target is None:
                return
            here = target
        if here[1]:
            yield here

    def _held(self, module: Module, owner: str, attribute: str, depth: int = 0) -> tuple[Module, str] | None:
        """The name of the class that an attribute holds an object of, with the module where it is said."""
        if (found := module.classes.get(f"{owner}.{attribute}")) is not None:
            return module, found
        if depth <= DEEPEST:
            for base in module.bases.get(owner, ()):
                for target, named in self._class(base, module):
                    if (again := self._held(target, named, attribute, depth + 1)) is not None:
                        return again
        return None

    def _imported(self, dotted: str, module: Module) -> Iterator[tuple[Module, Function]]:
        root, dot, rest = dotted.partition(".")
        if root in module.imports:
            dotted = module.imports[root] + dot + rest
        elif module.functions.get(dotted) is not None:
            yield module, module.functions[dotted]
            return
        for target, name in self._splits(dotted):
            if (found := target.functions.get(name)) is not None:
                yield target, found
                return

    def _method(self, module: Module, owner: str, name: str, depth: int = 0) -> Iterator[tuple[Module, Function]]:
        """The method of a class or of one of its bases."""
        if (found := module.functions.get(f"{owner}.{name}")) is not None:
            yield module, found
        yield from self._inherited(module, owner, name, depth)

    def _inherited(self, module: Module, owner: str, name: str, depth: int) -> Iterator[tuple[Module, Function]]:
        if depth > DEEPEST:
            return
        for base in module.bases.get(owner, ()):
            for target, named in self._class(base, module):
                yield from self._method(target, named, name, depth + 1)

    def _class(self, name: str, module: Module) -> Iterator[tuple[Module, str]]:
        if name in module.bases:
            yield module, name
            return
        root, dot, rest = name.partition(".")
        if root in module.imports:
            for target, rest_name in self._splits(module.imports[root] + dot + rest):
                if rest_name in target.bases:
                    yield target, rest_name
                    return

    def _splits(self, dotted: str) -> Iterator[tuple[Module, str]]:
        """The ways to read a dotted name as a module and a name in it; a name that it imports itself is followed."""
        head, rest = dotted, ""
        while "." in head:
            head, _, last = head.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
            if (found := self.module(head)) is not None:
                yield found, rest
                first, dot, more = rest.partition(".")
                again = found.imports.get(first)
                if again is not None and again + dot + more != dotted:
                    yield from self._splits(again + dot + more)
                return
        if "." in dotted:
            self.missing.add(dotted)


def class_of(owner: str, module: Module) -> str:
    """The innermost class that a function stands in."""
    while owner and owner not in module.bases:
        owner = owner.rpartition(".")[0]
    return owner
