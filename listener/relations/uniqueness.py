"""A key that ought to be there: columns whose values should differ from row to row."""

from __future__ import annotations

from typing import NamedTuple

from ..catalog.snapshot import AttributeNumber, Oid


class Uniqueness(NamedTuple):
    """Columns of a table, in ascending order.

    Where `one_null`, NULLs are equal, as in an index with NULLS NOT DISTINCT; otherwise a row with a NULL repeats none.
    `whole` rows are compared in all of `columns`: NULLs are equal, and of nothing but NULLs there may be many.
    """

    table: Oid
    columns: tuple[AttributeNumber, ...]
    one_null: bool = False
    whole: bool = False

    @property
    def tables(self) -> tuple[Oid, ...]:
        """The tables that are read to count it."""
        return (self.table,)
