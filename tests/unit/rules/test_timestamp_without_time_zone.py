from __future__ import annotations

import pytest
from pgmend.listener.issue import Severity

from tests.support.snapshots import judged, scene, snapshot

STEM = "timestamp_without_time_zone"
SILENT = {
    "with time zone": "visits: at timestamptz",
    "a date": "visits: at date",
    "the name says which clock": "visits: at_utc timestamp, localTime timestamp, starts_at_local timestamp",
    "the zone stands beside": "visits: starts_at timestamp, ends_at timestamp, time_zone text",
    "the zone stands beside, in short": "visits: starts_at timestamp, venue_tz text",
    "inherited": "visits: at timestamp inherited",
    "foreign table": "visits [foreign]: at timestamp",
    "extension's table": "visits [extension]: at timestamp",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert judged(scene(snapshot(text)), STEM) == []


def test_each_column_is_told() -> None:
    issues = judged(scene(snapshot('visits: "Begonnen, am" timestamp, b timestamps, zone text, zone_id int')), STEM)
    assert [(issue.column, issue.severity, issue.remedy) for issue in issues] == [
        ('"Begonnen, am"', Severity.LOW, None),
        ("b", Severity.LOW, None),
    ]
    assert issues[0].expected_state == "Begonnen, am is timestamp with time zone."
    assert issues[1].expected_state == "b is timestamp with time zone[]."


def test_partitions_are_told_once_on_the_parent() -> None:
    of = snapshot("a [partitioned]: at timestamp\nb [partition of=a]: at timestamp inherited")
    assert [issue.table for issue in judged(scene(of), STEM)] == ["a"]


def test_one_table_that_is_silent_does_not_silence_another_with_the_same_column() -> None:
    of = snapshot("a: at timestamp, tz text\nb: at timestamp")
    shared = {id(column) for table in of.tables.values() for column in table.columns if column.name == "at"}
    assert len(shared) == 2
    assert [issue.table for issue in judged(scene(of), STEM)] == ["b"]
