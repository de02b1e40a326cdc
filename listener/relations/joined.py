"""What a join in code is worth: the strongest kind of source counts in full, and each other one a little.

One join is seen twice where a function's query is a statement too, or a statement comes out of code that was read: so
the kinds of sources do not add up as independent reasons do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..catalog.snapshot import Column, Table
from ..evidence import Evidence
from .kind import Candidate, Sight
from .relation import Link, link_of
from .sighting import ENOUGH, Seen, Sighting, SourceKind
from .weights import (
    JOINED_AS_WELL,
    JOINED_IN_CODE,
    JOINED_IN_FUNCTIONS,
    JOINED_IN_STATEMENTS,
    JOINED_IN_VIEWS,
)
from .wording import columns_of


class _Kind(NamedTuple):
    name: str
    plural: str
    scale: tuple[float, ...]


_KINDS = {
    SourceKind.VIEW: _Kind("view_joins", "views", JOINED_IN_VIEWS),
    SourceKind.FUNCTION: _Kind("function_joins", "functions", JOINED_IN_FUNCTIONS),
    SourceKind.STATEMENT: _Kind("statement_joins", "statements", JOINED_IN_STATEMENTS),
    SourceKind.CODE: _Kind("code_joins", "places", JOINED_IN_CODE),
}


def joined_with(table: Table, free: Sequence[Column], sight: Sight) -> Iterator[Link]:
    """The keys that code compares the table's free columns with."""
    if table.oid not in sight.register.sightings:
        return
    numbers = {column.number for column in free}
    for sighting in sight.register.sightings.of_table(table.oid):
        yield from _links(sighting, numbers, sight)


def joins(kind: SourceKind, candidate: Candidate, sight: Sight) -> Iterator[Evidence]:
    """The piece that sources of the kind add for the candidate, if any has it."""
    seen = _seen(candidate.link, sight)
    if kind not in seen:
        return
    strongest = max(seen, key=lambda each: (_worth(seen[each]), -list(SourceKind).index(each)))
    weight = _worth(seen[kind]) if kind is strongest else JOINED_AS_WELL
    key = columns_of(candidate.key_table, candidate.link.key.columns)
    names = ", ".join(column.name for column in candidate.columns)
    found, of = seen[kind], _KINDS[kind]
    many = f"{ENOUGH} or more" if found.sources >= ENOUGH else str(found.sources)
    who = f"{found.example} joins" if found.sources == 1 else f"{many} {of.plural}, {found.example} among them, join"
    yield Evidence(of.name, weight, f"{who} {names} with {key}.")


def _worth(seen: Seen) -> float:
    return _KINDS[seen.kind].scale[seen.sources]


def _links(sighting: Sighting, free: set[int], sight: Sight) -> Iterator[Link]:
    """Each key that stands on the other side of the comparison, whole."""
    pairs = [(theirs, ours) for ours, theirs in zip(sighting.columns, sighting.other_columns, strict=True)]
    with_key = dict(pairs)
    if len(with_key) < len(pairs):
        return  # one column of the key is compared with two of ours: neither alone is meant
    for key in sight.register.keys(sighting.other):
        if with_key.keys() >= set(key.columns):
            columns = tuple(with_key[number] for number in key.columns)
            if free.issuperset(columns) and len(set(columns)) == len(columns):
                yield link_of(sighting.table, columns, sighting.other, key.columns)


def _seen(link: Link, sight: Sight) -> dict[SourceKind, Seen]:
    """The kinds of sources that have the link; what several sightings say counts with the most of them."""
    found: dict[SourceKind, Seen] = {}
    free = set(link.columns)
    for sighting in sorted(sight.register.sightings.of_table(link.table)):
        if sighting.other == link.key.table and free <= set(sighting.columns) and link in _links(sighting, free, sight):
            for seen in sight.register.sightings.of_pair(sighting):
                if seen.kind not in found or seen.sources > found[seen.kind].sources:
                    found[seen.kind] = seen
    return found
