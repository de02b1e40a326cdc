"""Outliving: tables of audits, archives and deleted rows keep the number of what is gone, on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..kind import Candidate, Kind, Sight
from ..naming import words_of
from ..weights import OUTLIVES

_WORDS = frozenset(
    {"archive", "archived", "archives", "audit", "audits", "deleted", "tombstone", "tombstones", "trash"}
)
_STARTS = ("audit", "archive")


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    ours, theirs = words_of(candidate.table.name), set(words_of(candidate.key_table.name))
    word = next((each for each in ours if each in _WORDS or each.startswith(_STARTS)), None)
    # A part of an audit belongs to it.
    if word is not None and not any(each in _WORDS or each.startswith(_STARTS) for each in theirs):
        seen = f"The name {candidate.table.name} says that its rows outlive what they tell of ({word})."
        yield Evidence("outliving", OUTLIVES, seen)


KIND = Kind("outliving", _weigh)
