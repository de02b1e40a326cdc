"""What the catalogs said of some tables at one moment, as frozen values.

Only structure lives here: every field is part of a table's fingerprint, except `Table.statistics`. Objects are known
by OID and attribute number, so that a rename is a rename and not a drop beside an add. Field order is the order of
the columns that `read.py` selects: rows become values by `_make`, which is what makes 100,000 columns cheap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

from .layers import Layers
from .lookup import One, Several
from .migration_history import HISTORY_TABLES
from .surroundings import Oid, Surroundings

AttributeNumber = int

DATABASE: Final[Oid] = 0
"""Stands for the database itself where tables are named by OID: the subject of what is judged of no table."""


class Column(NamedTuple):
    """One live column. `default` is a digest of the stored expression (of a generated column, too), not its text."""

    number: AttributeNumber
    name: str
    type_oid: Oid
    type_modifier: int
    type_name: str
    not_null: bool
    default: int | None
    identity: str
    generated: str
    collation: Oid
    inherited: bool


class Constraint(NamedTuple):
    """One constraint; `kind` is pg_constraint.contype ('n' rows, which 18 added, are left to `Column.not_null`).

    `columns` and `referenced_columns` pair up by position. `index_oid` is the supporting index: the own one
    of a primary key, unique or exclusion constraint, the referenced one of a foreign key. `parent` is the constraint
    on the partitioned parent. `expression` is a digest of a CHECK's expression, or of an exclusion's operators.
    `temporal` says WITHOUT OVERLAPS or PERIOD (18).
    """

    oid: Oid
    name: str
    kind: str
    columns: tuple[AttributeNumber, ...]
    validated: bool
    deferrable: bool
    deferred: bool
    referenced_table: Oid
    referenced_columns: tuple[AttributeNumber, ...]
    match_type: str
    on_update: str
    on_delete: str
    on_delete_columns: tuple[AttributeNumber, ...]
    index_oid: Oid
    parent: Oid
    expression: int | None
    enforced: bool
    no_inherit: bool
    temporal: bool = False


class Index(NamedTuple):
    """One index. `columns` are the key columns in order, 0 for an expression; `included` come after them.

    `definition` is pg_get_indexdef where fields alone do not tell the whole index (an expression, a predicate, an
    operator class or collation that is not the default, storage options), else None. `shape` is the expressions'
    and the predicate's node tree without source positions, equal for two indexes that say the same. `storage` are
    the `with (…)` options and `class_options` those of operator classes, as PostgreSQL keeps them.

    `definition` follows from the other fields and from names; it is "" where a lock kept it from being read.
    `being_built` is a matter of the moment. Neither is part of the fingerprint.
    """

    oid: Oid
    name: str
    method: str
    columns: tuple[AttributeNumber, ...]
    included: tuple[AttributeNumber, ...]
    operator_classes: tuple[Oid, ...]
    collations: tuple[Oid, ...]
    options: tuple[int, ...]
    unique: bool
    nulls_not_distinct: bool
    primary: bool
    exclusion: bool
    immediate: bool
    valid: bool
    ready: bool
    replica_identity: bool
    clustered: bool
    constraint: Oid
    parent: Oid
    shape: str | None
    definition: str | None
    being_built: bool
    storage: tuple[str, ...] = ()
    class_options: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the fields alone say all there is to say."""
        return self.definition is None


class Trigger(NamedTuple):
    """One trigger that a person made. `enabled` is pg_trigger.tgenabled.

    `digest` is one of what else CREATE TRIGGER says (events, columns, WHEN, arguments, deferrability), None in what an
    earlier version stored. `parent` is the trigger on the partitioned parent.
    """

    oid: Oid
    name: str
    enabled: str
    function: Oid
    digest: int | None = None
    parent: Oid = 0


class Policy(NamedTuple):
    """One policy of row security. `command` is pg_policy.polcmd (`*` is all).

    `roles` are names, `public` for everyone. `using` and `check` are digests of the expressions.
    """

    oid: Oid
    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: int | None
    check: int | None


class Numbering(NamedTuple):
    """A sequence that numbers a column: `owned` by it (that of an identity column is), or `called` by its default.

    A serial's is both. How far the sequence has come is no structure: `counters` tells that.
    """

    column: AttributeNumber
    sequence: Oid
    owned: bool
    called: bool


class Statistics(NamedTuple):
    """How large the planner believes the table to be: estimates as of the last ANALYZE, not part of the structure.

    `file` is pg_class.relfilenode, another one whenever all rows were written anew; 0 where it is not known, or none.
    """

    rows: float
    pages: int
    file: Oid = 0


class Table(NamedTuple):
    """One plain, partitioned or foreign table with everything that hangs on it, sorted by number or OID.

    `left_alone` says that it belongs to an extension, to the hosting provider or to an excluded pattern: it may be
    referred to, and no issue is ever opened on it. Two are equal whose structure is, whatever their statistics.
    """

    oid: Oid
    schema: str
    name: str
    kind: Literal["r", "p", "f"]
    persistence: str
    owner: str
    parents: tuple[Oid, ...]
    is_partition: bool
    row_security: bool
    force_row_security: bool
    replica_identity: str
    typed: Oid
    left_alone: bool
    comment: str | None
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()
    column_comments: tuple[tuple[AttributeNumber, str], ...] = ()
    numberings: tuple[Numbering, ...] = ()
    statistics: Statistics = Statistics(-1, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self[:-1] == other[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-1])

    @property
    def qualified_name(self) -> str:
        """`schema.table` as people say it; never for use in SQL."""
        return f"{self.schema}.{self.name}"

    def column(self, number: AttributeNumber) -> Column | None:
        """The live column with that attribute number."""
        return next((column for column in self.columns if column.number == number), None)

    def column_named(self, name: str) -> Column | None:
        """The live column with that exact name."""
        return next((column for column in self.columns if column.name == name), None)

    def names(self, numbers: tuple[AttributeNumber, ...]) -> tuple[str, ...]:
        """Names of the columns with those numbers; an expression (number 0) reads `(expression)`."""
        by_number = {column.number: column.name for column in self.columns}
        return tuple(by_number.get(number, "(expression)") for number in numbers)

    @property
    def primary_key(self) -> Constraint | None:
        """The primary key constraint."""
        return next((constraint for constraint in self.constraints if constraint.kind == "p"), None)

    @property
    def foreign_keys(self) -> tuple[Constraint, ...]:
        """The foreign keys that this table declares."""
        return tuple(constraint for constraint in self.constraints if constraint.kind == "f")

    def unique_keys(self) -> Iterator[Index]:
        """Indexes that a foreign key could point at: unique, valid, immediate, whole table, columns only."""
        for index in self.indexes:
            if index.unique and index.valid and index.immediate and 0 not in index.columns and index.shape is None:
                yield index

    def index(self, oid: Oid) -> Index | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The index with that OID."""
        return next((index for index in self.indexes if index.oid == oid), None)

    def constraint(self, oid: Oid) -> Constraint | None:
        """The constraint with that OID."""
        return next((constraint for constraint in self.constraints if constraint.oid == oid), None)


@dataclass(frozen=True)
class Snapshot:
    """Tables by OID, as the catalogs held them at `taken_at` (server clock).

    `complete` says whether every table that people made was asked for: only then does absence mean that one is gone.
    `surroundings` are the views, routines and schemas; None where they were not looked at.
    The ways to find a table are made when first asked for, and `replaced` hands on those that are there.
    """

    tables: Mapping[Oid, Table]
    taken_at: datetime
    server_version: int
    complete: bool
    surroundings: Surroundings | None = None

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], Table]:
        """Tables by (schema, name)."""
        return _BY_NAME.made(self.tables.values())

    @cached_property
    def referencing(self) -> Mapping[Oid, tuple[Oid, ...]]:
        """For each referenced table, the tables whose foreign keys point at it."""
        return _REFERENCING.made(self.tables.values())

    @cached_property
    def children(self) -> Mapping[Oid, tuple[Oid, ...]]:
        """For each parent, its partitions and those that inherit from it directly."""
        return _CHILDREN.made(self.tables.values())

    @cached_property
    def table_of_index(self) -> Mapping[Oid, Oid]:
        """The table that an index is on."""
        return _TABLE_OF_INDEX.made(self.tables.values())

    @cached_property
    def table_of_constraint(self) -> Mapping[Oid, Oid]:
        """The table that declares a constraint."""
        return _TABLE_OF_CONSTRAINT.made(self.tables.values())

    @cached_property
    def table_of_trigger(self) -> Mapping[Oid, Oid]:
        """The table that a trigger is on."""
        return _TABLE_OF_TRIGGER.made(self.tables.values())

    @cached_property
    def table_of_policy(self) -> Mapping[Oid, Oid]:
        """The table that a policy is on."""
        return _TABLE_OF_POLICY.made(self.tables.values())

    @cached_property
    def numbered_by(self) -> Mapping[Oid, tuple[Oid, ...]]:
        """For each sequence, the tables with a column that it numbers."""
        return _NUMBERED_BY.made(self.tables.values())

    @cached_property
    def migration_histories(self) -> Mapping[Oid, Table]:
        """The plain tables that are named as migration tools name theirs."""
        return _MIGRATION_HISTORIES.made(self.tables.values())

    def replaced(self, part: Snapshot, asked: frozenset[Oid]) -> Snapshot:
        """This snapshot with the `asked` tables as `part` has them; those that `part` lacks are gone. The surroundings
        are those of `part`, where it looked at them.

        Costs what those tables hold, however many others there are.
        """
        held = self.tables
        gone = [held[oid] for oid in asked if oid in held and oid not in part.tables]
        new = [table for oid, table in part.tables.items() if held.get(oid) is not table]
        old = [*gone, *(held[table.oid] for table in new if table.oid in held)]
        tables = _BY_OID.changed(held if isinstance(held, Layers) else Layers(held), old, new)
        around = self.surroundings if part.surroundings is None else part.surroundings
        after = Snapshot(tables, part.taken_at, self.server_version, self.complete, around)
        for name, way in _WAYS.items():
            if name in self.__dict__:
                after.__dict__[name] = way.changed(self.__dict__[name], old, new)
        return after


_BY_OID: One[Table, Oid, Table] = One(lambda table: [(table.oid, table)])
_BY_NAME: One[Table, tuple[str, str], Table] = One(lambda table: [((table.schema, table.name), table)])
_REFERENCING: Several[Table] = Several(lambda table: {key.referenced_table for key in table.foreign_keys})
_CHILDREN: Several[Table] = Several(lambda table: set(table.parents))
_TABLE_OF_INDEX: One[Table, Oid, Oid] = One(lambda table: [(index.oid, table.oid) for index in table.indexes])
_TABLE_OF_CONSTRAINT: One[Table, Oid, Oid] = One(lambda table: [(each.oid, table.oid) for each in table.constraints])
_TABLE_OF_TRIGGER: One[Table, Oid, Oid] = One(lambda table: [(each.oid, table.oid) for each in table.triggers])
_TABLE_OF_POLICY: One[Table, Oid, Oid] = One(lambda table: [(each.oid, table.oid) for each in table.policies])
_NUMBERED_BY: Several[Table] = Several(lambda table: {each.sequence for each in table.numberings})
_MIGRATION_HISTORIES: One[Table, Oid, Table] = One(
    lambda table: [(table.oid, table)] if table.kind == "r" and table.name in HISTORY_TABLES else []
)
_WAYS: Mapping[str, One[Table, Any, Any] | Several[Table]] = {
    "by_name": _BY_NAME,
    "referencing": _REFERENCING,
    "children": _CHILDREN,
    "table_of_index": _TABLE_OF_INDEX,
    "table_of_constraint": _TABLE_OF_CONSTRAINT,
    "table_of_trigger": _TABLE_OF_TRIGGER,
    "table_of_policy": _TABLE_OF_POLICY,
    "numbered_by": _NUMBERED_BY,
    "migration_histories": _MIGRATION_HISTORIES,
}
