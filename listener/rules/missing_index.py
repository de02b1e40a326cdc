"""MISSING_INDEX: a foreign key whose columns no index leads with: every delete in the parent reads the whole child."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum

from ..catalog.index_state import IndexState, index_state
from ..catalog.snapshot import AttributeNumber, Constraint, Index, Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene, UnderWay
from ..relations.former import FormerIndex, former_indexes
from ..relations.wording import columns_of
from ..remedy import CreateIndex

_FINDS_EQUALS = frozenset({"btree", "hash", "gist"})
_NOT_NULL = re.compile(r"\{NULLTEST :arg \{VAR [^{}]*:varattno (\d+) [^{}]*\} :nulltesttype 1 :argisrow false\}")


class _Cover(IntEnum):
    """How far columns are led by an index: not at all, by one that somebody is at, or by one that serves.

    One that INVALID_INDEX will have rebuilt counts as serving: a second one beside it would only double it.
    """

    NONE = 0
    UNDER_WAY = 1
    THERE = 2


_COVERS = {
    IndexState.USABLE: _Cover.THERE,
    IndexState.ABANDONED: _Cover.THERE,
    IndexState.UNDER_WAY: _Cover.UNDER_WAY,
    IndexState.LEFTOVER: _Cover.NONE,
    IndexState.WAITING: _Cover.NONE,
}


@rule(
    "MISSING_INDEX",
    Severity.MEDIUM,
    Reads.CONSTRAINTS | Reads.INDEXES,
    suspects=lambda docket: {
        table.oid: table for table, key in docket.foreign_keys if not _is_led(table, key)
    }.values(),
)
def missing_index(table: Table, scene: Scene) -> Iterator[Finding]:
    """Foreign keys that no index covers with its leading columns, in whatever order; once per column set."""
    seen: set[frozenset[AttributeNumber]] = set()
    under_way: list[Constraint] = []
    for key in (each for each in table.foreign_keys if not _is_led(table, each)):
        columns = frozenset(key.columns)
        if columns not in seen:
            cover = _cover(table, table.names(key.columns), scene)
            if cover is _Cover.NONE:
                yield _finding(table, key, scene)
            elif cover is _Cover.UNDER_WAY:
                under_way.append(key)
        seen.add(columns)
    if under_way:
        name, of = under_way[0].name, table.qualified_name
        raise UnderWay(f"An index for the foreign key {name} of {of} is being built, rebuilt or dropped.")


def _is_led(table: Table, key: Constraint) -> bool:
    """Whether nothing is amiss with the foreign key: it is of one column that plainly leads an index that serves, or
    another's matter."""
    columns = key.columns
    for index in table.indexes:
        if index.columns[:1] == columns and index.shape is None and _serves(index):
            return True
    return bool(key.parent or key.temporal)


def _finding(table: Table, key: Constraint, scene: Scene) -> Finding:
    names = ", ".join(table.names(key.columns))
    parent = scene.snapshot.tables.get(key.referenced_table)
    target = columns_of(parent, key.referenced_columns) if parent is not None else "its parent"
    evidence = [
        fact(f"The foreign key {key.name} refers to {target}; no index of {table.qualified_name} begins with {names}.")
    ]
    former = _former(table, key, scene)
    if former is None:
        remedy = CreateIndex(table.oid, key.columns)
    else:
        evidence.append(fact(f"The index {former.name} covered it until somebody dropped it."))
        remedy = CreateIndex(
            table.oid,
            former.columns,
            name=former.name,
            definition=former.definition,
            method=former.method,
            unique=former.unique,
            nulls_not_distinct=former.nulls_not_distinct,
            included=former.included,
            options=former.options,
        )
    return Finding(
        table.oid,
        current_state=f"No index covers the foreign key {key.name} on {names}.",
        expected_state=f"An index on {names}." if former is None else f"The index {former.name} on {names}.",
        columns=key.columns,
        evidence=tuple(evidence),
        remedy=remedy,
        doubt=f"the index {former.name} was dropped: what somebody dropped comes back by approval" if former else None,
    )


def _cover(table: Table, names: tuple[str, ...], scene: Scene) -> _Cover:
    """How far an index of the table, or one of each of its partitions, leads with those columns."""
    if table.kind == "f":
        return _Cover.THERE
    columns = {column.number for column in table.columns if column.name in names}
    found = max((_COVERS[index_state(table, each)] for each in table.indexes if _leads(each, columns)), default=0)
    if found or table.kind != "p":
        return _Cover(found)
    tables = scene.snapshot.tables
    children = [tables[oid] for oid in scene.snapshot.children.get(table.oid, ()) if oid in tables]
    return min((_cover(child, names, scene) for child in children), default=_Cover.NONE)


def _leads(index: Index, columns: set[AttributeNumber]) -> bool:
    """Whether the index, once valid, finds the rows that have a key in those columns; a hash index has one column."""
    finds = index.method in _FINDS_EQUALS
    return finds and set(index.columns[: len(columns)]) == columns and _is_whole(index.shape, columns)


def _serves(index: Index) -> bool:
    """Whether the index finds rows by equality with its leading columns, today."""
    return index.valid and index.ready and index.method in _FINDS_EQUALS


def _is_whole(shape: str | None, columns: set[AttributeNumber]) -> bool:
    """Whether the index has every row that the foreign key's check looks for: a partial one has, over NOT NULL."""
    if shape is None or shape.endswith("|"):
        return True
    predicate = _NOT_NULL.fullmatch(shape.rpartition("|")[2])
    return predicate is not None and {int(predicate[1])} == columns


def _former(table: Table, key: Constraint, scene: Scene) -> FormerIndex | None:
    """The index that covered the foreign key until somebody dropped it, if it can come back under its name."""
    names = {index.name for index in table.indexes}
    columns = set(key.columns)
    numbers = {column.number for column in table.columns}
    for former in former_indexes(scene.changes_of(table.oid), table.schema, table.name):
        usable = former.valid and former.ready and not former.constraint and not former.parent
        leads = set(former.columns[: len(columns)]) == columns and former.method in _FINDS_EQUALS
        there = numbers.issuperset(number for number in (*former.columns, *former.included) if number)
        if usable and leads and there and former.name not in names and _is_whole(former.shape, columns):
            return former
    return None
