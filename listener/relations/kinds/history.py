"""History: a foreign key that somebody dropped, a type that somebody changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...catalog.snapshot import Column, Table
from ...evidence import Evidence
from ..families import Fit, fit
from ..former import former_foreign_keys, former_type
from ..kind import Candidate, Kind, Sight
from ..relation import Link, link_of
from ..weights import DROPPED, FORMER_FOREIGN_KEY, FORMER_TYPE
from ..wording import columns_of


def _propose(table: Table, free: Sequence[Column], sight: Sight) -> Iterator[Link]:
    changes = sight.changes.get(table.oid)
    if changes:
        numbers = {column.number for column in free}
        for key in former_foreign_keys(changes):
            if numbers.issuperset(key.columns):
                yield link_of(table.oid, key.columns, key.referenced_table, key.referenced_columns)


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    changes = sight.changes.get(candidate.table.oid)
    if changes:
        for key in former_foreign_keys(changes):
            link = link_of(candidate.table.oid, key.columns, key.referenced_table, key.referenced_columns)
            if link == candidate.link:
                target = columns_of(candidate.key_table, key.referenced_columns)
                yield Evidence("history", FORMER_FOREIGN_KEY, f"The foreign key {key.name} referred to {target}.")
                yield Evidence("deliberate_drop", DROPPED, f"Somebody dropped the foreign key {key.name}.")
                break
    if candidate.fit is Fit.MISMATCH:
        yield from _former_types(candidate, sight)


def _former_types(candidate: Candidate, sight: Sight) -> Iterator[Evidence]:
    for ours, theirs in zip(candidate.columns, candidate.key_columns, strict=True):
        was = former_type(sight.changes.get(candidate.table.oid, ()), ours.number, ours.type_name)
        if was is not None and fit(was.type_oid, theirs.type_oid) in (Fit.SAME, Fit.FITS):
            yield Evidence("history", FORMER_TYPE, f"{ours.name} was {was.type_name}, which fits the key.")
        key_was = former_type(sight.changes.get(candidate.key_table.oid, ()), theirs.number, theirs.type_name)
        if key_was is not None and fit(ours.type_oid, key_was.type_oid) in (Fit.SAME, Fit.FITS):
            key = f"{candidate.key_table.qualified_name}({theirs.name})"
            yield Evidence("history", FORMER_TYPE, f"{key} was {key_was.type_name}, which {ours.name} fits.")


KIND = Kind("history", _weigh, _propose)
