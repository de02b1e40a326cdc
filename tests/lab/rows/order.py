"""In which order tables are filled, and which foreign keys have to wait until all are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from .shape import ForeignKey, Shape, Table


@dataclass(frozen=True, slots=True)
class Order:
    """Tables, parents first, and the foreign keys that close a cycle: their columns are set in the end."""

    tables: tuple[Table, ...]
    late: frozenset[tuple[int, str]]

    def is_late(self, table: Table, key: ForeignKey) -> bool:
        return (table.oid, key.name) in self.late


def order_of(shape: Shape) -> Order:
    """Parents before children. Of each cycle that foreign key waits whose columns may be NULL, if there is one."""
    late = {(table.oid, key.name) for table in shape.tables.values() for key in table.foreign_keys
            if key.parent == table.oid or key.parent not in shape.tables}  # fmt: skip
    while True:
        try:
            sorted_oids = tuple(TopologicalSorter(_parents(shape, late)).static_order())
        except CycleError as error:
            late.add(_to_wait(shape, error.args[1], late))
        else:
            return Order(tuple(shape.tables[oid] for oid in sorted_oids), frozenset(late))


def _parents(shape: Shape, late: set[tuple[int, str]]) -> Mapping[int, list[int]]:
    """What has to be filled before each table: its parents, with their partitions. Names decide between equals."""
    return {
        table.oid: sorted(
            {
                oid
                for key in table.foreign_keys
                if (table.oid, key.name) not in late
                for oid in shape.family(key.parent)
                if oid != table.oid
            },
            key=lambda oid: str(shape.tables[oid]),
        )
        for table in shape.tables.values()
    }


def _to_wait(shape: Shape, cycle: list[int], late: set[tuple[int, str]]) -> tuple[int, str]:
    """The foreign key of the cycle that it is easiest to set later."""
    found: list[tuple[bool, str, int, str]] = []
    for parent, child in pairwise(cycle):
        table = shape.tables[child]
        for key in table.foreign_keys:
            if parent in shape.family(key.parent) and (child, key.name) not in late:
                hard = any(table.column(number).not_null for number in key.columns)
                found.append((hard, str(table), child, key.name))
    _, _, child, name = min(found)
    return child, name
