"""What an expression gives item by item: lists, the keys of mappings, comprehensions over them."""

from __future__ import annotations

import ast
from typing import Final, Protocol

from .forms.form import Reading, called
from .lists import Item, Listed, Spread, item, mapped
from .scope import Scope
from .sqltext import Alternatives, Parameter
from .walking import is_nothing

_SAME: Final = frozenset({"list", "tuple", "sorted", "set", "frozenset", "iter", "reversed", "dict"})
_METHODS: Final = frozenset({"keys", "items", "copy"})


class Place(Reading, Protocol):
    """What is known where the expression stands."""

    @property
    def scope(self) -> Scope:
        """The names there."""
        ...

    def list_elsewhere(self, name: str) -> Listed | None:
        """What a name of the module or an attribute of the class holds."""
        ...


def sequence(node: ast.expr, place: Place) -> Listed | None:  # noqa: PLR0911 - one for each kind of expression
    """The texts of its items, or of its keys; None where it is no list as far as one can see."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return _of_all(list(elements), place)
        case ast.Dict(keys=keys, values=values):
            return _of_all(
                [ast.Starred(value) if key is None else key for key, value in zip(keys, values, strict=True)], place
            )
        case ast.Name(id=name):
            return _named(name, place)
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return place.list_elsewhere(f"{place.scope.of_class}.{name}")
        case ast.ListComp(elt=element, generators=[each]) | ast.SetComp(elt=element, generators=[each]):
            return comprehended(element, each, place)
        case ast.GeneratorExp(elt=element, generators=[each]) | ast.DictComp(key=element, generators=[each]):
            return comprehended(element, each, place)
        case ast.BinOp(op=ast.Add() | ast.BitOr(), left=left, right=right):
            before, behind = sequence(left, place), sequence(right, place)
            return None if before is None and behind is None else (*(before or (None,)), *(behind or (None,)))
        case ast.BoolOp(op=ast.Or(), values=[first, *others]) if all(is_nothing(each) for each in others):
            return sequence(first, place)
        case ast.Call():
            return _called(node, place)
        case _:
            return None


def comprehended(element: ast.expr, generator: ast.comprehension, place: Place) -> Listed | None:
    """The items of a comprehension over a list that is known, each put into its element."""
    iterated = sequence(generator.iter, place)
    name = loop_name(generator.target, generator.iter)
    if iterated is None or name is None or generator.ifs:
        return None
    texts = within(name, (item(),), element, place)
    return mapped(iterated, texts[0]) if texts is not None and len(texts) == 1 else None


def within(name: str, given: Alternatives, element: ast.expr, place: Place) -> Alternatives | None:
    """The texts of an expression where the name holds what is given."""
    scope = place.scope
    before, was_local = scope.texts.get(name), name in scope.local
    scope.texts[name] = given
    scope.local.add(name)
    found = place.text(element)
    if before is None:
        del scope.texts[name]
    else:
        scope.texts[name] = before
    if not was_local:
        scope.local.discard(name)
    return found


def loop_name(target: ast.expr, iterated: ast.expr) -> str | None:
    """The name that holds the items; for pairs that of their first half, as far as one can tell."""
    match target:
        case ast.Name(id=name):
            return None if _gives_pairs(iterated) else name
        case ast.Tuple(elts=[_, ast.Name(id=name)]) if (
            isinstance(iterated, ast.Call) and called(iterated) == "enumerate"
        ):
            return name
        case ast.Tuple(elts=[ast.Name(id=name), *_]) if _gives_pairs(iterated):
            return name
        case _:
            return None


def _gives_pairs(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called(node) in ("items", "zip", "enumerate")


def _of_all(elements: list[ast.expr], place: Place) -> Listed:
    found: list[Item] = []
    for each in elements:
        if isinstance(each, ast.Starred):
            found += sequence(each.value, place) or (None,)
        else:
            found.append(place.text(each) or ((place.hole(each),),))
    return tuple(found)


def _named(name: str, place: Place) -> Listed | None:
    scope = place.scope
    if name in scope.lists:
        return scope.lists[name]
    if scope.is_handed_on(name):
        return (Spread(Parameter(name, 0, 0), item()),)
    return None if name in scope.local or name in scope.parameters else place.list_elsewhere(name)


def _called(node: ast.Call, place: Place) -> Listed | None:
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _METHODS:
            return sequence(inner, place)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            found: list[Item] = []
            for each in keywords:
                named = ast.copy_location(ast.Constant(each.arg), each)
                found += [place.text(named)] if each.arg else sequence(each.value, place) or (None,)
            return tuple(found)
        case ast.Call(func=ast.Name(id="zip" | "enumerate"), args=[first, *_]):
            inner = first.value if isinstance(first, ast.Starred) else first
            return sequence(inner, place)
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=keywords) if name in _SAME:
            return sequence(inner, place)
        case _:
            return None


def is_zipped(node: ast.expr) -> bool:
    """Whether it is `zip(*mapping.items())`, of which the first half are the keys."""
    match node:
        case ast.Call(func=ast.Name(id="zip"), args=[ast.Starred(value=inner)]):
            return _gives_pairs(inner)
        case _:
            return False
