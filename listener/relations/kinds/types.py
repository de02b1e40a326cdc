"""Types: whether the column's type is one that a key of this type is referred to with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..families import UUID, Fit
from ..kind import Candidate, Kind, Sight
from ..weights import OTHER_TYPE, SAME_TYPE, SAME_UUID


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    ours = " and ".join(dict.fromkeys(column.type_name for column in candidate.columns))
    theirs = " and ".join(dict.fromkeys(column.type_name for column in candidate.key_columns))
    match candidate.fit:
        case Fit.SAME:
            weight = SAME_UUID if any(column.type_oid == UUID for column in candidate.columns) else SAME_TYPE
            seen = f"Both are {ours}." if ours == theirs else f"{ours} refers to {theirs}, a type of the same family."
            yield Evidence("types", weight, seen)
        case Fit.MISMATCH:
            yield Evidence("types", OTHER_TYPE, f"It is {ours}, the key is {theirs}.")
        case _:
            return


KIND = Kind("types", _weigh)
