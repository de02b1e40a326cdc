"""Containment: how many of the column's values are in the key. An empty table says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..families import UUID, Fit, countable
from ..kind import Candidate, Kind, Sight
from ..measurement import Containment, speaks
from ..weights import (
    CONTAINED,
    CONTAINED_AFTER_CAST,
    CONTAINED_UUIDS,
    ENOUGH_ROWS,
    FEW_OUTSIDE,
    MANY_OUTSIDE,
    MOST_OUTSIDE,
    NO_SIGN_OUTSIDE,
    SOME_OUTSIDE,
)
from ..wording import columns_of, count

NAME = "containment"
_FOR_NONE = frozenset({"'0'", "'-1'", "''"})


def most_by_counting(candidate: Candidate) -> float:
    """What counting the values can at best add to the belief in a candidate."""
    pairs = zip(candidate.columns, candidate.key_columns, strict=True)
    if not all(countable(ours.type_oid, theirs.type_oid) for ours, theirs in pairs):
        return 0.0
    return _scale(candidate)[0][1] + (CONTAINED_AFTER_CAST if candidate.fit is Fit.MISMATCH else 0.0)


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    found = sight.measurements.counted(candidate.link)
    if found is not None and speaks(found):
        none = stands_for_none(found)
        bounded = none is not None or found.outside <= found.rows * NO_SIGN_OUTSIDE
        weight = _inside(candidate, found, none) if bounded else _outside(found)
        yield Evidence(NAME, weight, _seen(candidate, found))


def stands_for_none(found: Containment) -> str | None:
    """The one value that all rows without a key have, where it is one that people write for nothing."""
    only = found.examples[0] if len(found.examples) == 1 else None
    return only if only in _FOR_NONE and not found.uncastable and 0 < found.outside < found.rows else None


def _inside(candidate: Candidate, found: Containment, none: str | None) -> float:
    share = found.outside / found.rows
    if none is None and share > FEW_OUTSIDE:
        return 0.0
    distinct = found.distinct if none is None else found.distinct - 1
    weight = next((weight for least, weight in _scale(candidate) if distinct >= least), 0.0)
    if weight and candidate.fit is Fit.MISMATCH:
        weight += CONTAINED_AFTER_CAST
    return max(0.0, weight + SOME_OUTSIDE) if found.outside else weight


def _outside(found: Containment) -> float:
    weight = MANY_OUTSIDE if found.outside * 2 <= found.rows else MOST_OUTSIDE
    return weight if found.rows >= ENOUGH_ROWS else weight / 2


def _scale(candidate: Candidate) -> tuple[tuple[int, float], ...]:
    return CONTAINED_UUIDS if any(column.type_oid == UUID for column in candidate.key_columns) else CONTAINED


def _seen(candidate: Candidate, found: Containment) -> str:
    key = columns_of(candidate.key_table, candidate.link.key.columns)
    looked = count(found.rows, "row") if found.exact else f"{count(found.rows, 'row')} of a sample"
    inside = found.rows - found.outside
    values = f"{count(found.distinct, 'distinct value')} seen"
    if not found.outside:
        return f"Every value is in {key}: {looked}, {values}."
    none = stands_for_none(found)
    if none is not None:
        return f"{inside:,} of {looked} have their value in {key}, and the others have {none}; {values}."
    return f"{inside:,} of {looked} have their value in {key}, {found.outside:,} do not; {values}."


KIND = Kind(NAME, _weigh)
