"""Composite names: a column set that is called exactly as a composite key's columns are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...catalog.snapshot import Column, Table
from ...evidence import Evidence
from ..kind import Candidate, Kind, Sight
from ..naming import read_column
from ..register import OWN_KEY_NAMES, covered_columns
from ..relation import Link, link_of
from ..weights import COMPOSITE_KEY_NAMES, COMPOSITE_KEY_NAMES_WITH_OWN

NAME = "composite_names"
_MOST_TABLES = 4


def _propose(table: Table, free: Sequence[Column], sight: Sight) -> Iterator[Link]:
    sets = sight.register.quarter(table.schema).key_sets
    if not sets:
        return
    numbers = {column.name: column.number for column in free}
    for names in sets.within(numbers):
        targets = sets.tables(names)
        # A table with the same key is a relative of those tables, no reference to them.
        if len(targets) > _MOST_TABLES or table.oid in targets:
            continue
        for target in targets:
            key_table = sight.register.tables[target]
            for key in sight.register.keys(target):
                key_names = key_table.names(key.columns)
                if tuple(sorted(key_names)) == names:
                    yield link_of(table.oid, tuple(numbers[name] for name in key_names), target, key.columns)


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    names = [column.name for column in candidate.columns]
    if len(names) > 1 and names == [column.name for column in candidate.key_columns]:
        seen = f"The columns are called as the key {', '.join(names)} of {candidate.key_table.qualified_name} is"
        own = _own_part(candidate)
        if own is None:
            yield Evidence(NAME, COMPOSITE_KEY_NAMES, f"{seen}.")
        else:
            yield Evidence(NAME, COMPOSITE_KEY_NAMES_WITH_OWN, f"{seen}, of which {own} is its own.")


def _own_part(candidate: Candidate) -> str | None:
    """The part of a primary key that refers to nothing, such as the number of a line within its order."""
    if not candidate.primary:
        return None
    covered = covered_columns(candidate.key_table)
    own = [column.name for column in candidate.key_columns if column.number not in covered and _counts(column.name)]
    return own[0] if 0 < len(own) < len(candidate.key_columns) else None


def _counts(name: str) -> bool:
    """Whether the name is a number's within something, and neither an identifier's nor what any table has (`id`)."""
    reading = read_column(name)
    return name.lower() not in OWN_KEY_NAMES and (reading is None or reading.suffix == "no")


KIND = Kind(NAME, _weigh, _propose)
