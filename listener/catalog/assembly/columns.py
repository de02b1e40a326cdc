"""Columns, of rows that tell them type by type."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from itertools import islice
from typing import NamedTuple

from ...errors import SnapshotTorn
from .. import rows
from ..snapshot import AttributeNumber, Column, Oid

Columns = tuple[Column, ...]

# The lower half of a number in `columns.sql`; the upper half is the table.
_NUMBER, _IDENTITY = 16, 8
_LETTER, _FLAG = 0x7F, 0x80


class _Type(NamedTuple):
    oid: Oid
    modifier: int
    collation: Oid
    name: str


def columns_by_table(read: rows.Columns, defaults: rows.Defaults, encoding: str) -> dict[Oid, Columns]:
    """The columns of each table by ascending number; equal ones are one object.

    Raises SnapshotTorn where a type is gone, or a default is there without its column.
    """
    places: list[int] = []
    columns: list[Column] = []
    for oid, modifier, collation, type_name, names, numbers in zip(*read, strict=True):
        if type_name.startswith(
            "???"
        ):  # what format_type says of a type that was dropped since; a name would be quoted
            raise SnapshotTorn(f"The type with OID {oid} is gone, and columns are of it.")
        kind = _Type(oid, modifier, collation, sys.intern(type_name))
        keys = list(zip(names.decode(encoding).split("\0"), _unsigned("I", numbers)[1::2], strict=True))
        known = {key: _column(*key, kind) for key in set(keys)}
        columns += map(known.__getitem__, keys)
        places += _unsigned("Q", numbers)
    order = sorted(range(len(places)), key=places.__getitem__)
    places = [places[at] for at in order]
    columns = [columns[at] for at in order]
    _add_defaults(defaults, places, columns)
    counts = Counter([place >> 32 for place in places])
    rest = iter(columns)
    return {table: tuple(islice(rest, count)) for table, count in counts.items()}


def column_at(columns: Columns, number: AttributeNumber) -> Column | None:
    """The column with that number, of a table's columns by number: at its own place, if none before it was dropped."""
    if 0 < number <= len(columns):
        column = columns[number - 1]
        if column.number == number:
            return column
    return next((column for column in columns if column.number == number), None)


def _unsigned(size: str, run: bytes) -> array[int]:
    """Numbers in network order, of 4 bytes ("I") or 8 ("Q")."""
    numbers = array(size, run)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _column(name: str, bits: int, kind: _Type) -> Column:
    identity, generated = bits >> _IDENTITY & _LETTER, bits & _LETTER
    return Column(
        bits >> _NUMBER,
        sys.intern(name),
        kind.oid,
        kind.modifier,
        kind.name,
        bool(bits >> _IDENTITY & _FLAG),
        None,
        chr(identity) if identity else "",
        chr(generated) if generated else "",
        kind.collation,
        bool(bits & _FLAG),
    )


def _add_defaults(defaults: rows.Defaults, places: list[int], columns: list[Column]) -> None:
    """Put the defaults into their columns; `places` are in order, and say table and number of each column."""
    known: dict[tuple[int, int], Column] = {}
    for table, number, digest in zip(*defaults, strict=True):
        place = table << 32 | number << _NUMBER
        at = bisect_left(places, place)
        if at == len(places) or places[at] >> _NUMBER != place >> _NUMBER:
            raise SnapshotTorn(f"Column {number} of the table with OID {table} has a default, but was not read.")
        column = columns[at]
        key = id(column), digest  # equal columns are one object, and live as long as this
        columns[at] = known.get(key) or known.setdefault(key, column._replace(default=digest))
