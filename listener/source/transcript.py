"""Facts as JSON and back: data alone, so that whoever wrote it can make nothing run; what does not fit is refused.

How is taken from the annotations of the classes: a class is the list of its fields, one of several begins with its
number among them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from .facts import Reading

Turn = Callable[[Any], Any]
_PLAIN: Final = (str, int, bool, NoneType)


def transcribe(reading: Reading) -> bytes:
    """One line; raises RecursionError for what is nested too deeply."""
    return json.dumps(_writer(Reading)(reading), separators=(",", ":")).encode()


def recall(line: bytes) -> Reading:
    """What was transcribed; raises ValueError for anything else."""
    try:
        return cast("Reading", _reader(Reading)(json.loads(line)))
    except (TypeError, AttributeError, LookupError, RecursionError) as error:
        raise ValueError(f"no facts: {error}") from error


@cache
def _writer(kind: Any) -> Turn:  # noqa: PLR0911 - one for each sort of annotation
    """Values of that annotation to what JSON has."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _same
    if origin in (Union, UnionType):
        return _chosen_writer(arguments)
    if origin is dict:
        of_value = _deferred(_writer, arguments[1])
        return lambda value: {key: of_value(each) for key, each in value.items()}
    if origin is frozenset:
        return sorted
    if origin is tuple and arguments[-1] is ...:
        of_item = _deferred(_writer, arguments[0])
        return lambda value: [of_item(each) for each in value]
    if origin is tuple:
        items = [_deferred(_writer, each) for each in arguments]
        return lambda value: [write(each) for write, each in zip(items, value, strict=True)]
    if issubclass(kind, Enum):
        return lambda value: value.value
    names = _fields(kind)
    writers = [_deferred(_writer, each) for each in names.values()]
    return lambda value: [write(getattr(value, name)) for name, write in zip(names, writers, strict=True)]


@cache
def _reader(kind: Any) -> Turn:  # noqa: PLR0911 - one for each sort of annotation
    """What JSON has to values of that annotation."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _checked(kind)
    if origin in (Union, UnionType):
        return _chosen_reader(arguments)
    if origin is dict:
        of_value = _deferred(_reader, arguments[1])
        return lambda value: {key: of_value(each) for key, each in value.items()}
    if origin is frozenset:
        of_member = _deferred(_reader, arguments[0])
        return lambda value: frozenset(of_member(each) for each in _listed(value))
    if origin is tuple and arguments[-1] is ...:
        of_item = _deferred(_reader, arguments[0])
        return lambda value: tuple([of_item(each) for each in _listed(value)])
    if origin is tuple:
        return _of_fields([_deferred(_reader, each) for each in arguments], tuple)
    if issubclass(kind, Enum):
        return kind
    return _of_fields([_deferred(_reader, each) for each in _fields(kind).values()], lambda given: kind(*given))


def _of_fields(turns: Sequence[Turn], made: Turn) -> Turn:
    return lambda value: made([turn(each) for turn, each in zip(turns, _listed(value), strict=True)])


def _chosen_writer(kinds: Sequence[Any]) -> Turn:
    plain = tuple(each for each in kinds if each in _PLAIN)
    numbers = {_class(each): (number, _deferred(_writer, each)) for number, each in enumerate(kinds)}
    classes = [each for each in kinds if each not in _PLAIN]

    def write(value: Any) -> Any:
        if isinstance(value, plain):
            return value
        number, turn = numbers[type(value)]
        return turn(value) if len(classes) == 1 else [number, turn(value)]

    return write


def _chosen_reader(kinds: Sequence[Any]) -> Turn:
    plain = {each for each in kinds if each in _PLAIN}
    classes = [each for each in kinds if each not in _PLAIN]
    turns = {number: _deferred(_reader, each) for number, each in enumerate(kinds) if each not in _PLAIN}

    def read(value: Any) -> Any:
        if type(value) in plain:
            return value
        if len(classes) == 1:
            return next(iter(turns.values()))(value)
        number, given = _listed(value)
        return turns[number](given)

    return read


def _class(kind: Any) -> Any:
    return get_origin(kind) or kind


def _fields(kind: Any) -> dict[str, Any]:
    """The annotation of each field, in the order in which the class takes them."""
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind)] if is_dataclass(kind) else kind._fields
    return {name: hints[name] for name in names}


def _deferred(of: Callable[[Any], Turn], kind: Any) -> Turn:
    """The turn for that annotation, looked for when first needed: classes may hold themselves."""
    known: list[Turn] = []

    def turn(value: Any) -> Any:
        if not known:
            known.append(of(kind))
        return known[0](value)

    return turn


def _checked(kind: Any) -> Turn:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"{type(value).__name__} in the place of {kind.__name__}")
        return value

    return same


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{type(value).__name__} in the place of a list")  # noqa: TRY004 - of what is read
    return cast("list[Any]", value)


def _same(value: Any) -> Any:
    return value
