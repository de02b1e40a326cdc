"""One difference between two snapshots of a table, told by OID and attribute number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from .snapshot import Oid
from .surroundings import Place


class ChangeKind(StrEnum):
    """What moved. The value is what `pgmend.change.kind` holds."""

    TABLE_CREATED = "table_created"
    TABLE_DROPPED = "table_dropped"
    TABLE_RENAMED = "table_renamed"
    TABLE_ALTERED = "table_altered"
    COLUMN_ADDED = "column_added"
    COLUMN_DROPPED = "column_dropped"
    COLUMN_RENAMED = "column_renamed"
    COLUMN_TYPE = "column_type"
    COLUMN_NULLABILITY = "column_nullability"
    COLUMN_DEFAULT = "column_default"
    COLUMN_ALTERED = "column_altered"
    CONSTRAINT_ADDED = "constraint_added"
    CONSTRAINT_DROPPED = "constraint_dropped"
    CONSTRAINT_RENAMED = "constraint_renamed"
    CONSTRAINT_ALTERED = "constraint_altered"
    CONSTRAINT_REMADE = "constraint_remade"
    INDEX_ADDED = "index_added"
    INDEX_DROPPED = "index_dropped"
    INDEX_RENAMED = "index_renamed"
    INDEX_ALTERED = "index_altered"
    INDEX_REMADE = "index_remade"
    TRIGGER_ADDED = "trigger_added"
    TRIGGER_DROPPED = "trigger_dropped"
    TRIGGER_RENAMED = "trigger_renamed"
    TRIGGER_ALTERED = "trigger_altered"
    TRIGGER_REMADE = "trigger_remade"
    POLICY_ADDED = "policy_added"
    POLICY_DROPPED = "policy_dropped"
    POLICY_RENAMED = "policy_renamed"
    POLICY_ALTERED = "policy_altered"
    POLICY_REMADE = "policy_remade"
    VIEW_CREATED = "view_created"
    VIEW_DROPPED = "view_dropped"
    VIEW_RENAMED = "view_renamed"
    VIEW_ALTERED = "view_altered"
    ROUTINE_CREATED = "routine_created"
    ROUTINE_DROPPED = "routine_dropped"
    ROUTINE_RENAMED = "routine_renamed"
    ROUTINE_ALTERED = "routine_altered"
    SCHEMA_CREATED = "schema_created"
    SCHEMA_DROPPED = "schema_dropped"
    SCHEMA_RENAMED = "schema_renamed"
    SCHEMA_ALTERED = "schema_altered"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `before` and `after` are the whole object as JSON (the fields of Column, Constraint, Index …).

    `object_oid` and `number` say which object; `event_id` the DDL that did it (None: nobody told us), `fix_id` our own
    fix where it was ours. `schema` and `table` are the names at the time of the change. `seen_at` is when the look that
    noticed it was taken, on the server's clock; a difference that no look is behind has none. `change_id` is set on one
    that was read back from `pgmend.change`. A change around the tables has DATABASE for its table, and for `schema`,
    `table` and `object_name` the place of its object.
    """

    kind: ChangeKind
    table_oid: Oid
    schema: str
    table: str
    object_name: str
    object_oid: Oid = 0
    number: int = 0
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    event_id: str | None = None
    fix_id: str | None = None
    change_id: str | None = None
    seen_at: datetime | None = None

    @property
    def place(self) -> Place:
        """What moved, as an issue about it is called."""
        return Place(self.schema, self.table, self.object_name)
