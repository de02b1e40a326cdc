"""Polymorphism: `owner_id` beside `owner_type`, `object_id` beside `content_type_id`: each row means its own table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..kind import Candidate, Kind, Sight
from ..naming import SELECTORS, read_column, words_of
from ..weights import POLYMORPHIC

_DJANGO = ("object", ("content", "type", "id"))


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    if len(candidate.columns) != 1:
        return
    column = candidate.columns[0]
    reading = read_column(column.name)
    if reading is None:
        return
    first, content = reading.words[0], reading.words[-1] == _DJANGO[0]
    for other in candidate.table.columns:
        if not content and other.name[: len(first)].lower() != first:
            continue
        words = words_of(other.name)
        selects = words[:-1] == reading.words and words[-1] in SELECTORS
        if selects or (content and words == _DJANGO[1]):
            seen = f"{other.name} beside {column.name} says which table is meant, row by row."
            yield Evidence("polymorphism", POLYMORPHIC, seen)
            return


KIND = Kind("polymorphism", _weigh)
