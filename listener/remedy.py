"""What a rule proposes: a fix kind by name, and the objects by OID. Never SQL.

Each remedy is planned by the fix kind of the same name in `fixes/`. Values survive JSON (`pgmend.issue.remedy`). What
planner, queue and autonomy have to know of every remedy it says of itself, so that a new one touches none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import ClassVar, Literal

from .catalog.change import Change, ChangeKind
from .catalog.snapshot import DATABASE, AttributeNumber, Oid


class Turn(IntEnum):
    """When a plan is applied among several.

    All is found by its name; types, routines, tables and columns are what others stand on. A foreign key needs equal
    types and an index; a twin index goes before its table is rewritten or indexed anew. What is only switched stands on
    nothing, but no search path is fixed to a schema that is still open to everyone.
    """

    RENAME = auto()
    CLOSE_SCHEMA = auto()
    MAKE_SCHEMA = auto()
    MAKE_TYPE = auto()
    MAKE_ROUTINE = auto()
    MAKE_TABLE = auto()
    MAKE_COLUMN = auto()
    DROP_INDEX = auto()
    REBUILD_INDEX = auto()
    CHANGE_TYPE = auto()
    CREATE_INDEX = auto()
    ADD_CONSTRAINT = auto()
    VALIDATE = auto()
    MAKE_VIEW = auto()
    MAKE_PART = auto()
    SWITCH = auto()
    SET_RIGHTS = auto()


@dataclass(frozen=True, slots=True)
class _OnTable(ABC):
    """A remedy that alters `table`."""

    turn: ClassVar[Turn] = Turn.SWITCH
    table: Oid

    @property
    def tables(self) -> tuple[Oid, ...]:
        """The tables that it is about; the first is the one to be altered."""
        return (self.table,)

    @property
    def objects(self) -> tuple[Oid, ...]:
        """What it is about that is in no table, by OID."""
        return ()

    def was_moved_by(self, change: Change, changes: Sequence[Change]) -> bool:
        """Whether the change moved the very object that this is about; `changes` are those of the table."""
        return change.table_oid == self.table and self._is_moved_by(change, changes)

    @abstractmethod
    def _is_moved_by(self, change: Change, changes: Sequence[Change], /) -> bool:
        """The same, of a change of the table."""


@dataclass(frozen=True, slots=True)
class _OnDatabase:
    """A remedy that alters an `object` in no table: a view, a routine or a schema."""

    turn: ClassVar[Turn] = Turn.SWITCH
    object: Oid

    @property
    def tables(self) -> tuple[Oid, ...]:
        """None."""
        return ()

    @property
    def objects(self) -> tuple[Oid, ...]:
        """What it is about."""
        return (self.object,)

    def was_moved_by(self, change: Change, _: Sequence[Change]) -> bool:
        """Whether the change moved the very object that this is about."""
        return change.table_oid == DATABASE and change.object_oid == self.object


@dataclass(frozen=True, slots=True)
class CreateIndex(_OnTable):
    """An index on those columns; `name` brings back one that was there (then it is a restore).

    `definition` is that one's pg_get_indexdef; where it is None, the fields alone tell the whole index, as in `Index`.
    """

    turn: ClassVar[Turn] = Turn.CREATE_INDEX
    columns: tuple[AttributeNumber, ...]
    name: str | None = None
    definition: str | None = None
    method: str = "btree"
    unique: bool = False
    nulls_not_distinct: bool = False
    included: tuple[AttributeNumber, ...] = ()
    options: tuple[int, ...] = ()
    kind: Literal["create_index"] = "create_index"

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.kind is ChangeKind.INDEX_DROPPED and change.object_name == (self.name or "")


@dataclass(frozen=True, slots=True)
class RebuildIndex(_OnTable):
    """An invalid index, rebuilt as it was meant."""

    turn: ClassVar[Turn] = Turn.REBUILD_INDEX
    index: Oid
    kind: Literal["rebuild_index"] = "rebuild_index"

    def _is_moved_by(self, change: Change, changes: Sequence[Change], /) -> bool:
        return _made_anew(self.index, change, changes)


@dataclass(frozen=True, slots=True)
class DropIndex(_OnTable):
    """An index that another one (`kept`) makes superfluous."""

    turn: ClassVar[Turn] = Turn.DROP_INDEX
    index: Oid
    kept: Oid
    kind: Literal["drop_index"] = "drop_index"

    def _is_moved_by(self, change: Change, changes: Sequence[Change], /) -> bool:
        return _made_anew(self.index, change, changes)


@dataclass(frozen=True, slots=True)
class AddForeignKey(_OnTable):
    """A foreign key. Actions are pg_constraint letters ('a' is NO ACTION). A `name` brings back one that was there."""

    turn: ClassVar[Turn] = Turn.ADD_CONSTRAINT
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

    @property
    def tables(self) -> tuple[Oid, ...]:
        """The referring table, which is altered, and the other one."""
        return (self.table, self.referenced_table)

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.kind is ChangeKind.CONSTRAINT_DROPPED and change.object_name == (self.name or "")


@dataclass(frozen=True, slots=True)
class ValidateConstraint(_OnTable):
    """A constraint that holds for new rows only, validated for the old ones."""

    turn: ClassVar[Turn] = Turn.VALIDATE
    constraint: Oid
    kind: Literal["validate_constraint"] = "validate_constraint"

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.object_oid == self.constraint


@dataclass(frozen=True, slots=True)
class ChangeColumnType(_OnTable):
    """A column given another type. `restores` says that pgmend saw the column have this type before an event.

    `then` is the foreign key that only the other type kept from being there. `along` are columns (table, number) that
    change with it, as all do that a foreign key ties to them, and what numbers them; None where it changes alone, if
    it can.
    """

    turn: ClassVar[Turn] = Turn.CHANGE_TYPE
    column: AttributeNumber
    type_name: str
    restores: bool = False
    then: AddForeignKey | None = None
    along: tuple[tuple[Oid, AttributeNumber], ...] | None = None
    kind: Literal["change_column_type"] = "change_column_type"

    @property
    def tables(self) -> tuple[Oid, ...]:
        """Its own table, then those of the columns that change with it."""
        return tuple(dict.fromkeys((self.table, *(table for table, _ in self.along or ()))))

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.kind is ChangeKind.COLUMN_TYPE and change.number == self.column


@dataclass(frozen=True, slots=True)
class WidenSequence(_OnTable):
    """A sequence that numbers a column and has the end of a shorter type than that: it gets the column's type."""

    column: AttributeNumber
    sequence: Oid
    kind: Literal["widen_sequence"] = "widen_sequence"

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return False  # what becomes of a sequence is no change of its table


@dataclass(frozen=True, slots=True)
class EnableTrigger(_OnTable):
    """A disabled trigger, enabled as pg_trigger.tgenabled has it: 'O', 'R' for replicas alone or 'A' always. `restores`
    says that pgmend saw it so before an event."""

    trigger: Oid
    enabled: str = "O"
    restores: bool = False
    kind: Literal["enable_trigger"] = "enable_trigger"

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.object_oid == self.trigger and _differs(change, "enabled")


@dataclass(frozen=True, slots=True)
class EnableRowSecurity(_OnTable):
    """Row security of a table, switched on; its policies are as they are."""

    kind: Literal["enable_row_security"] = "enable_row_security"

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.kind is ChangeKind.TABLE_ALTERED and _differs(change, "row_security")


@dataclass(frozen=True, slots=True)
class SetSecurityInvoker(_OnDatabase):
    """A view that reads with the rights of whoever asks it."""

    kind: Literal["set_security_invoker"] = "set_security_invoker"


@dataclass(frozen=True, slots=True)
class SetSearchPath(_OnDatabase):
    """A routine under a fixed search path, of those schemas in that order."""

    path: tuple[str, ...]
    kind: Literal["set_search_path"] = "set_search_path"


@dataclass(frozen=True, slots=True)
class RevokeCreate(_OnDatabase):
    """A schema in which not everyone may create."""

    turn: ClassVar[Turn] = Turn.CLOSE_SCHEMA
    kind: Literal["revoke_create"] = "revoke_create"


def _differs(change: Change, field: str) -> bool:
    before, after = change.before, change.after
    return before is not None and after is not None and before[field] != after[field]


def _made_anew(index: Oid, change: Change, changes: Sequence[Change]) -> bool:
    """Whether the change made an index that is called like this one ever was: it is the same by its name."""
    names = {each.object_name for each in changes if each.object_oid == index}
    return change.kind is ChangeKind.INDEX_ADDED and change.object_name in names


@dataclass(frozen=True, slots=True)
class RestoreObject:
    """One aspect of an object brought back to what `pgmend.expected_object` says of it.

    `table` is the table that it is on or is, 0 where there is none. The other names are those of `ObjectName`;
    `found_as` is what the object is called now, where its name is what differs. `drops` says that something which
    stands in the way (another definition that cannot be replaced) has to go first. `oids` are those that the object has
    or had, where it is in no table: by them one knows of DDL on it.
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
    oids: tuple[Oid, ...] = ()
    kind: Literal["restore_object"] = "restore_object"

    @property
    def turn(self) -> Turn:
        """By what stands on what."""
        if self.aspect == "name":
            return Turn.RENAME
        if self.aspect in ("owner", "grants", "comment"):
            return Turn.SET_RIGHTS
        return _TURNS.get(self.object_kind, Turn.ADD_CONSTRAINT)

    @property
    def tables(self) -> tuple[Oid, ...]:
        """The table that it is on or is, where that is there."""
        return () if self.table == DATABASE else (self.table,)

    @property
    def objects(self) -> tuple[Oid, ...]:
        """What it is about, where that is in no table."""
        return self.oids

    def was_moved_by(self, change: Change, _: Sequence[Change]) -> bool:
        """Whether the change moved the very object that this is about, which goes by its names."""
        if not self.table:
            of_it = change.object_oid in self.oids or (change.schema, change.table) == self._place
            return change.table_oid == DATABASE and of_it
        moved = _MOVED_BY.get((self.object_kind, self.aspect))
        named = change.table_oid == self.table and change.object_name in (self.name, self.found_as)
        return named and (moved is None or change.kind in moved)

    @property
    def _place(self) -> tuple[str, str]:
        """Where changes of what is in no table say that it is."""
        return (self.name, "") if self.object_kind == "schema" else (self.schema, self.name.partition("(")[0])


_TURNS: Mapping[str, Turn] = {
    "extension": Turn.MAKE_SCHEMA,
    "schema": Turn.MAKE_SCHEMA,
    "type": Turn.MAKE_TYPE,
    "sequence": Turn.MAKE_ROUTINE,
    "function": Turn.MAKE_ROUTINE,
    "table": Turn.MAKE_TABLE,
    "column": Turn.MAKE_COLUMN,
    "index": Turn.CREATE_INDEX,
    "view": Turn.MAKE_VIEW,
    "materialized_view": Turn.MAKE_VIEW,
    "rule": Turn.MAKE_PART,
    "trigger": Turn.MAKE_PART,
    "policy": Turn.MAKE_PART,
    "statistics": Turn.MAKE_PART,
}
# Which changes of a table tell that this aspect of this kind of object was moved, and no other one.
_MOVED_BY: Mapping[tuple[str, str], tuple[ChangeKind, ...]] = {
    ("column", "existence"): (ChangeKind.COLUMN_DROPPED,),
    ("column", "name"): (ChangeKind.COLUMN_RENAMED,),
    ("column", "type"): (ChangeKind.COLUMN_TYPE,),
    ("column", "nullability"): (ChangeKind.COLUMN_NULLABILITY,),
    ("column", "default"): (ChangeKind.COLUMN_DEFAULT,),
    ("column", "comment"): (ChangeKind.COLUMN_ALTERED,),
    ("constraint", "existence"): (ChangeKind.CONSTRAINT_DROPPED,),
    ("constraint", "definition"): (ChangeKind.CONSTRAINT_ALTERED, ChangeKind.CONSTRAINT_REMADE),
    ("constraint", "name"): (ChangeKind.CONSTRAINT_RENAMED,),
}


Remedy = (
    CreateIndex
    | RebuildIndex
    | DropIndex
    | AddForeignKey
    | ValidateConstraint
    | ChangeColumnType
    | WidenSequence
    | EnableTrigger
    | EnableRowSecurity
    | SetSecurityInvoker
    | SetSearchPath
    | RevokeCreate
    | RestoreObject
)
