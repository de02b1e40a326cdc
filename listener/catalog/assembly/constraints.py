"""Constraints, of rows that tell in one text what many of them say alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...errors import SnapshotTorn
from .. import rows
from ..snapshot import Constraint, Oid
from .by_table import sorted_by_table
from .columns import Columns, column_at
from .texts import Vectors, maker

_Said = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


def constraints_by_table(read: rows.Constraints) -> dict[Oid, tuple[Constraint, ...]]:
    """The constraints of each table by OID."""
    return sorted_by_table(read.tables, _constraints(read))


def refuse_torn(constraints: Mapping[Oid, Iterable[Constraint]], columns: Mapping[Oid, Columns]) -> None:
    """Raise SnapshotTorn where a column is missing that a constraint stands on."""
    for table, own in constraints.items():
        there = columns.get(table, ())
        for constraint in own:
            for number in constraint.columns:
                if column_at(there, number) is None and number > 0:  # system columns are always there
                    raise SnapshotTorn(f"Constraint {constraint.name} stands on column {number}, which was not read.")


class _Terms(dict[str, _Said]):
    """The texts `terms`, read: the fields before the referenced table, those after it, and those after the digest."""

    def __init__(self) -> None:
        super().__init__()
        self._vectors = Vectors()

    def __missing__(self, text: str) -> _Said:
        kind, columns, valid, deferrable, deferred, referenced, match, update, delete, set_columns, *rest = text.split(
            "|"
        )
        vectors = self._vectors
        self[text] = said = (
            (kind, vectors[columns], valid == "t", deferrable == "t", deferred == "t"),
            (vectors[referenced], match, update, delete, vectors[set_columns]),
            tuple(each == "t" for each in rest),
        )
        return said


def _constraints(read: rows.Constraints) -> Iterator[Constraint]:
    terms, make = _Terms(), maker(Constraint)
    for _, oid, name, text, referenced, index, parent, expression in zip(*read, strict=True):
        first, reference, last = terms[text]
        yield make((oid, name, *first, referenced, *reference, index, parent, expression, *last))
