"""Texts over all files: what a name of one file comes to that another one, or a class, gives."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .facts import Function, Module
from .filling import completed
from .forms.file import FILE
from .forms.name import LOCAL
from .lists import ITEM, hole_kind
from .lookup import DEEPEST, Lookup, class_of
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
    sensible,
)

_MOST_STEPS: Final = 400
"""References that one text is followed through; what recurs branches without end."""
_KEY: Final = re.compile(r"\['([\w-]+)'\]$")


class Namespace(Lookup):
    """The modules of a tree, and its `.sql` files by their paths."""

    def __init__(self, modules: Iterable[Module], files: Mapping[str, str]) -> None:
        super().__init__(modules)
        self._steps = 0
        self._came_to: dict[tuple[Reference, str, str], Alternatives] = {}
        self._files = files
        self._classes: defaultdict[str, list[tuple[Module, str]]] = defaultdict(list)
        for module in self._modules.values():
            for name in module.bases:
                self._classes[name.rpartition(".")[2].lower()].append((module, name))
        self._sql_by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in files:
            self._sql_by_name[path.rpartition("/")[2]].append(path)

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

    def _followed(self, piece: Reference, module: Module, owner: str, depth: int) -> Alternatives:
        said = piece.name.removeprefix(LOCAL) + ("()" if piece.called else "")
        hole = Hole(HoleKind.UNKNOWN, said, piece.line, piece.column)
        key = piece, module.path, owner
        if (known := self._came_to.get(key)) is not None:
            return known
        self._steps += 1
        if depth > DEEPEST or self._steps > _MOST_STEPS:
            return ((hole,),)
        found = self._come_to(piece, module, owner, depth, hole)
        if self._steps <= _MOST_STEPS:
            self._came_to[key] = found
        return found

    def _come_to(self, piece: Reference, module: Module, owner: str, depth: int, hole: Hole) -> Alternatives:
        if piece.name.startswith(FILE):
            name = piece.name.removeprefix(FILE)
            path = self.file(name, module.path)
            return ((Written(self._files[path], 1, 0, exact=True, file=path),),) if path is not None else ((hole,),)
        if piece.called:
            return self._returned(piece, module, owner, depth, hole)
        found = self._named(piece.name, module, owner)
        if found is None:
            return self._unnamed(piece, module, owner, depth, hole)
        target, key, texts = found
        of_class = key.rpartition(".")[0]
        made = target.functions.get(f"{of_class}.__init__") if of_class else None
        several = [
            self.resolved(filled, target, of_class, depth + 1)
            for text in texts
            if text != (piece,)
            for filled in _made_by_default(text, made, hole)
        ]
        return sensible(either(several, hole)) if several else ((hole,),)

    def _named(self, name: str, module: Module, owner: str) -> tuple[Module, str, Alternatives] | None:
        if name.startswith(LOCAL):
            return next(self._alike(name.removeprefix(LOCAL)), None)
        return next(self._constants(name, module, owner), None) or next(self._alike(name), None)

    def _unnamed(self, piece: Reference, module: Module, owner: str, depth: int, hole: Hole) -> Alternatives:
        """What a name leads to that is no constant's: a property, a part of what one returns, a section of a file."""
        made = self._made(piece.name, module, owner, depth, hole)
        if made is not None:
            return made
        receiver, _, name = piece.name.rpartition(".")
        if any(function.returns for _, function in self.functions(receiver, name, module, owner)):
            return self._returned(piece, module, owner, depth, hole)
        return self._section(piece.name, module) or ((hole,),)

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
        if owner in module.bases:
            here = {**self._fields(returns, here, module, owner, depth), **here}
        several: list[Alternatives] = []
        for text in returns:
            for inner in self.resolved(text, target, function.qualified, depth + 1):
                parts = [_given(each, here, hole) if isinstance(each, Parameter) else ((each,),) for each in inner]
                several.append(concatenated(parts, hole))
        return sensible(either(several, hole)) if several else ((hole,),)

    def _fields(
        self,
        texts: Alternatives,
        given: Mapping[str, Alternatives | None],
        module: Module,
        owner: str,
        depth: int,
    ) -> dict[str, Alternatives]:
        """What a class has for what a function is not given that makes one of its defaults."""
        names = {piece.name for text in texts for piece in text if isinstance(piece, Parameter)} - given.keys()
        return {each: self.resolved((Reference(f"self.{each}", 0, 0),), module, owner, depth + 1) for each in names}

    def _made(self, name: str, module: Module, owner: str, depth: int, hole: Hole) -> Alternatives | None:
        """What an attribute is of the object that a property returns: what the constructor there is given for it."""
        path, _, attribute = name.rpartition(".")
        receiver, _, made_by = path.rpartition(".")
        if not receiver:
            return None
        found: list[Alternatives] = []
        for target, function in self.functions(receiver, made_by, module, owner):
            for text in function.returns or ():
                match text:
                    case (Reference(called=True, given=given),):
                        texts = dict(given).get(attribute) or ((hole,),)
                    case (Reference(name=other) as reference,):
                        texts = ((reference._replace(name=f"{other}.{attribute}"),),)
                    case _:
                        texts = ((hole,),)
                found += [self.resolved(each, target, function.qualified, depth + 1) for each in texts]
        return either(found, hole) if found else None

    def _alike(self, name: str) -> Iterator[tuple[Module, str, Alternatives]]:
        """The attribute of the only class that is called as the object is: `chancy.prefix` of Chancy."""
        path, _, attribute = name.rpartition(".")
        called = path.rpartition(".")[2].replace("_", "").lower()
        fitting = self._classes.get(called, ()) if called else ()
        if len(fitting) == 1:
            for module, key, texts in self._attribute(*fitting[0], attribute):
                yield module, key, assumed(texts) or texts

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
            yield from self._attribute(module, class_of(owner, module), rest)
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
        if depth <= DEEPEST:
            for base in module.bases.get(owner, ()):
                for target, named in self._class(base, module):
                    yield from self._attribute(target, named, name, depth + 1)


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
