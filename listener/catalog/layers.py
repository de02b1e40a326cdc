"""A mapping that changes into a new one at the cost of what changed, not of what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar, cast

Key = TypeVar("Key")
Value = TypeVar("Value")

_GONE: Final = object()
_BELOW: Final = object()
_THIN = 64


class Layers(Mapping[Key, Value]):
    """A dict below and what differs from it above. Once the upper layer is a sixteenth of the lower they are melted."""

    __slots__ = ("_length", "_lower", "_upper")

    def __init__(self, lower: Mapping[Key, Value]) -> None:
        self._lower = lower
        self._upper: dict[Key, Value | object] = {}
        self._length = len(lower)

    def changed(self, gone: Iterable[Key], come: Mapping[Key, Value]) -> Layers[Key, Value]:
        """The same mapping without the keys in `gone` and then with the items of `come`; self stays as it is."""
        fewer = {key for key in gone if key in self}
        more = sum(1 for key in come if key in fewer or key not in self)
        if not fewer and not come:
            return self
        after = Layers[Key, Value](self._lower)
        after._upper = self._upper | dict.fromkeys(fewer, _GONE) | dict(come)
        after._length = self._length - len(fewer) + more
        return after if len(after._upper) <= max(_THIN, len(self._lower) // 16) else Layers(dict(after.items()))

    def __getitem__(self, key: Key) -> Value:
        value = self._upper.get(key, _BELOW)
        if value is _BELOW:
            return self._lower[key]
        if value is _GONE:
            raise KeyError(key)
        return cast("Value", value)

    def __contains__(self, key: object) -> bool:
        value = self._upper.get(cast("Key", key), _BELOW)
        return key in self._lower if value is _BELOW else value is not _GONE

    def __iter__(self) -> Iterator[Key]:
        upper = self._upper
        yield from (key for key in self._lower if key not in upper)
        yield from (key for key, value in upper.items() if value is not _GONE)

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"Layers({dict(self.items())!r})"
