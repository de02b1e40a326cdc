"""Tables with all that hangs on them, of what was read of the catalogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple, TypeVar

from .. import rows
from ..definition import UsualClasses
from ..exclusion import LeftAlone
from ..snapshot import AttributeNumber, Constraint, Index, Numbering, Oid, Policy, Statistics, Table, Trigger
from .by_table import by_table, sorted_by_table
from .columns import Columns, columns_by_table
from .constraints import constraints_by_table, refuse_torn
from .indexes import indexes_by_table, silent_indexes
from .texts import Lists, made, refuse_vanished

Part = TypeVar("Part")

NOBODY = rows.Builders(())


@dataclass(frozen=True, slots=True)
class Built:
    """Tables by OID, still without `Index.definition`.

    `silent` are the indexes by table whose fields do not say all, `unfinished` tables with an index that is not valid.
    """

    tables: dict[Oid, Table]
    silent: dict[Oid, set[Oid]]
    unfinished: frozenset[Oid]


def build_tables(read: rows.Rows, left_alone: LeftAlone, encoding: str) -> Built:
    """What was read; raises SnapshotTorn where it speaks of what is not there."""
    builder = Builder(left_alone, encoding)
    builder.see_constraints(read.constraints)
    builder.see_columns(read.columns, read.defaults)
    builder.see_indexes(read.indexes, read.access_methods, read.operator_classes, read.builders)
    return builder.see_tables(
        read.schemas,
        read.members,
        read.tables,
        read.triggers,
        read.policies,
        read.inheritance,
        read.comments,
        read.numberings,
    )


class _Comments(NamedTuple):
    """Of tables, and of columns by their number."""

    own: Mapping[Oid, str]
    columns: Mapping[Oid, tuple[tuple[AttributeNumber, str], ...]]


class Builder:
    """Makes tables of what was read, in the order in which it is read where everything is."""

    def __init__(self, left_alone: LeftAlone, encoding: str) -> None:
        self._left_alone = left_alone
        self._encoding = encoding
        self._columns: Mapping[Oid, Columns] = {}
        self._constraints: Mapping[Oid, tuple[Constraint, ...]] = {}
        self._indexes: Mapping[Oid, tuple[Index, ...]] = {}
        self._silent: Mapping[Oid, set[Oid]] = {}

    def see_constraints(self, constraints: rows.Constraints) -> None:
        self._constraints = constraints_by_table(constraints)

    def see_columns(self, columns: rows.Columns, defaults: rows.Defaults) -> None:
        """Raises SnapshotTorn where a column is missing that was spoken of."""
        self._columns = columns_by_table(columns, defaults, self._encoding)
        refuse_torn(self._constraints, self._columns)

    def see_indexes(
        self,
        indexes: rows.Indexes,
        access_methods: rows.AccessMethods,
        operator_classes: rows.OperatorClasses,
        builders: rows.Builders = NOBODY,
    ) -> None:
        """The same. Without `builders` no index seems to be in anybody's hands."""
        self._indexes = indexes_by_table(indexes, builders, access_methods, self._constraints)
        self._silent = silent_indexes(self._indexes, self._columns, UsualClasses(operator_classes))

    def see_tables(  # noqa: PLR0917 - the aspects in the order in which they are read
        self,
        schemas: rows.Schemas,
        members: rows.Members,
        tables: rows.Tables,
        triggers: rows.Triggers,
        policies: rows.Policies,
        inheritance: rows.Inheritance,
        comments: rows.Comments,
        numberings: rows.Numberings,
    ) -> Built:
        """All of them; raises SnapshotTorn where what was seen speaks of what is not there."""
        schema_names = dict(zip(*schemas, strict=True))
        ours = list(map(schema_names.__contains__, tables.schemas))
        kept = rows.Tables._make(list(compress(field, ours)) for field in tables)
        for owner in set(kept.owners):
            refuse_vanished(owner)
        in_schemas = list(map(schema_names.__getitem__, kept.schemas))
        of_extensions = frozenset(members.tables)
        comments_of = _comments(comments)

        def hanging(on: Mapping[Oid, tuple[Part, ...]]) -> Iterable[tuple[Part, ...]]:
            return [on.get(oid, ()) for oid in kept.oids]

        built = map(
            Table,
            kept.oids,
            in_schemas,
            kept.names,
            kept.kinds,
            kept.persistences,
            kept.owners,
            hanging(by_table(inheritance.tables, inheritance.parents)),
            kept.are_partitions,
            kept.row_securities,
            kept.forced_row_securities,
            kept.replica_identities,
            kept.types,
            map(self._left_alone.covers, in_schemas, kept.names, map(of_extensions.__contains__, kept.oids)),
            [comments_of.own.get(oid) for oid in kept.oids],
            hanging(self._columns),
            hanging(self._constraints),
            hanging(self._indexes),
            hanging(sorted_by_table(triggers.tables, made(Trigger, *triggers[1:]))),
            hanging(sorted_by_table(policies.tables, _policies(policies))),
            hanging(comments_of.columns),
            hanging(sorted_by_table(numberings.tables, made(Numbering, *numberings[1:]))),
            made(Statistics, kept.rows, kept.pages, kept.files),
        )
        by_oid = dict(zip(kept.oids, built, strict=True))
        return Built(
            by_oid,
            {oid: silent for oid, silent in self._silent.items() if oid in by_oid},
            frozenset(oid for oid, indexes in self._indexes.items() for index in indexes if not index.valid),
        )


def _comments(read: rows.Comments) -> _Comments:
    entries = zip(read.numbers, read.comments, strict=True)
    every = sorted_by_table(read.tables, entries)
    own = {table: told[0][1] for table, told in every.items() if told[0][0] == 0}
    columns = {table: told[1:] if table in own else told for table, told in every.items()}
    return _Comments(own, columns)


def _policies(read: rows.Policies) -> Iterator[Policy]:
    lists = Lists({None: ()})
    for role in {role for roles in read.roles for role in lists[roles]}:
        refuse_vanished(role)
    return made(Policy, *read[1:5], map(lists.__getitem__, read.roles), *read[6:])
