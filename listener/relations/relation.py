"""A relation: columns of one table that mean a key of another, and the evidence for and against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..catalog.snapshot import AttributeNumber, Oid, Table
from ..evidence import Evidence
from ..remedy import AddForeignKey


class Key(NamedTuple):
    """A unique key of a table: what a foreign key can point at. Columns are in ascending order."""

    table: Oid
    columns: tuple[AttributeNumber, ...]


class UniqueKey(NamedTuple):
    """A key that a foreign key could point at; columns in ascending order."""

    columns: tuple[AttributeNumber, ...]
    primary: bool


class Link(NamedTuple):
    """Columns of a table meant as a reference to a key; they pair up by position."""

    table: Oid
    columns: tuple[AttributeNumber, ...]
    key: Key

    @property
    def tables(self) -> tuple[Oid, ...]:
        """The tables that are read to count it, each once."""
        return tuple(dict.fromkeys((self.table, self.key.table)))


@dataclass(frozen=True, slots=True)
class Relation:
    """A link with the evidence weighed. `belief` is the sum of the evidence's log-odds and the prior.

    `declared` is true where a foreign key says so. `believed` holds when the belief passes the threshold and no
    other candidate comes near; `rivals` are those that do, and then the relation is reported as ambiguous and not
    acted upon. `fits` is false where no foreign key could be made, since the types share no equality operator.
    `at_best` is the belief if counting found every value in the key.
    """

    link: Link
    evidence: tuple[Evidence, ...]
    belief: float
    declared: bool
    believed: bool
    rivals: tuple[Link, ...] = ()
    fits: bool = True
    at_best: float = 0.0


def link_of(table: Oid, columns: tuple[AttributeNumber, ...], key: Oid, keyed: tuple[AttributeNumber, ...]) -> Link:
    """The link of those columns to those of the key's table, pairs in the key's ascending order."""
    if len(columns) == 1:
        return Link(table, columns, Key(key, keyed))
    pairs = sorted(zip(keyed, columns, strict=True))
    return Link(table, tuple(column for _, column in pairs), Key(key, tuple(number for number, _ in pairs)))


def foreign_key_of(relation: Relation) -> AddForeignKey:
    """The foreign key that would declare it, with no action."""
    link = relation.link
    return AddForeignKey(link.table, link.columns, link.key.table, link.key.columns)


@dataclass(frozen=True)
class Relations:
    """Relations by the table that refers. At most one per column set is believed.

    `by_table` holds the candidates that no foreign key covers, `declared` those that one does; `by_key` the
    candidates by the table referred to (None: found in `by_table`). The mappings may compute on demand: then they are
    true until the atlas they come from takes another table.
    """

    by_table: Mapping[Oid, tuple[Relation, ...]] = field(default_factory=dict[Oid, tuple[Relation, ...]])
    declared: Mapping[Oid, tuple[Relation, ...]] = field(default_factory=dict[Oid, tuple[Relation, ...]])
    by_key: Mapping[Oid, tuple[Relation, ...]] | None = None

    def of(self, table: Oid) -> tuple[Relation, ...]:
        """All relations of the table's columns: declared ones, then candidates, strongest first."""
        return self.declared.get(table, ()) + self.inferred(table)

    def inferred(self, table: Oid) -> tuple[Relation, ...]:
        """The candidates among the table's columns that no foreign key covers, strongest first."""
        return self.by_table.get(table, ())

    def related(self, tables: Iterable[Table]) -> Sequence[Table]:
        """Those of the tables that have candidates."""
        return [table for table in tables if self.by_table.get(table.oid)]

    def meant(self, table: Oid) -> Iterator[Relation]:
        """For each column set the candidate that passes the threshold, be it believed or ambiguous."""
        seen: set[tuple[AttributeNumber, ...]] = set()
        for relation in self.inferred(table):
            if (relation.believed or relation.rivals) and relation.link.columns not in seen:
                seen.add(relation.link.columns)
                yield relation

    def to(self, table: Oid) -> tuple[Relation, ...]:
        """The candidates that refer to a key of the table, by referring table."""
        if self.by_key is not None:
            return self.by_key.get(table, ())
        found = [each for relations in self.by_table.values() for each in relations if each.link.key.table == table]
        return tuple(sorted(found, key=lambda each: (each.link.table, each.link.columns)))
