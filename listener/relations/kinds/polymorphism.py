"""Polymorphism: `owner_id` beside `owner_type`, `object_id` beside `content_type_id`: each row means its own table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...catalog.snapshot import Column, Table
from ...evidence import Evidence
from ..kind import Candidate, Kind, Sight
from ..naming import SELECTORS, read_column, words_of
from ..register import covered_columns
from ..weights import PERHAPS_POLYMORPHIC, POLYMORPHIC

_DJANGO = ("object", ("content", "type", "id"))
_ANY = frozenset({"parent", "object", "owner", "target", "subject", "entity", "resource", "record", "source"})


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    if len(candidate.columns) != 1:
        return
    column = candidate.columns[0]
    selector = _beside(candidate.table, column) or _in_key(candidate.table, column)
    if selector is not None:
        if selector.number in covered_columns(candidate.table) and words_of(selector.name) != _DJANGO[1]:
            seen = f"{selector.name} beside {column.name} may say which table is meant, or of which class the row is."
            yield Evidence("polymorphism", PERHAPS_POLYMORPHIC, seen)
        else:
            seen = f"{selector.name} beside {column.name} says which table is meant, row by row."
            yield Evidence("polymorphism", POLYMORPHIC, seen)


def _beside(table: Table, column: Column) -> Column | None:
    """A selector called as the column is."""
    reading = read_column(column.name)
    if reading is None:
        return None
    first, content = reading.words[0], reading.words[-1] == _DJANGO[0]
    for other in table.columns:
        if not content and other.name[: len(first)].lower() != first:
            continue
        words = words_of(other.name)
        if (words[:-1] == reading.words and words[-1] in SELECTORS) or (content and words == _DJANGO[1]):
            return other
    return None


def _in_key(table: Table, column: Column) -> Column | None:
    """A selector such as `parent_type` that stands in a key with the column and that no `parent_id` goes with."""
    keys = [index.columns for index in table.indexes if index.unique and column.number in index.columns]
    for other in table.columns:
        if other is column or not any(other.number in key for key in keys):
            continue
        words = words_of(other.name)
        if len(words) == 2 and words[0] in _ANY and words[1] in SELECTORS and not _partner(table, words[0], other):
            return other
    return None


def _partner(table: Table, stem: str, selector: Column) -> bool:
    return any(words_of(each.name)[:1] == (stem,) for each in table.columns if each is not selector)


KIND = Kind("polymorphism", _weigh)
