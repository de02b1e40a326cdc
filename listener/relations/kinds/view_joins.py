"""Joins in views: the columns are compared with the key wherever the view is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..joined import joined_with, joins
from ..kind import Candidate, Kind, Sight
from ..sighting import SourceKind


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    return joins(SourceKind.VIEW, candidate, sight)


KIND = Kind("view_joins", _weigh, joined_with)
