"""What a call hands on: the argument for a parameter, the values for placeholders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from .drivers.driver import Binding, Sink
from .facts import Argument, Call, Function
from .lists import hole_kind, item, joined, mapped
from .sqltext import NOTHING, Alternatives, Hole, HoleKind, Parameter, Piece, Text, Written, quoted

_NO_VALUES: Final = frozenset({"prepare", "binary", "timeout", "execution_options", "translations", "using"})
"""Keywords of drivers' methods that give no values."""


def given(call: Call, position: int, keywords: Collection[str]) -> Argument | None:
    """The argument at that place or under one of those keywords."""
    positional = [each for each in call.arguments if each.key is None]
    if position < len(positional) and not any(each.starred for each in positional[: position + 1]):
        return positional[position]
    return next((each for each in call.arguments if each.key in keywords), None)


def values(call: Call, sql: Argument, sink: Sink) -> tuple[tuple[Argument, ...] | None, bool]:
    """The values in the order of placeholders, or by key; None where they are not known."""
    positional = [each for each in call.arguments if each.key is None]
    if sink.binding is Binding.SPREAD:
        after = positional[positional.index(sql) + 1 :] if sql in positional else positional
        return (tuple(after), False)
    if sink.binding is Binding.TOGETHER:
        after = positional[sink.position + 1 :] if sql in positional else positional[sink.position :]
        given = after[0] if after else next((each for each in call.arguments if each.key in sink.values), None)
        if given is None:
            known = {*sink.keywords, *_NO_VALUES}
            return (None, False) if any(each.key not in known for each in call.arguments if each.key) else ((), False)
        return _within(given)
    return (None, False)


def _within(given: Argument) -> tuple[tuple[Argument, ...] | None, bool]:
    """What a sequence or mapping holds; the argument itself where it is handed through from a caller."""
    if given.items is not None:
        return given.items, given.keyed
    if given.proof is not None and given.proof.type == "None":
        return (), False
    if given.said == "None":
        return (), False
    return ((given._replace(starred=True),), False)


def argument_for(name: str, function: Function, call: Call) -> Argument | None:
    """The argument that a parameter gets at a call."""
    for each in call.arguments:
        if each.key == name:
            return each
    if name in function.parameters:
        positional = [each for each in call.arguments if each.key is None]
        place = function.parameters.index(name)
        if place < len(positional) and not any(each.starred for each in positional[: place + 1]):
            return positional[place]
    return None


def as_part(piece: Parameter, argument: Argument | None) -> Alternatives:
    """What stands in the text for the parameter, given the argument."""
    if argument is None:
        kind = hole_kind(piece.each) if piece.each is not None else piece.kind
        return ((Hole(kind, piece.name, piece.line, piece.column),),)
    hole = Hole(piece.kind, argument.said, argument.line, argument.column)
    if piece.separator is not None:
        return _joined(piece, piece.separator, argument, hole)
    return _identified(piece, argument.text) or ((hole,),)


def _joined(piece: Parameter, separator: str, argument: Argument, hole: Hole) -> Alternatives:
    """The items of the argument, each put into the text that the parameter has for it."""
    each = piece.each if piece.each is not None else item()
    if argument.listed is None:
        match argument.text:
            case ((Parameter() as inner,),) if inner.separator is None:
                return ((piece._replace(name=inner.name),),)
            case _ if argument.said == NOTHING:
                return ((),)
            case _:
                return ((hole._replace(kind=hole_kind(each)),),)
    listed = tuple(_identified(piece, one) if isinstance(one, tuple) else one for one in argument.listed)
    between = Written(separator, argument.line, argument.column)
    found = joined((between,), mapped(listed, each), hole._replace(kind=hole_kind(each)))
    return tuple(_after(between, text) if piece.after else text for text in found)


def _after(between: Written, text: Text) -> Text:
    """The text behind other items; nothing behind them where nothing is given."""
    match text:
        case ():
            return ()
        case (Parameter(separator=str()) as first, *others):
            return (first._replace(after=True), *others)
        case _:
            return (between, *text)


def nothing(piece: Parameter) -> Alternatives:
    """What stands for a parameter whose default is None."""
    return ((Hole(piece.kind, NOTHING, piece.line, piece.column),),)


def _identified(piece: Parameter, texts: Alternatives | None) -> Alternatives | None:
    if texts is None or piece.kind is not HoleKind.IDENTIFIER:
        return texts
    return tuple(quoted(text) or tuple(_marked(each) for each in text) for text in texts)


def _marked(piece: Piece) -> Piece:
    return piece._replace(kind=HoleKind.IDENTIFIER) if isinstance(piece, Hole | Parameter) else piece


def handed_through(
    values: tuple[Argument, ...] | None, function: Function | None, call: Call, *, keyed: bool
) -> tuple[tuple[Argument, ...] | None, bool]:
    """The values of a text as the outer call gives them."""
    if values is None or function is None:
        return None, keyed
    found: list[Argument] = []
    for each in values:
        if each.starred and each.name is not None and each.name == function.rest:
            found += _rest(function, call)
        elif each.name is not None and each.name in function.parameters:
            given = argument_for(each.name, function, call)
            if each.starred:
                if given is None:
                    continue  # its default: no values
                inner, by_key = _within(given)
                if len(values) == 1:
                    return inner, by_key
                found += inner or ()
            elif given is None:
                return None, keyed
            else:
                found.append(given._replace(key=each.key))
        else:
            found.append(each._replace(name=None))
    return tuple(found), keyed


def _rest(function: Function, call: Call) -> list[Argument]:
    positional = [each for each in call.arguments if each.key is None]
    return positional[len(function.parameters) :]
