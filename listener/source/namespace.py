"""Names over all files: which constant or function a dotted name of one file leads to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from .facts import Function, Module
from .filling import completed
from .forms.file import FILE
from .lists import ITEM, hole_kind
from .sections import sections
from .sqltext import (
    Alternatives,
    Filling,
    Hole,
    HoleKind,
    Parameter,
    Reference,
    Text,
    Written,
    assumed,
    concatenated,
    each_filled,
    either,
)

_DEEPEST: Final = 12
_MOST_STEPS: Final = 400
"""References that one text is followed through; what recurs branches without end."""
_KEY: Final = re.compile(r"\['([\w-]+)'\]$")


class Namespace:
    """The modules of a tree, and its `.sql` files by their paths. Names are `missing` that no module was found for."""

    def __init__(self, modules: Iterable[Module], files: Mapping[str, str]) -> None:
        self._modules = {module.name: module for module in modules}
        self._known: dict[str, Module | None] = {}
        self._steps = 0
        self.missing: set[str] = set()
        self._files = files
        self._by_tail: defaultdict[str, list[Module]] = defaultdict(list)
        for module in self._modules.values():
            self._by_tail[module.name.rpartition(".")[2]].append(module)
        self._attributes: defaultdict[str, list[tuple[Module, str]]] = defaultdict(list)
        for module in self._modules.values():
            for name in module.constants:
                self._attributes[name.rpartition(".")[2]].append((module, name))
        self._sql_by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in files:
            self._sql_by_name[path.rpartition("/")[2]].append(path)

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

    def resolved(self, text: Text, module: Module, owner: str, depth: int = 0) -> Alternatives:
        """The text with all references followed; what leads nowhere is a hole."""
        if not any(isinstance(piece, Reference) or (isinstance(piece, Parameter) and piece.each) for piece in text):
            return (text,)
        if not depth:
            self._steps = 0
        parts: list[Alternatives] = []
        for piece in text:
            if isinstance(piece, Reference) and piece.filling is not None:
                parts.append(self._filled(piece, piece.filling, module, owner, depth))
            elif isinstance(piece, Reference):
                parts.append(self._followed(piece, module, owner, depth))
            elif isinstance(piece, Parameter) and piece.each:
                several = self.resolved(piece.each, module, owner, depth + 1)
                parts.append(tuple((piece._replace(each=each),) for each in several))
            else:
                parts.append(((piece,),))
        return concatenated(parts, Hole(HoleKind.UNKNOWN, "too many possibilities", _line(text), 0))

    def file(self, name: str, near: str) -> str | None:
        """The path of a `.sql` file that code near there names; None where none or several have it."""
        fitting = [
            path
            for path in self._sql_by_name.get(name.rpartition("/")[2], ())
            if path == name or path.endswith("/" + name.lstrip("./"))
        ]
        if len(fitting) > 1:
            folder = near.rpartition("/")[0]
            nearer = [path for path in fitting if path.startswith(folder)]
            fitting = nearer if nearer else fitting
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
            yield from islice(self._inherited(module, _class_of(owner, module), name, 0), 1)
            return
        root = receiver.partition(".")[0]
        if root in ("self", "cls") and "." not in receiver:
            yield from islice(self._method(module, _class_of(owner, module), name), 1)
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
            here = module, _class_of(owner, module)
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
        if depth <= _DEEPEST:
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
        if depth > _DEEPEST:
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

    def _followed(self, piece: Reference, module: Module, owner: str, depth: int) -> Alternatives:
        hole = Hole(HoleKind.UNKNOWN, piece.name + ("()" if piece.called else ""), piece.line, piece.column)
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            return ((hole,),)
        if piece.name.startswith(FILE):
            name = piece.name.removeprefix(FILE)
            path = self.file(name, module.path)
            return ((Written(self._files[path], 1, 0, exact=True, file=path),),) if path is not None else ((hole,),)
        if piece.called:
            return self._returned(piece, module, owner, depth, hole)
        found = next(self._constants(piece.name, module, owner), None)
        if found is None:
            receiver, _, name = piece.name.rpartition(".")
            if any(function.returns for _, function in self.functions(receiver, name, module, owner)):
                return self._returned(piece, module, owner, depth, hole)  # a property
            return self._section(piece.name, module) or ((hole,),)
        target, key, texts = found
        of_class = key.rpartition(".")[0]
        made = target.functions.get(f"{of_class}.__init__") if of_class else None
        several = [
            self.resolved(filled, target, of_class, depth + 1)
            for text in texts
            if text != (piece,)
            for filled in _made_by_default(text, made, hole)
        ]
        return either(several, hole) if several else ((hole,),)

    def _filled(self, piece: Reference, filling: Filling, module: Module, owner: str, depth: int) -> Alternatives:
        """The templates that the name leads to, filled with what stands here."""
        given = tuple(
            (key, either([self.resolved(text, module, owner, depth + 1) for text in texts], filling.hole))
            for key, texts in filling.given
        )
        found = each_filled(
            self._followed(piece._replace(filling=None), module, owner, depth),
            lambda text: completed(text, filling._replace(given=given)),
        )
        return either([found], filling.hole) if found is not None else ((filling.hole,),)

    def _returned(self, piece: Reference, module: Module, owner: str, depth: int, hole: Hole) -> Alternatives:
        """What a function gives back for these arguments."""
        receiver, _, name = piece.name.rpartition(".")
        target, function = next(self.functions(receiver, name, module, owner), (module, None))
        returns = None if function is None else _returned_at(piece, function)
        if function is None or returns is None:
            return (_rewritten(piece) if piece.place is None else None) or ((hole,),)
        given: dict[str, Alternatives | None] = {}
        for key, texts in piece.given:
            if isinstance(key, int):
                if key < len(function.parameters):
                    given[function.parameters[key]] = texts
            else:
                given[key] = texts
        here = {
            key: None
            if texts is None
            else either([self.resolved(text, module, owner, depth + 1) for text in texts], hole)
            for key, texts in given.items()
        }
        here = {**function.defaults, **here}
        several: list[Alternatives] = []
        for text in returns:
            for inner in self.resolved(text, target, function.qualified, depth + 1):
                parts = [_given(each, here, hole) if isinstance(each, Parameter) else ((each,),) for each in inner]
                several.append(concatenated(parts, hole))
        return either(several, hole) if several else ((hole,),)

    def _section(self, name: str, module: Module) -> Alternatives | None:
        """`queries["get_user"]` of a mapping that is made of a `.sql` file beside: the section of that name."""
        key = _KEY.search(name)
        if key is None:
            return None
        dotted = name[: key.start()]
        root, dot, rest = dotted.partition(".")
        path = module.path
        if root in module.imports:
            target = self.module(module.imports[root]) or next(
                (each for each, _ in self._splits(module.imports[root] + dot + rest)), None
            )
            path = target.path if target is not None else path
        folder = path.rpartition("/")[0]
        found = [
            piece
            for file, text in self._files.items()
            if file.rpartition("/")[0] == folder
            for piece in sections(text, file, key[1])
        ]
        return ((found[0],),) if len(found) == 1 else None

    def _constants(self, name: str, module: Module, owner: str) -> Iterator[tuple[Module, str, Alternatives]]:
        root, _, rest = name.partition(".")
        if root in ("self", "cls") and rest:
            yield from self._attribute(module, _class_of(owner, module), rest)
        if (found := module.constants.get(name)) is not None:
            yield module, name, found
            return
        path, _, last = name.rpartition(".")
        for target, of_class in self._object(path, module, owner) if path else ():
            yield from self._attribute(target, of_class, last)
        bare = root.partition("[")[0]
        if bare in module.imports:
            dotted = module.imports[bare] + name[len(bare) :]
            for target, key in self._splits(dotted):
                if (found := target.constants.get(key)) is not None:
                    yield target, key, found
                    return
                if "." in key:
                    owner_name, _, attribute = key.rpartition(".")
                    yield from self._attribute(target, owner_name, attribute)

    def _attribute(
        self, module: Module, owner: str, name: str, depth: int = 0
    ) -> Iterator[tuple[Module, str, Alternatives]]:
        key = f"{owner}.{name}"
        if (found := module.constants.get(key)) is not None:
            yield module, key, found
            return
        if depth <= _DEEPEST:
            for base in module.bases.get(owner, ()):
                for target, named in self._class(base, module):
                    yield from self._attribute(target, named, name, depth + 1)


def _class_of(owner: str, module: Module) -> str:
    """The innermost class that a function stands in."""
    while owner and owner not in module.bases:
        owner = owner.rpartition(".")[0]
    return owner


def _made_by_default(text: Text, made: Function | None, hole: Hole) -> Alternatives:
    """The text of an attribute with a constructor's defaults for what the constructor is given; else a hole."""
    parts: list[Alternatives] = []
    for piece in text:
        if isinstance(piece, Parameter):
            default = made.defaults.get(piece.name) if made is not None else None
            parts.append(assumed(default) or ((hole,),))
        else:
            parts.append(((piece,),))
    return concatenated(parts, hole)


def _returned_at(piece: Reference, function: Function) -> Alternatives | None:
    if piece.place is None:
        return function.returns
    return function.parts[piece.place] if piece.place < len(function.parts) else None


def _given(piece: Parameter, given: Mapping[str, Alternatives | None], hole: Hole) -> Alternatives:
    texts = given.get(piece.name)
    if piece.name == ITEM:
        return ((piece,),)
    if texts is None or piece.separator is not None:
        kind = piece.kind if piece.each is None else hole_kind(piece.each)
        return ((hole._replace(kind=kind),),)
    return texts


def _rewritten(piece: Reference) -> Alternatives | None:
    """The caller's parameter that an unknown function makes another text of."""
    for _, texts in piece.given:
        match texts:
            case ((Parameter() as parameter,),):
                return ((parameter._replace(rewritten=True),),)
            case _:
                pass
    return None


def _line(text: Text) -> int:
    return text[0].line if text else 0
