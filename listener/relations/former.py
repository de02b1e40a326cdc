"""What was there before an event took it away, as the changes tell. Our own fixes' changes tell nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..catalog.change import Change, ChangeKind
from ..catalog.snapshot import AttributeNumber, Oid


class FormerForeignKey(NamedTuple):
    """A foreign key that somebody dropped."""

    name: str
    columns: tuple[AttributeNumber, ...]
    referenced_table: Oid
    referenced_columns: tuple[AttributeNumber, ...]
    on_update: str
    on_delete: str
    on_delete_columns: tuple[AttributeNumber, ...]
    match_type: str
    deferrable: bool
    deferred: bool
    validated: bool


class FormerIndex(NamedTuple):
    """An index that somebody dropped. `definition` is None where it was not known."""

    name: str
    method: str
    columns: tuple[AttributeNumber, ...]
    included: tuple[AttributeNumber, ...]
    options: tuple[int, ...]
    unique: bool
    nulls_not_distinct: bool
    shape: str | None
    definition: str | None
    constraint: Oid
    parent: Oid
    valid: bool
    ready: bool


class FormerType(NamedTuple):
    """The type that a column had until its last change of type."""

    type_oid: Oid
    type_name: str


def former_foreign_keys(changes: Iterable[Change]) -> Iterator[FormerForeignKey]:
    """The foreign keys that were dropped, last first; those that a partition had from its parent left out."""
    for change, before in _dropped(changes, ChangeKind.CONSTRAINT_DROPPED):
        if before["kind"] == "f" and not before["parent"] and not before.get("temporal"):
            yield FormerForeignKey(change.object_name, *_values(before, FormerForeignKey._fields[1:]))


def former_indexes(changes: Iterable[Change], schema: str, table: str) -> Iterator[FormerIndex]:
    """The indexes that were dropped while the table had the name it has now, last first."""
    for change, before in _dropped(changes, ChangeKind.INDEX_DROPPED):
        if (change.schema, change.table) == (schema, table):
            yield FormerIndex(change.object_name, *_values(before, FormerIndex._fields[1:]))


def former_type(changes: Iterable[Change], column: AttributeNumber, now: str) -> FormerType | None:
    """What the column's type was before somebody gave it the one it has `now`; what we did since and took back is as if
    it had never been."""
    type_name = now
    for change in changes:
        if change.kind is not ChangeKind.COLUMN_TYPE or change.number != column:
            continue
        before, after = change.before or {}, change.after or {}
        if after.get("type_name") != type_name:
            return None
        if change.fix_id is None:
            return FormerType(before["type_oid"], before["type_name"]) if type_name == now else None
        type_name = before["type_name"]
    return None


def _dropped(changes: Iterable[Change], kind: ChangeKind) -> Iterator[tuple[Change, Mapping[str, Any]]]:
    for change in changes:
        if change.kind is kind and change.fix_id is None and change.before is not None:
            yield change, change.before


def _values(before: Mapping[str, Any], names: Iterable[str]) -> Iterator[Any]:
    for name in names:
        value = before[name]
        yield tuple(value) if name.endswith(("columns", "included", "options")) else value
