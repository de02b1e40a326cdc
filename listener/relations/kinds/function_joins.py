"""Joins in functions: their SQL compares the columns with the key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..joined import joins
from ..kind import Candidate, Kind, Sight
from ..sighting import SourceKind


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    return joins(SourceKind.FUNCTION, candidate, sight)


KIND = Kind("function_joins", _weigh)
