"""What a rule proposes: a fix kind by name, and the objects by OID. Never SQL.

Each remedy is planned by the fix kind of the same name in `fixes/`. Values survive JSON (`pgmend.issue.remedy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .catalog.snapshot import AttributeNumber, Oid


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """An index on those columns; `name` brings back one that was there (then it is a restore).

    `definition` is that one's pg_get_indexdef; where it is None, the fields alone tell the whole index, as in `Index`.
    """

    table: Oid
    columns: tuple[AttributeNumber, ...]
    name: str | None = None
    definition: str | None = None
    method: str = "btree"
    unique: bool = False
    nulls_not_distinct: bool = False
    included: tuple[AttributeNumber, ...] = ()
    options: tuple[int, ...] = ()
    kind: Literal["create_index"] = "create_index"


@dataclass(frozen=True, slots=True)
class RebuildIndex:
    """An invalid index, rebuilt as it was meant."""

    table: Oid
    index: Oid
    kind: Literal["rebuild_index"] = "rebuild_index"


@dataclass(frozen=True, slots=True)
class DropIndex:
    """An index that another one (`kept`) makes superfluous."""

    table: Oid
    index: Oid
    kept: Oid
    kind: Literal["drop_index"] = "drop_index"


@dataclass(frozen=True, slots=True)
class AddForeignKey:
    """A foreign key. Actions are pg_constraint letters ('a' is NO ACTION). A `name` brings back one that was there."""

    table: Oid
    columns: tuple[AttributeNumber, ...]
    referenced_table: Oid
    referenced_columns: tuple[AttributeNumber, ...]
    on_update: str = "a"
    on_delete: str = "a"
    on_delete_columns: tuple[AttributeNumber, ...] = ()
    match_type: str = "s"
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True
    name: str | None = None
    kind: Literal["add_foreign_key"] = "add_foreign_key"


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """A constraint that holds for new rows only, validated for the old ones."""

    table: Oid
    constraint: Oid
    kind: Literal["validate_constraint"] = "validate_constraint"


@dataclass(frozen=True, slots=True)
class ChangeColumnType:
    """A column given another type. `restores` says that pgmend saw the column have this type before an event."""

    table: Oid
    column: AttributeNumber
    type_name: str
    restores: bool = False
    kind: Literal["change_column_type"] = "change_column_type"


@dataclass(frozen=True, slots=True)
class RestoreObject:
    """One aspect of an object brought back to what `pgmend.expected_object` says of it.

    `table` is the table that it is on or is, 0 where there is none. The other names are those of `ObjectName`;
    `found_as` is what the object is called now, where its name is what differs. `drops` says that something which
    stands in the way (another definition that cannot be replaced) has to go first.
    """

    table: Oid
    object_kind: str
    schema: str
    relation: str
    name: str
    aspect: Literal[
        "existence",
        "definition",
        "type",
        "nullability",
        "default",
        "enabled",
        "row_security",
        "owner",
        "grants",
        "comment",
        "name",
    ]
    found_as: str | None = None
    drops: bool = False
    kind: Literal["restore_object"] = "restore_object"


Remedy = CreateIndex | RebuildIndex | DropIndex | AddForeignKey | ValidateConstraint | ChangeColumnType | RestoreObject
