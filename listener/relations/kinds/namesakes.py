"""Namesakes: columns of the same name in other tables that have the key's type, where this one has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..families import Fit, family
from ..kind import Candidate, Kind, Sight
from ..naming import read_column
from ..votes import ENOUGH
from ..weights import NAMESAKES


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    if candidate.fit is not Fit.MISMATCH or len(candidate.columns) != 1:
        return
    column, key_column = candidate.columns[0], candidate.key_columns[0]
    wanted = family(key_column.type_oid)
    if wanted is None or read_column(column.name) is None:
        return
    if sight.audience().namesakes(candidate.table.schema, column.name, wanted, sight.register.tables):
        seen = f"{ENOUGH} or more other tables have a column {column.name} of the key's type, {key_column.type_name}."
        yield Evidence("namesakes", NAMESAKES, seen)


KIND = Kind("namesakes", _weigh)
