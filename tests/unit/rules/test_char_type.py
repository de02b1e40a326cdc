from __future__ import annotations

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Severity

from tests.support.snapshots import altered, judged, scene, snapshot


def of_length(name: str, length: int, flags: str = "") -> Snapshot:
    """A table with a character(n) column, as the catalogs have it."""
    of = snapshot(f'users{flags}: "{name}" char')
    return altered(of, "users", name, type_modifier=length + 4, type_name=f"character({length})")


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("is_active", 1),
        ("Y/N", 1),
        ("country", 2),
        ("country_code", 3),
        ("billingCurrency", 3),
        ("password_hash", 64),
        ("md5", 32),
    ],
)
def test_silent_where_nothing_is_ever_padded(name: str, length: int) -> None:
    assert judged(scene(of_length(name, length)), "char_type") == []


@pytest.mark.parametrize(
    ("name", "length"), [("name", 30), ("country", 30), ("hash", 10), ("id", 36), ("code", 12), ("Größe", 2)]
)
def test_told_where_values_may_be_shorter(name: str, length: int) -> None:
    (issue,) = judged(scene(of_length(name, length)), "char_type")
    assert (issue.column, issue.severity, issue.remedy) == (name, Severity.LOW, None)
    assert issue.current_state.startswith(f"{name} is character({length}): shorter values are filled up")


def test_arrays_are_told_too() -> None:
    of = altered(of_length("codes", 12), "users", "codes", type_oid=1014, type_name="character(12)[]")
    (issue,) = judged(scene(of), "char_type")
    assert issue.expected_state.startswith("codes is text[],")


@pytest.mark.parametrize("flags", [" [foreign]", " [extension]"])
def test_silent_on_tables_that_others_define(flags: str) -> None:
    assert judged(scene(of_length("name", 30, flags)), "char_type") == []


def test_partitions_are_told_once_on_the_parent() -> None:
    of = snapshot("a [partitioned]: name char\nb [partition of=a]: name char inherited")
    for name in ("a", "b"):
        of = altered(of, name, "name", type_modifier=34)
    assert [issue.table for issue in judged(scene(of), "char_type")] == ["a"]


def test_varchar_and_text_and_bpchar_without_a_length_are_silent() -> None:
    assert judged(scene(snapshot("users: a varchar, b text, c char")), "char_type") == []
