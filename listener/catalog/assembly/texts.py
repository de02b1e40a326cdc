"""Texts in which the server says what many objects say alike: each is read once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from ...errors import SnapshotTorn

Part = TypeVar("Part")

_PUNCTUATION = str.maketrans("{},", "   ")


class Vectors(dict[str | None, tuple[int, ...]]):
    """Vectors (`1 2`) and arrays (`{1,2}`) as the server writes them."""

    def __missing__(self, text: str | None) -> tuple[int, ...]:
        vector = tuple(map(int, (text or "").translate(_PUNCTUATION).split()))
        self[text] = vector
        return vector


class Lists(dict[str | None, tuple[str, ...]]):
    """Lists of texts in JSON."""

    def __missing__(self, text: str | None) -> tuple[str, ...]:
        self[text] = texts = tuple(json.loads(text or "[]"))
        return texts


def made(kind: type[Part], *fields: Iterable[Any]) -> Iterator[Part]:
    """NamedTuples of these fields, in order; what their own constructor does, but without a call in Python for each."""
    return map(maker(kind), zip(*fields))  # noqa: B905 - some repeat for ever


def maker(kind: type[Part]) -> Callable[[tuple[Any, ...]], Part]:
    """What makes a NamedTuple of a tuple of all its fields."""
    make: Callable[..., Any] = tuple[Any, ...].__new__
    return partial(make, kind)


def refuse_vanished(role: str) -> None:
    """Raise SnapshotTorn for what pg_get_userbyid says of a role that was dropped since."""
    if role.startswith("unknown (OID="):
        raise SnapshotTorn(f"A role is gone: {role}.")
