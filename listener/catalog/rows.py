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
    files: Oids


class Columns(NamedTuple):
    """Of each type the columns that are of it."""

    types: Oids
    modifiers: Numbers
    collations: Oids
    type_names: Texts
    names: Sequence[bytes]
    numbers: Sequence[bytes]


class Defaults(NamedTuple):
    tables: Oids
    numbers: Numbers
    digests: Numbers


class Constraints(NamedTuple):
    tables: Oids
    oids: Oids
    names: Texts
    terms: Texts
    referenced_tables: Oids
    indexes: Oids
    parents: Oids
    expressions: Sequence[int | None]


class Indexes(NamedTuple):
    tables: Oids
    oids: Oids
    names: Texts
    terms: Texts
    rarities: Texts


class AccessMethods(NamedTuple):
    oids: Oids
    names: Texts


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
    digests: Numbers
    parents: Oids


class Policies(NamedTuple):
    tables: Oids
    oids: Oids
    names: Texts
    commands: Texts
    are_permissive: Truths
    roles: Texts
    conditions: Sequence[int | None]
    checks: Sequence[int | None]


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
    access_methods: AccessMethods
    operator_classes: OperatorClasses
    triggers: Triggers
    policies: Policies
    inheritance: Inheritance
    comments: Comments
    numberings: Numberings
    builders: Builders


class Views(NamedTuple):
    oids: Oids
    schemas: Oids
    names: Texts
    kinds: Texts
    owners: Texts
    are_invokers: Truths
    are_barriers: Truths
    reads: Texts
    readers: Texts


class Routines(NamedTuple):
    oids: Oids
    schemas: Oids
    names: Texts
    kinds: Texts
    arguments: Texts
    owners: Texts
    languages: Texts
    are_definers: Truths
    configs: Sequence[str | None]
    volatilities: Texts
    returns: Oids
    are_early_bound: Truths
    bodies: Numbers
    callers: Sequence[str | None]


class Namespaces(NamedTuple):
    oids: Oids
    names: Texts
    owners: Texts
    creators: Texts
    are_of_extensions: Truths


class Roles(NamedTuple):
    names: Texts
    are_superusers: Truths
    are_bypassing: Truths
    rights: Sequence[str | None]


class SearchPaths(NamedTuple):
    owner: str
    search_paths: Texts


class Around(NamedTuple):
    """What is around the tables, aspect by aspect."""

    views: Views
    routines: Routines
    namespaces: Namespaces
    roles: Roles
    search_paths: SearchPaths


ASPECTS: Mapping[str, type[NamedTuple]] = get_type_hints(Rows)
AROUND: Mapping[str, type[NamedTuple]] = get_type_hints(Around)


def sorted_out(fields: Sequence[Any]) -> Rows:
    """The aspects of a row that holds the fields of all of them; what nothing was found of is an empty list."""
    return Rows._make(aspects_of(fields, tuple(ASPECTS)))


def sorted_out_around(fields: Sequence[Any]) -> Around:
    """The same of what is around the tables."""
    return Around._make(aspects_of(fields, tuple(AROUND)))


def aspects_of(fields: Sequence[Any], aspects: tuple[str, ...]) -> Iterator[Any]:
    """Those aspects, from a row that holds their fields."""
    rest = iter(fields)
    for name in aspects:
        kind = ASPECTS.get(name) or AROUND[name]
        yield kind._make(field or () for field in islice(rest, len(kind._fields)))
