"""The labels are enough, each with a reason, and every schema has its source."""

from __future__ import annotations

from collections import Counter

from .labels import Half, Verdict, labelled_schemas
from .sources import SOURCES


def test_labels_are_enough_of_each_sort_in_each_half() -> None:
    schemas = labelled_schemas()
    for half in Half:
        found = Counter(label.verdict for each in schemas if each.half is half for label in each.labels)
        assert found[Verdict.TRUE] >= 75
        assert found[Verdict.FALSE] >= 75
        assert found[Verdict.AMBIGUOUS] >= 10


def test_no_columns_have_two_labels_and_every_schema_has_a_source() -> None:
    assert [each.name for each in labelled_schemas()] == sorted(SOURCES)
    for schema in labelled_schemas():
        columns = Counter(label.columns for label in schema.labels)
        assert [name for name, times in columns.items() if times > 1] == [], schema.name
