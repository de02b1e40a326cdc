"""Indexes, of rows that tell in one text what many of them say alike."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, NamedTuple

from ...errors import SnapshotTorn
from .. import rows
from ..definition import UsualClasses, says_all
from ..snapshot import Constraint, Index, Oid
from .by_table import sorted_by_table
from .columns import Columns, column_at
from .texts import Vectors, maker

_LOCATION = re.compile(r" :(?:location|stmt_location|stmt_len) -?\d+")


class _Rarity(NamedTuple):
    """What few indexes have."""

    parent: Oid = 0
    shape: str | None = None
    storage: tuple[str, ...] = ()
    class_options: tuple[str, ...] = ()


_USUAL = _Rarity()
_VALID = Index._fields.index("valid") - Index._fields.index("method")


def indexes_by_table(
    read: rows.Indexes,
    builders: rows.Builders,
    methods: rows.AccessMethods,
    constraints: Mapping[Oid, Iterable[Constraint]],
) -> dict[Oid, tuple[Index, ...]]:
    """The indexes of each table by OID, still without definitions."""
    return sorted_by_table(read.tables, _indexes(read, builders, methods, constraints))


def silent_indexes(
    indexes: Mapping[Oid, Iterable[Index]], columns: Mapping[Oid, Columns], usual: UsualClasses
) -> dict[Oid, set[Oid]]:
    """The indexes whose fields do not say all, by table; raises SnapshotTorn where a column of theirs is missing."""
    silent: defaultdict[Oid, set[Oid]] = defaultdict(set)
    known: dict[tuple[Any, ...], bool] = {}
    for table, own in indexes.items():
        there = columns.get(table, ())
        for index in own:
            if index.shape is not None:
                silent[table].add(index.oid)
                continue
            kinds: list[tuple[Oid, Oid]] = []
            for number in index.columns:
                column = column_at(there, number)
                if column is None:
                    raise SnapshotTorn(f"An index stands on column {number}, which was not read.")
                kinds.append((column.type_oid, column.collation))
            key = (*kinds, index.method, index.operator_classes, index.collations, index.storage, index.class_options)
            if (said_all := known.get(key)) is None:
                said_all = known[key] = says_all(index, kinds, usual)
            if not said_all:
                silent[table].add(index.oid)
    return dict(silent)


class _Terms(dict[str, tuple[Any, ...]]):
    """The texts `terms`, read: the fields from the method to `clustered`."""

    def __init__(self, methods: rows.AccessMethods) -> None:
        super().__init__()
        self._methods = dict(zip(*methods, strict=True))
        self._vectors = Vectors()

    def __missing__(self, text: str) -> tuple[Any, ...]:
        method, keys, *vectors, _, _, _, _, _, _, _, _, _ = parts = text.split("|")
        columns, classes, collations, options = (self._vectors[each] for each in vectors)
        count = int(keys)
        flags = (each == "t" for each in parts[-9:])
        self[text] = said = (
            self._methods[int(method)], columns[:count], columns[count:], classes, collations, options, *flags
        )  # fmt: skip
        return said


def _indexes(
    read: rows.Indexes,
    builders: rows.Builders,
    methods: rows.AccessMethods,
    constraints: Mapping[Oid, Iterable[Constraint]],
) -> Iterator[Index]:
    terms, make = _Terms(methods), maker(Index)
    owners = {each.index_oid: each.oid for own in constraints.values() for each in own if each.kind != "f"}
    building = frozenset(builders.tables)
    rarities = dict(map(_rarity, read.rarities))
    owned = map(owners.get, read.oids, repeat(0))
    for table, oid, name, text, owner in zip(read.tables, read.oids, read.names, read.terms, owned, strict=True):
        said = terms[text]
        parent, shape, storage, class_options = rarities.get(oid, _USUAL) if rarities else _USUAL
        being_built = table in building and not said[_VALID]
        yield make((oid, name, *said, owner, parent, shape, None, being_built, storage, class_options))


def _rarity(text: str) -> tuple[Oid, _Rarity]:
    oid, parent, expressions, predicate, storage, class_options = json.loads(text)
    shape = None
    if expressions is not None or predicate is not None:
        shape = _LOCATION.sub("", f"{expressions or ''}|{predicate or ''}")
    return int(oid), _Rarity(int(parent or 0), shape, tuple(storage or ()), tuple(class_options or ()))
