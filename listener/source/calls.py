"""Calls that may hand SQL on, with what is known of each of their arguments."""

from __future__ import annotations

import ast
import re
from typing import Final, Protocol

from .drivers import PREPARED, sinks_named
from .facts import Argument, Call, Conversion
from .forms.form import Reading, called, dotted
from .lists import Listed, Spread
from .proofs import conversion, proof
from .scope import Scope
from .sqltext import Alternatives, Hole, Parameter, Reference, Written

# Nobody passes SQL through these; the list saves time and decides nothing.
_NEVER: Final = frozenset(
    {
        *("append", "get", "isinstance", "len", "getattr", "hasattr", "setattr", "startswith", "endswith", "split"),
        *("debug", "info", "warning", "error", "exception", "critical", "log", "warn", "add_argument", "Option"),
        *("join", "format", "strip", "replace", "items", "keys", "values", "pop", "update", "setdefault", "sorted"),
        *("ValueError", "TypeError", "RuntimeError", "KeyError", "NotImplementedError", "print", "range", "zip"),
        *("open", "Path", "TypeVar", "namedtuple", "field", "Field", "Column", "super", "type", "compile", "match"),
        *("HTTPException", "environ", "getenv", "dumps", "loads", "SQL", "Identifier", "Literal", "text", "dedent"),
    }
)
_TELLING: Final = re.compile(r"(?i)sql|quer|stmt|statement|ddl")
_NAMES: Final = re.compile(r'(?:[\w$]+|"(?:[^"]|"")+")(?:\.(?:[\w$]+|"(?:[^"]|"")+"))*')


class Place(Reading, Protocol):
    """What is known where the call stands."""

    path: str

    @property
    def scope(self) -> Scope:
        """The names there."""
        ...

    def driver(self, receiver: str) -> str | None:
        """Whose object the receiver is."""
        ...

    def said(self, node: ast.expr) -> str:
        """The expression as it stands there."""
        ...


class Calls:
    """Reads the calls of one file."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def read(self, node: ast.Call) -> Call | None:
        """The call, if it may hand SQL on."""
        name = called(node)
        if not name or name in _NEVER or not (node.args or node.keywords):
            return None
        receiver = self._receiver(node.func)
        is_sink = name in sinks_named()
        texts = [self._place.text(_inner(each)) for each in node.args]
        texts += [self._place.text(each.value) for each in node.keywords]
        if not is_sink and not any(text is not None and _worth(text) for text in texts):
            return None
        place = self._place
        arguments = [
            self._argument(each, text, None) for each, text in zip(node.args, texts[: len(node.args)], strict=True)
        ]
        arguments += [
            self._argument(each.value, text, each.arg or "**")
            for each, text in zip(node.keywords, texts[len(node.args) :], strict=True)
        ]
        return Call(
            receiver,
            name,
            node.lineno,
            place.column(node),
            tuple(arguments),
            place.scope.owner,
            self._driver(node.func),
            place.scope.guard,
            place.typed(f"{receiver}.")[:-1] if receiver in place.scope.classes else "",
        )

    def _receiver(self, function: ast.expr) -> str:
        if not isinstance(function, ast.Attribute):
            return ""
        return dotted(function.value) or self._place.said(function.value)

    def _driver(self, function: ast.expr) -> str | None:
        if not isinstance(function, ast.Attribute):
            return self._place.driver(function.id) if isinstance(function, ast.Name) else None
        node: ast.expr = function.value
        while True:
            if (name := dotted(node)) is not None:
                while name:
                    if (found := self._place.driver(name)) is not None:
                        return found
                    name = name.rpartition(".")[0]
                return None
            match node:
                case ast.Call() if called(node) == "prepare":
                    return PREPARED
                case ast.Call(func=inner) | ast.Await(value=inner) | ast.Attribute(value=inner):
                    node = inner
                case ast.Subscript(value=inner):
                    node = inner
                case _:
                    return None

    def _argument(self, node: ast.expr, text: Alternatives | None, key: str | None) -> Argument:
        inner, place = _inner(node), self._place
        items: tuple[Argument, ...] | None = None
        keyed = False
        match inner:
            case ast.Tuple(elts=elements) | ast.List(elts=elements) if len(elements) <= 60:
                items = tuple(self._argument(each, place.text(_inner(each)), None) for each in elements)
            case ast.Dict(keys=keys, values=values) if len(values) <= 60:
                keyed = True
                items = tuple(self._argument(value, None, _key(each)) for each, value in zip(keys, values, strict=True))
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                keyed = True
                items = tuple(self._argument(each.value, None, each.arg or "**") for each in keywords)
            case _:
                pass
        proofs = place.scope.proofs
        converted = conversion(inner)
        return Argument(
            place.said(node),
            inner.lineno,
            place.column(inner),
            text,
            proof(inner, proofs),
            inner.id if isinstance(inner, ast.Name) and place.scope.is_handed_on(inner.id) else None,
            key,
            isinstance(node, ast.Starred),
            items,
            keyed,
            converted and Conversion(converted[0], place.said(converted[1]), proof(converted[1], proofs)),
            place.path,
            self._listed(inner),
        )

    def _listed(self, node: ast.expr) -> Listed | None:
        """What it gives item by item, where that is more than what a caller gives."""
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Attribute):
            return None
        listed = self._place.listed(node)
        match listed:
            case (Spread(),) if isinstance(node, ast.Name) and self._place.scope.is_handed_on(node.id):
                return None
            case _:
                return listed


def _inner(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node


def _key(node: ast.expr | None) -> str:
    """The key that is written out; `**` for all that is not."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "**"


def _worth(text: Alternatives) -> bool:
    """Whether it may be SQL, a name of a table or column, or what a caller gives."""
    for each in text:
        for piece in each:
            match piece:
                case Written(text=said) if " " in said.strip() or _NAMES.fullmatch(said):
                    return True
                case Parameter():
                    return True
                case Reference(name=name) if _TELLING.search(name) or name.rpartition(".")[2].isupper():
                    return True
                case Hole() | Written() | Reference():
                    pass
    return False
