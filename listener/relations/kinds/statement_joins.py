"""Joins in statements that the server ran, as pg_stat_statements has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..joined import joins
from ..kind import Candidate, Kind, Sight
from ..sighting import SourceKind


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    return joins(SourceKind.STATEMENT, candidate, sight)


KIND = Kind("statement_joins", _weigh)
