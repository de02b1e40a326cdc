"""The Python type that an expression is proved to have, by a literal, a conversion, an annotation or an assignment."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from .facts import Proof
from .forms.form import called, dotted

_CONVERSIONS: Final = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple"})
_MADE_BY: Final = {
    "UUID": "UUID",
    "uuid1": "UUID",
    "uuid4": "UUID",
    "uuid7": "UUID",
    "Decimal": "Decimal",
    "timedelta": "timedelta",
    "datetime": "datetime",
    "date": "date",
    "len": "int",
    "repr": "str",
}
_METHODS: Final = {
    ("datetime", "now"): "datetime",
    ("datetime", "utcnow"): "datetime",
    ("datetime", "fromtimestamp"): "datetime",
    ("datetime", "fromisoformat"): "datetime",
    ("datetime", "strptime"): "datetime",
    ("timezone", "now"): "datetime",
    ("date", "today"): "date",
    ("date", "fromisoformat"): "date",
    ("json", "dumps"): "str",
}
_ANNOTATIONS: Final = {
    **{name: name for name in ("str", "int", "float", "bool", "bytes", "UUID", "Decimal", "date", "datetime")},
    **{"timedelta": "timedelta", "dict": "dict", "list": "list", "Dict": "dict", "List": "list", "EmailStr": "str"},
}
_ANY_VALUES_METHODS: Final = frozenset({"isoformat", "hexdigest"})
_OF_TEXT: Final = frozenset(
    {"strip", "lower", "upper", "lstrip", "rstrip", "format", "join", "title", "replace", "removeprefix"}
)


def proof(  # noqa: PLR0911 - one case for each kind of expression
    node: ast.expr, known: Mapping[str, Proof]
) -> Proof | None:
    """What is proved of the expression's value; `known` is what is proved of local names. `None` proves nothing."""
    match node:
        case ast.Constant(value=value) if value is not None and value is not Ellipsis:
            return Proof(type(value).__name__, "it is a literal")
        case ast.JoinedStr():
            return Proof("str", "it is an f-string")
        case ast.Name(id=name):
            return known.get(name)
        case ast.Dict() | ast.DictComp():
            return Proof("dict", "it is a dict display")
        case ast.List() | ast.ListComp():
            return Proof("list", "it is a list display")
        case ast.Tuple():
            return Proof("tuple", "it is a tuple display")
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return Proof("bool", "it is a comparison") if isinstance(node, ast.UnaryOp) or _plain(node) else None
        case ast.Await(value=ast.Call()):
            return None
        case ast.Call():
            return _of_call(node, known)
        case ast.IfExp(body=body, orelse=orelse):
            one, other = proof(body, known), proof(orelse, known)
            return one if one is not None and other is not None and one.type == other.type else None
        case _:
            return None


def annotated(node: ast.expr | None) -> str | None:  # noqa: PLR0911 - as above
    """The type that an annotation names; with or without None, which every driver takes."""
    match node:
        case ast.Constant(value=str(text)):
            try:
                return annotated(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            names = [each for each in (left, right) if not (isinstance(each, ast.Constant) and each.value is None)]
            return annotated(names[0]) if len(names) == 1 else None
        case ast.Subscript(value=value, slice=inner):
            name = (dotted(value) or "").rpartition(".")[2]
            if name in ("Optional", "Annotated"):
                first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                return annotated(first)
            return _ANNOTATIONS.get(name) if name in ("dict", "list", "Dict", "List") else None
        case ast.Name() | ast.Attribute():
            return _ANNOTATIONS.get((dotted(node) or "").rpartition(".")[2])
        case _:
            return None


def conversion(node: ast.expr) -> tuple[str, ast.expr] | None:
    """The function and what it converts, of `str(x)` and its like."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in ("str", "int", "float", "bool"):
            return name, inner
        case ast.Call(func=ast.Name(id="UUID") | ast.Attribute(attr="UUID"), args=[inner], keywords=[]):
            return "UUID", inner
        case _:
            return None


def _plain(node: ast.expr) -> bool:
    """Whether a comparison is of what has no operators of its own (`column == 1` of an ORM is no bool)."""
    return isinstance(node, ast.Compare) and all(isinstance(each, ast.Is | ast.IsNot | ast.In) for each in node.ops)


def _of_call(node: ast.Call, known: Mapping[str, Proof]) -> Proof | None:
    name = called(node)
    match node.func:
        case ast.Name() if name in _CONVERSIONS:
            return Proof(name, f"`{name}(…)` makes it")
        case _ if name in _MADE_BY:
            return Proof(_MADE_BY[name], f"`{name}(…)` makes it")
        case ast.Attribute(value=value):
            owner = (dotted(value) or "").rpartition(".")[2]
            if (owner, name) in _METHODS:
                return Proof(_METHODS[owner, name], f"`{owner}.{name}(…)` makes it")
            if name in _ANY_VALUES_METHODS:
                return Proof("str", f"`.{name}()` makes it")
            inner = proof(value, known) if name in _OF_TEXT else None
            return inner if inner is not None and inner.type == "str" else None
        case _:
            return None
