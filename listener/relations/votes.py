"""Votes: where the foreign keys on columns of one name point, counted so far as it matters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from ..catalog.snapshot import Oid
from .relation import Key

OWN_TABLE = Key(0, ())
"""Stands for "the table's own primary key": what a self reference points at, whatever the table."""

ENOUGH = 3
MOST_TARGETS = 8
_MOST_SCHEMAS = 64


class Vote(NamedTuple):
    """A key, how many tables say so (ENOUGH is that many or more), and one of them."""

    key: Key
    tables: int
    example: Oid


class Votes:
    """Tables by the key that their column of this name refers to, schema by schema."""

    __slots__ = ("_schemas", "_summaries")

    def __init__(self) -> None:
        self._schemas: dict[str, dict[Key, set[Oid]]] = {}
        self._summaries: dict[str, tuple[Vote, ...]] | None = None

    def add(self, key: Key, schema: str, table: Oid) -> None:
        """The table says: this key."""
        keys = self._schemas.get(schema)
        if keys is None:
            self._schemas[schema] = {key: {table}}
        elif key in keys:
            keys[key].add(table)
        else:
            keys[key] = {table}
        self._summaries = None

    def discard(self, key: Key, schema: str, table: Oid) -> None:
        """The table no longer says so."""
        keys = self._schemas.get(schema, {})
        tables = keys.get(key, set())
        tables.discard(table)
        if not tables and keys.pop(key, None) is not None and not keys:
            del self._schemas[schema]
        self._summaries = None

    def within(self, schema: str) -> tuple[Vote, ...]:
        """The keys that the schema's tables mean; nothing for a name that means too many to mean any."""
        if self._summaries is None:
            self._summaries = {}
        found = self._summaries.get(schema)
        if found is None:
            found = self._summaries[schema] = _summed(self._schemas.get(schema, {}))
        return found

    def of_schema(self, schema: str) -> Iterable[tuple[Key, Collection[Oid]]]:
        """Each key that a table of the schema means, with all tables that do."""
        return self._schemas.get(schema, {}).items()

    def across(self, schema_of: Callable[[Oid], str | None]) -> tuple[Vote, ...]:
        """The keys that tables of another schema than the key's mean: what a whole database refers to."""
        if len(self._schemas) > _MOST_SCHEMAS:
            return ()
        crossing: dict[Key, set[Oid]] = {}
        for schema, keys in self._schemas.items():
            if len(keys) <= MOST_TARGETS:
                for key, tables in keys.items():
                    if key is not OWN_TABLE and schema_of(key.table) not in (None, schema):
                        crossing[key] = crossing[key] | tables if key in crossing else tables
        return _summed(crossing)

    def __bool__(self) -> bool:
        return bool(self._schemas)


def _summed(by_key: dict[Key, set[Oid]]) -> tuple[Vote, ...]:
    if not by_key or len(by_key) > MOST_TARGETS:
        return ()
    return tuple(Vote(key, min(len(by_key[key]), ENOUGH), min(by_key[key])) for key in sorted(by_key))
