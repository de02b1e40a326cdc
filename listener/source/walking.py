"""Parts of a syntax tree: its calls and expressions, the attributes of a class, the classes that code names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from .forms.form import dotted

_CLASS: Final = re.compile(r"(?:\w+\.)*_?[A-Z]\w*[a-z]\w*")


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """Every call in it, outermost first; not those in lambdas, whose names are their own."""
    stack: list[ast.AST] = [node]
    while stack:
        each = stack.pop()
        fields = _FIELDS.get(type(each))
        if fields is None:
            fields = _FIELDS[type(each)] = _fields(type(each))
        if not fields:
            continue
        if type(each) is ast.Call:
            yield each
        for field in fields:
            value = getattr(each, field)
            if type(value) is list:
                stack += value  # pyright: ignore[reportUnknownArgumentType] - syntax trees are not typed so far
            elif value is not None:
                stack.append(value)


_FIELDS: Final[dict[type, tuple[str, ...]]] = {type(None): (), str: (), int: ()}
_NO_PARTS: Final = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "kind", "conversion", "is_async", "type_comment"}
)


def _fields(kind: type) -> tuple[str, ...]:
    """The fields of such a node that hold nodes with calls in them."""
    if kind in (ast.Lambda, ast.Constant, ast.Name) or not issubclass(kind, ast.AST):
        return ()
    return tuple(each for each in kind._fields if each not in _NO_PARTS)


def named_within(node: ast.expr) -> list[ast.NamedExpr]:
    """Every `name := value` in it."""
    return [each for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]


def names_of_comprehensions(node: ast.expr) -> set[str]:
    """The names that comprehensions in it give."""
    targets = [each.target for each in ast.walk(node) if isinstance(each, ast.comprehension)]
    return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}


def expressions(node: ast.AST) -> Iterable[ast.expr]:
    return (each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))


def attributes_in(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
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
            case ast.stmt() | ast.ExceptHandler():
                for field in ("body", "orelse", "handlers", "finalbody"):
                    stack += getattr(each, field, ())
            case _:
                pass


def class_named(annotation: ast.expr | None) -> str | None:
    """The class that an annotation names, if it may be one of the code's own."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        name = annotation.value
    else:
        name = dotted(annotation) if annotation is not None else None
    return name if name is not None and _CLASS.fullmatch(name) else None


def class_made(value: ast.expr | None) -> str | None:
    name = dotted(value.func) if isinstance(value, ast.Call) else None
    return name if name is not None and _CLASS.fullmatch(name) else None


def rewrites(value: ast.expr, name: str) -> bool:
    """Whether a parameter's text is made into another one of it."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            given = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            if any(isinstance(each, ast.Name) and each.id == name for each in given):
                return True
    return False


def is_nothing(value: ast.expr) -> bool:
    """Whether it is None, or empty."""
    match value:
        case ast.Constant(value=None) | ast.Dict(keys=[]) | ast.List(elts=[]) | ast.Tuple(elts=[]):
            return True
        case _:
            return False


def defaults_of(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    """Parameters with their defaults."""
    plain = [*arguments.posonlyargs, *arguments.args]
    yield from zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            yield each, value
