"""What a rule proposes: a fix kind by name, and the objects by OID. Never SQL.

Each remedy is planned by the fix kind of the same name in `fixes/`. Values survive JSON (`pgmend.issue.remedy`). What
planner, queue and autonomy have to know of every remedy it says of itself, so that a new one touches none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import ClassVar, Literal

from .catalog.change import Change, ChangeKind
from .catalog.snapshot import DATABASE, AttributeNumber, Oid


class Turn(IntEnum):
    """When a plan is applied among several.

    A foreign key needs equal types and an index; a twin index goes before its table is rewritten or indexed anew. What
    is only switched stands on nothing, but no search path is fixed to a schema that is still open to everyone.
    """

    CLOSE_SCHEMA = auto()
    DROP_INDEX = auto()
    REBUILD_INDEX = auto()
    CHANGE_TYPE = auto()
    CREATE_INDEX = auto()
    ADD_CONSTRAINT = auto()
    VALIDATE = auto()
    SWITCH = auto()


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
    """A column given another type. `restores` says that pgmend saw the column have this type before an event."""

    turn: ClassVar[Turn] = Turn.CHANGE_TYPE
    column: AttributeNumber
    type_name: str
    restores: bool = False
    kind: Literal["change_column_type"] = "change_column_type"

    def _is_moved_by(self, change: Change, _: Sequence[Change], /) -> bool:
        return change.kind is ChangeKind.COLUMN_TYPE and change.number == self.column


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


Remedy = (
    CreateIndex
    | RebuildIndex
    | DropIndex
    | AddForeignKey
    | ValidateConstraint
    | ChangeColumnType
    | EnableTrigger
    | EnableRowSecurity
    | SetSecurityInvoker
    | SetSearchPath
    | RevokeCreate
)
