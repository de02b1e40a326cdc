"""Joins in the application's code: what its analysis saw compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..joined import joins
from ..kind import Candidate, Kind, Sight
from ..sighting import SourceKind


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    return joins(SourceKind.CODE, candidate, sight)


KIND = Kind("code_joins", _weigh)
