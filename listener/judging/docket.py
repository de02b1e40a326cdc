"""The docket: the tables to be judged in one go, and quick ways to those of them that a rule can have anything against.

A hundred thousand columns are a few thousand different ones: equal columns are one object in a snapshot. So a column is
looked at once, whoever has it, and which tables have it is asked of sets by identity, without a call for each column.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from itertools import chain

from ..catalog.snapshot import Column, Constraint, Table
from .scene import Scene

_FEW = 5


class Docket:
    """Tables to be judged, none of them left alone, within the scene that they are judged in."""

    def __init__(self, tables: Sequence[Table], scene: Scene) -> None:
        self.tables = tables
        self.scene = scene

    @cached_property
    def columns(self) -> Collection[Column]:
        """The columns of all tables, each object once."""
        every = list(chain.from_iterable(table.columns for table in self.tables))
        return dict(zip(map(id, every), every, strict=True)).values()

    def having(self, guilty: Callable[[Column], object]) -> Sequence[Table]:
        """The tables with a column of which that is true."""
        found = {id(column) for column in self.columns if guilty(column)}
        if not found:
            return ()
        return [table for table in self.tables if not found.isdisjoint(map(id, table.columns))]

    @cached_property
    def numbered(self) -> Sequence[Table]:
        """The tables with a column that a sequence numbers."""
        return [table for table in self.tables if table.numberings]

    @cached_property
    def foreign_keys(self) -> Sequence[tuple[Table, Constraint]]:
        """Every foreign key with its table."""
        return [(table, each) for table in self.tables for each in table.constraints if each.kind == "f"]

    @cached_property
    def led_alike(self) -> Sequence[Table]:
        """The tables of which two indexes begin with the same column, or with an expression."""
        found: list[Table] = []
        for table in self.tables:
            indexes = table.indexes
            if len(indexes) > 1 and len({index.columns[0] for index in indexes}) < len(indexes):
                found.append(table)
        return found

    @cached_property
    def related(self) -> Sequence[Table]:
        """The tables of which a column may mean a key without a foreign key that says so."""
        return self.scene.relations.related(self.tables)

    @cached_property
    def changed(self) -> Sequence[Table]:
        """The tables that were seen to change."""
        return [table for table in self.tables if table.oid in self.scene.changes]

    @cached_property
    def triggered(self) -> Sequence[Table]:
        """The tables with triggers."""
        return [table for table in self.tables if table.triggers]

    @cached_property
    def with_policies(self) -> Sequence[Table]:
        """The tables with policies."""
        return [table for table in self.tables if table.policies]

    @cached_property
    def without_primary_key(self) -> Sequence[Table]:
        """The tables without a primary key."""
        keyed = {table.oid for table in self.tables for each in table.constraints if each.kind == "p"}
        return [table for table in self.tables if table.oid not in keyed]

    @cached_property
    def unvalidated(self) -> Collection[Table]:
        """The tables with a constraint that does not hold for all of their rows."""
        return {table.oid: table for table in self.tables for each in table.constraints if not each.validated}.values()

    @cached_property
    def unfinished(self) -> Collection[Table]:
        """The tables with an index that is not valid, or not ready."""
        tables = self.tables
        return {
            table.oid: table for table in tables for each in table.indexes if not (each.valid and each.ready)
        }.values()

    @cached_property
    def keyless(self) -> Sequence[Table]:
        """The tables without any unique index: nothing keeps their rows apart."""
        without = [table for table in self.tables if not (table.indexes and table.indexes[0].unique)]
        return [table for table in without if not any(index.unique for index in table.indexes)]

    @cached_property
    def tying(self) -> Sequence[Table]:
        """The tables of few columns that two foreign keys tie to others."""
        few = [table for table in self.tables if len(table.columns) <= _FEW and len(table.constraints) > 1]
        return [table for table in few if len(table.foreign_keys) == 2]

    @cached_property
    def different(self) -> Sequence[Table]:
        """The tables that are not as the expected schema has them."""
        differences = self.scene.expected.differences
        return [table for table in self.tables if table.oid in differences] if differences else ()


def either(*several: Iterable[Table]) -> Sequence[Table]:
    """Tables of any of those, each once."""
    return list({table.oid: table for tables in several for table in tables}.values())
