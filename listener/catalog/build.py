"""Rows of the catalogs become values. Nothing here waits; what contradicts itself is torn.

A hundred thousand columns, and most say what another one has said: texts are read once, equal values are one object,
and what is done for each is done by `map` and `zip` rather than in Python.
"""

from __future__ import annotations

import json
import re
import struct
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

from ..errors import SnapshotTorn
from . import rows
from .definition import UsualClasses, says_all
from .exclusion import LeftAlone
from .snapshot import (
    AttributeNumber,
    Column,
    Constraint,
    Index,
    Numbering,
    Oid,
    Policy,
    Statistics,
    Table,
    Trigger,
)

Part = TypeVar("Part")
Numbered = dict[AttributeNumber, Column]

# In `columns.sql`: table, and then number, type, modifier, collation, not null, inherited, identity, generated.
_NUMBERS = struct.Struct(">hIiI??cc")
_RECORD = struct.Struct(f">I{_NUMBERS.size}s")
_LOCATION = re.compile(r" :(?:location|stmt_location|stmt_len) -?\d+")
_PUNCTUATION = str.maketrans("{},", "   ")


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
    builder.see_columns(read.columns, read.defaults)
    builder.see_indexes(read.constraints, read.indexes, read.operator_classes, read.builders)
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


class Builder:
    """Makes tables of what was read, in the order in which it is read where everything is."""

    def __init__(self, left_alone: LeftAlone, encoding: str) -> None:
        self._left_alone = left_alone
        self._encoding = encoding
        self._numbered: Mapping[Oid, Numbered] = {}
        self._columns: dict[Oid, tuple[Column, ...]] = {}
        self._constraints: dict[Oid, tuple[Constraint, ...]] = {}
        self._indexes: dict[Oid, tuple[Index, ...]] = {}
        self._silent: dict[Oid, set[Oid]] = {}
        self._unfinished: frozenset[Oid] = frozenset()

    def see_columns(self, columns: rows.Columns, defaults: rows.Defaults) -> None:
        self._numbered = _columns(columns, defaults, self._encoding)

    def see_indexes(
        self,
        constraints: rows.Constraints,
        indexes: rows.Indexes,
        operator_classes: rows.OperatorClasses,
        builders: rows.Builders,
    ) -> None:
        vectors = Vectors({None: ()})
        constraints_of = _by_table(constraints.tables, _constraints(constraints, vectors))
        indexes_of = _by_table(indexes.tables, _indexes(indexes, builders, vectors, constraints_of))
        self._constraints = {oid: tuple(sorted(each)) for oid, each in constraints_of.items()}
        self._indexes = {oid: tuple(sorted(each)) for oid, each in indexes_of.items()}
        self._columns = {oid: tuple(sorted(each.values())) for oid, each in self._numbered.items()}
        usual = UsualClasses(operator_classes)
        for oid, each in self._indexes.items():
            if silent := _silent(self._numbered.get(oid, {}), each, usual):
                self._silent[oid] = silent
        validity = zip(indexes.tables, indexes.are_valid, strict=True)
        self._unfinished = frozenset(table for table, valid in validity if not valid)

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
        own_triggers = _by_table(triggers.tables, map(Trigger._make, zip(*triggers[1:], strict=True)))
        own_policies = _by_table(policies.tables, _policies(policies))
        parents = _by_table(inheritance.tables, inheritance.parents)
        all_comments = _comments(comments)
        all_numberings = _by_table(numberings.tables, map(Numbering._make, zip(*numberings[1:], strict=True)))
        schema_names = dict(zip(*schemas, strict=True))
        of_extensions = frozenset(members.tables)
        built = Built({}, {}, self._unfinished)
        for oid, schema_oid, name, *own, rows_, pages, file in zip(*tables, strict=True):
            schema = schema_names.get(schema_oid)
            if schema is None:
                continue
            own_constraints = self._constraints.get(oid, ())
            _refuse_torn(self._numbered.get(oid, {}), own_constraints)
            if oid in self._silent:
                built.silent[oid] = self._silent[oid]
            kind, persistence, owner, is_partition, row_security, forced, identity, typed = own
            if owner.startswith("unknown (OID="):  # what pg_get_userbyid says of a role that was dropped since
                raise SnapshotTorn(f"The owner of {schema}.{name} is gone: {owner}.")
            own_comments = all_comments.get(oid, {})
            built.tables[oid] = Table(
                oid,
                schema,
                name,
                kind,
                persistence,
                owner,
                tuple(parents.get(oid, ())),
                is_partition,
                row_security,
                forced,
                identity,
                typed,
                self._left_alone.covers(schema, name, oid in of_extensions),
                own_comments.pop(0, None),
                self._columns.get(oid, ()),
                own_constraints,
                self._indexes.get(oid, ()),
                tuple(sorted(own_triggers.get(oid, ()))),
                tuple(sorted(own_policies.get(oid, ()))),
                tuple(sorted(own_comments.items())),
                tuple(sorted(all_numberings.get(oid, ()))),
                Statistics(rows_, pages, file),
            )
        return built


class Vectors(dict[str | None, tuple[int, ...]]):
    """Vectors (`1 2`) and arrays (`{1,2}`) as the server writes them."""

    def __missing__(self, text: str | None) -> tuple[int, ...]:
        vector = tuple(map(int, (text or "").translate(_PUNCTUATION).split()))
        self[text] = vector
        return vector


class Lists(dict[str | None, tuple[str, ...]]):
    """Lists of texts in JSON."""

    def __missing__(self, text: str | None) -> tuple[str, ...]:
        self[text] = texts = tuple(json.loads(text or "[]"))
        return texts


def _columns(read: rows.Columns, defaults: rows.Defaults, encoding: str) -> dict[Oid, Numbered]:
    by_table: defaultdict[Oid, Numbered] = defaultdict(dict)
    if not read.numbers:
        return by_table
    names, types = (run.decode(encoding).split("\0") for run in read[:2])
    tables, numbers = zip(*_RECORD.iter_unpack(read.numbers), strict=True)
    keys = list(zip(names, numbers, strict=True))
    known = {key: _column(*key, type_name) for key, type_name in dict(zip(keys, types, strict=True)).items()}
    for table, column in zip(tables, map(known.__getitem__, keys), strict=True):
        by_table[table][column[0]] = column
    _add_defaults(defaults, by_table)
    return by_table


def _column(name: str, numbers: bytes, type_name: str) -> Column:
    number, type_oid, modifier, collation, not_null, inherited, identity, generated = _NUMBERS.unpack(numbers)
    if type_name.startswith("???"):  # what format_type says of a type that was dropped since; a name would be quoted
        raise SnapshotTorn(f"The type of column {name}, with OID {type_oid}, is gone.")
    return Column(
        number,
        sys.intern(name),
        type_oid,
        modifier,
        sys.intern(type_name),
        not_null,
        None,
        identity.decode().strip("\0"),
        generated.decode().strip("\0"),
        collation,
        inherited,
    )


def _add_defaults(defaults: rows.Defaults, by_table: Mapping[Oid, Numbered]) -> None:
    known: dict[tuple[Column, int], Column] = {}
    for table, number, digest in zip(*defaults, strict=True):
        column = by_table[table].get(number)
        if column is None:
            raise SnapshotTorn(f"Column {number} of the table with OID {table} has a default, but was not read.")
        key = (column, digest)
        by_table[table][number] = known.get(key) or known.setdefault(key, column._replace(default=digest))


def _constraints(read: rows.Constraints, vectors: Vectors) -> Iterator[Constraint]:
    return made(
        Constraint,
        *read[1:4],
        map(vectors.__getitem__, read.columns),
        *read[5:9],
        map(vectors.__getitem__, read.referenced_columns),
        *read[10:13],
        map(vectors.__getitem__, read.on_delete_columns),
        *read[14:],
    )


def _indexes(
    of: rows.Indexes, builders: rows.Builders, vectors: Vectors, constraints: Mapping[Oid, Iterable[Constraint]]
) -> Iterator[Index]:
    owners = {each.index_oid: each.oid for own in constraints.values() for each in own if each.kind != "f"}
    building = frozenset(builders.tables)
    attributes = [vectors[columns] for columns in of.columns]
    keys = list(zip(attributes, of.keys, strict=True))
    lists = Lists({None: ()})
    return made(
        Index,
        of.oids,
        of.names,
        map(sys.intern, of.methods),
        (columns if count == len(columns) else columns[:count] for columns, count in keys),
        (columns[count:] for columns, count in keys),
        map(vectors.__getitem__, of.operator_classes),
        map(vectors.__getitem__, of.collations),
        map(vectors.__getitem__, of.options),
        *of[9:18],
        map(owners.get, of.oids, repeat(0)),
        of.parents,
        map(_shape, of.expressions, of.predicates),
        repeat(None),
        (not valid and table in building for valid, table in zip(of.are_valid, of.tables, strict=True)),
        map(lists.__getitem__, of.storages),
        map(lists.__getitem__, of.class_options),
    )


def _policies(read: rows.Policies) -> Iterator[Policy]:
    lists = Lists({None: ()})
    for role in {role for roles in read.roles for role in lists[roles]}:
        refuse_vanished(role)
    return made(Policy, *read[1:5], map(lists.__getitem__, read.roles), *read[6:])


def refuse_vanished(role: str) -> None:
    """Raise SnapshotTorn for what pg_get_userbyid says of a role that was dropped since."""
    if role.startswith("unknown (OID="):
        raise SnapshotTorn(f"A role is gone: {role}.")


def made(kind: type[Part], *fields: Iterable[Any]) -> Iterator[Part]:
    """NamedTuples of these fields, in order; what their own constructor does, but without a call in Python for each."""
    make: Callable[..., Any] = tuple[Any, ...].__new__
    return map(partial(make, kind), zip(*fields))  # noqa: B905 - some repeat for ever


def _shape(expressions: str | None, predicate: str | None) -> str | None:
    if expressions is predicate is None:
        return None
    return _LOCATION.sub("", f"{expressions or ''}|{predicate or ''}")


def _silent(columns: Numbered, indexes: Iterable[Index], usual: UsualClasses) -> set[Oid]:
    try:
        return {index.oid for index in indexes if not says_all(index, columns, usual)}
    except KeyError as missing:
        raise SnapshotTorn(f"An index stands on column {missing}, which was not read.") from missing


def _refuse_torn(columns: Numbered, constraints: Iterable[Constraint]) -> None:
    for constraint in constraints:
        for number in constraint.columns:
            if number not in columns and number > 0:  # system columns are always there
                raise SnapshotTorn(f"Constraint {constraint.name} stands on column {number}, which was not read.")


def _comments(read: rows.Comments) -> dict[Oid, dict[AttributeNumber, str]]:
    by_table: defaultdict[Oid, dict[AttributeNumber, str]] = defaultdict(dict)
    for table, number, comment in zip(*read, strict=True):
        by_table[table][number] = comment
    return by_table


def _by_table(tables: Sequence[Oid], parts: Iterable[Part]) -> dict[Oid, list[Part]]:
    by_table: defaultdict[Oid, list[Part]] = defaultdict(list)
    for table, part in zip(tables, parts, strict=True):
        by_table[table].append(part)
    return by_table
