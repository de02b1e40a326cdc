"""Snapshots that differ from others in one thing, and the changes that tell of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from ..listener.catalog.change import Change, ChangeKind
from ..listener.catalog.snapshot import Snapshot, Table


def table(of: Snapshot, name: str) -> Table:
    """The table called `name` or `schema.name`."""
    schema, _, rest = name.rpartition(".")
    return of.by_name[schema or "public", rest]


def put(of: Snapshot, *tables: Table) -> Snapshot:
    """The snapshot with those tables in place of the ones with their OIDs."""
    return replace(of, tables={**of.tables, **{each.oid: each for each in tables}})


def altered(of: Snapshot, name: str, part: str | None = None, /, **fields: Any) -> Snapshot:
    """The snapshot with fields of a table changed, or of its column, constraint or index called `part`.

    An index that backs a constraint bears the same name: a field goes to the part that has it.
    """
    old = table(of, name)
    if part is None:
        return put(of, old._replace(**fields))

    def each(parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            one._replace(**fields) if one.name == part and fields.keys() <= set(one._fields) else one for one in parts
        )

    new = old._replace(columns=each(old.columns), constraints=each(old.constraints), indexes=each(old.indexes))
    if new == old:
        raise ValueError(f"{name} has no part {part!r} in which that would change anything")
    return put(of, new)


def without(of: Snapshot, name: str, *parts: str) -> Snapshot:
    """The snapshot without those columns, constraints and indexes of a table."""
    old = table(of, name)

    def rest(all_parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(one for one in all_parts if one.name not in parts)

    return put(
        of,
        old._replace(columns=rest(old.columns), constraints=rest(old.constraints), indexes=rest(old.indexes)),
    )


def dropped(before: Snapshot, name: str, part: str, fix_id: str | None = None) -> Change:
    """The change that tells of a constraint's or index's drop."""
    old = table(before, name)
    for constraint in old.constraints:
        if constraint.name == part:
            return _change(ChangeKind.CONSTRAINT_DROPPED, old, constraint, fix_id)
    index = next(index for index in old.indexes if index.name == part)
    return _change(ChangeKind.INDEX_DROPPED, old, index, fix_id)


def retyped(before: Snapshot, after: Snapshot, name: str, column: str, fix_id: str | None = None) -> Change:
    """The change that tells of a column's change of type."""
    old, new = table(before, name).column_named(column), table(after, name).column_named(column)
    if old is None or new is None:
        raise ValueError(f"{name} has no column {column!r} in both snapshots")
    change = _change(ChangeKind.COLUMN_TYPE, table(before, name), old, fix_id)
    return replace(change, number=old.number, object_oid=0, after=_as_json(new))


def _change(kind: ChangeKind, of: Table, part: Any, fix_id: str | None) -> Change:
    oid = getattr(part, "oid", 0)
    return Change(kind, of.oid, of.schema, of.name, part.name, oid, before=_as_json(part), fix_id=fix_id)


def _as_json(part: Any) -> dict[str, Any]:
    fields: dict[str, Any] = part._asdict()
    return {
        name: list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value
        for name, value in fields.items()
    }
