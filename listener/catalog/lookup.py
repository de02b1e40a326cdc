"""Ways to find a table: made once for all tables, then kept at the cost of what changed."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from .layers import Layers

Key = TypeVar("Key")
Value = TypeVar("Value")


class Known(Protocol):
    """Has an OID."""

    @property
    def oid(self) -> int: ...


Item = TypeVar("Item", bound=Known)


@dataclass(frozen=True, slots=True)
class One(Generic[Item, Key, Value]):
    """Each key leads to one value. `entries` are those that an item gives."""

    entries: Callable[[Item], Iterable[tuple[Key, Value]]]

    def made(self, items: Iterable[Item]) -> Layers[Key, Value]:
        return Layers({key: value for item in items for key, value in self.entries(item)})

    def changed(self, kept: Layers[Key, Value], old: Collection[Item], new: Collection[Item]) -> Layers[Key, Value]:
        come = {key: value for item in new for key, value in self.entries(item)}
        # A name may have passed on to another item that was looked at before this one: then it stays.
        gone = {key for item in old for key, value in self.entries(item) if kept.get(key) == value}
        return kept.changed(gone - come.keys(), come)


@dataclass(frozen=True, slots=True)
class Several(Generic[Item]):
    """Each key leads to the OIDs of all items that have it, ascending. `keys` are those of an item."""

    keys: Callable[[Item], Collection[int]]

    def made(self, items: Iterable[Item]) -> Layers[int, tuple[int, ...]]:
        lists: dict[int, list[int]] = {}
        for item in items:
            for key in self.keys(item):
                lists.setdefault(key, []).append(item.oid)
        return Layers({key: tuple(sorted(oids)) for key, oids in lists.items()})

    def changed(
        self, kept: Layers[int, tuple[int, ...]], old: Collection[Item], new: Collection[Item]
    ) -> Layers[int, tuple[int, ...]]:
        before = {(key, item.oid) for item in old for key in self.keys(item)}
        after = {(key, item.oid) for item in new for key in self.keys(item)}
        lists = {key: list(kept.get(key, ())) for key, _ in before ^ after}
        for key, oid in before - after:
            lists[key].remove(oid)
        for key, oid in after - before:
            insort(lists[key], oid)
        return kept.changed(
            [key for key, oids in lists.items() if not oids], {key: tuple(oids) for key, oids in lists.items() if oids}
        )
