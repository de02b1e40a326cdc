"""A better candidate: another key of the same table that the name means as well, and whose type the column fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..families import Fit
from ..kind import Candidate, Kind, Sight
from ..naming import read_column
from ..weights import BETTER_TYPED
from ..wording import columns_of
from .naming import KeyName, key_name


def _weigh(candidate: Candidate, among: Sequence[Candidate], _: Sight) -> Iterator[Evidence]:
    if candidate.fit is not Fit.MISMATCH:
        return
    for other in among:
        if other.key_table is candidate.key_table and other.fit is not Fit.MISMATCH and _is_meant(other):
            better = columns_of(other.key_table, other.link.key.columns)
            yield Evidence("better_candidate", BETTER_TYPED, f"Its type fits {better}, which it may mean instead.")
            return


def _is_meant(other: Candidate) -> bool:
    for column, key_column in zip(other.columns, other.key_columns, strict=True):
        reading = read_column(column.name)
        if reading is not None:
            named = key_name(reading, column, key_column, other.key_table, primary=other.primary)
            if named is not KeyName.OTHER or _identifies(key_column.name):
                return True
    return False


def _identifies(name: str) -> bool:
    """Whether a key column is an identifier by its name, as against a value that people write (an e-mail address)."""
    return read_column(f"x_{name}") is not None


KIND = Kind("better_candidate", _weigh)
