"""What the catalog queries give: for each aspect lists that go side by side, named as in its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, get_type_hints

Oids = Sequence[int]
Numbers = Sequence[int]
Texts = Sequence[str]
Truths = Sequence[bool]


class Schemas(NamedTuple):
    oids: Oids
    names: Texts


class Members(NamedTuple):
    tables: Oids


class Tables(NamedTuple):
    oids: Oids
    schemas: Oids
    names: Texts
    kinds: Texts
    persistences: Texts
    owners: Texts
    are_partitions: Truths
    row_securities: Truths
    forced_row_securities: Truths
    replica_identities: Texts
    types: Oids
    rows: Sequence[float]
    pages: Numbers


class Columns(NamedTuple):
    """Runs of bytes, empty where there are no columns."""

    names: bytes
    types: bytes
    numbers: bytes


class Defaults(NamedTuple):
    tables: Oids
    numbers: Numbers
    digests: Numbers


class Constraints(NamedTuple):
    tables: Oids
    oids: Oids
    names: Texts
    kinds: Texts
    columns: Sequence[str | None]
    are_validated: Truths
    are_deferrable: Truths
    are_deferred: Truths
    referenced_tables: Oids
    referenced_columns: Sequence[str | None]
    match_types: Texts
    on_updates: Texts
    on_deletes: Texts
    on_delete_columns: Sequence[str | None]
    indexes: Oids
    parents: Oids
    expressions: Sequence[int | None]
    are_enforced: Truths
    are_not_inherited: Truths
    are_temporal: Truths


class Indexes(NamedTuple):
    tables: Oids
    oids: Oids
    names: Texts
    methods: Texts
    columns: Texts
    keys: Numbers
    operator_classes: Texts
    collations: Texts
    options: Texts
    are_unique: Truths
    have_one_null: Truths
    are_primary: Truths
    are_exclusions: Truths
    are_immediate: Truths
    are_valid: Truths
    are_ready: Truths
    are_replica_identities: Truths
    are_clustered: Truths
    parents: Oids
    expressions: Sequence[str | None]
    predicates: Sequence[str | None]
    storages: Sequence[str | None]
    class_options: Sequence[str | None]


class OperatorClasses(NamedTuple):
    methods: Texts
    types: Oids
    oids: Oids


class Triggers(NamedTuple):
    tables: Oids
    oids: Oids
    names: Texts
    are_enabled: Texts
    functions: Oids


class Inheritance(NamedTuple):
    tables: Oids
    parents: Oids


class Numberings(NamedTuple):
    tables: Oids
    numbers: Numbers
    sequences: Oids
    are_owned: Truths
    are_called: Truths


class Comments(NamedTuple):
    tables: Oids
    numbers: Numbers
    comments: Texts


class Builders(NamedTuple):
    tables: Oids


class Rows(NamedTuple):
    """One moment of the catalogs, aspect by aspect."""

    schemas: Schemas
    members: Members
    tables: Tables
    columns: Columns
    defaults: Defaults
    constraints: Constraints
    indexes: Indexes
    operator_classes: OperatorClasses
    triggers: Triggers
    inheritance: Inheritance
    comments: Comments
    numberings: Numberings
    builders: Builders


ASPECTS: Mapping[str, type[NamedTuple]] = get_type_hints(Rows)


def sorted_out(fields: Sequence[Any]) -> Rows:
    """The aspects of a row that holds the fields of all of them; what nothing was found of is an empty list."""
    return Rows._make(aspects_of(fields, tuple(ASPECTS)))


def aspects_of(fields: Sequence[Any], aspects: tuple[str, ...]) -> Iterator[Any]:
    """Those aspects, from a row that holds their fields."""
    rest = iter(fields)
    for name in aspects:
        kind = ASPECTS[name]
        yield kind._make(field or () for field in islice(rest, len(kind._fields)))
