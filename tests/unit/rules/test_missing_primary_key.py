from __future__ import annotations

import pytest
from pgmend.listener.issue import Severity

from tests.support.snapshots import judged, scene, snapshot

SILENT = {
    "primary key": "users: id int pk",
    "composite primary key": "members: a int, b int, pk(a, b)",
    "partition": "parent [partitioned]: id int pk\npart [partition of=parent]: id int",
    "foreign table": "far [foreign]: id int",
    "temporary table": "scratch [temporary]: id int",
    "extension's table": "spatial [extension]: id int",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert judged(scene(snapshot(text)), "missing_primary_key") == []


def test_table_without_one() -> None:
    (issue,) = judged(scene(snapshot('"Größe, 1": "Wert" int')), "missing_primary_key")
    assert issue.severity is Severity.MEDIUM
    assert issue.current_state == "public.Größe, 1 has no primary key."
    assert (issue.column, issue.object_name, issue.remedy) == ("", "", None)


def test_partitioned_parent_is_told_once() -> None:
    of = snapshot("parent [partitioned]: id int\npart [partition of=parent]: id int")
    assert [issue.table for issue in judged(scene(of), "missing_primary_key")] == ["parent"]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("a: code text not null unique", True),
        ("a: code text unique", False),
        ("a: code text not null, index(code)", False),
        ("a: x int not null, y int, unique(x, y)", False),
    ],
)
def test_unique_key_without_nulls_is_offered(text: str, offered: bool) -> None:
    (issue,) = judged(scene(snapshot(text)), "missing_primary_key")
    assert ["could become it" in evidence.seen for evidence in issue.evidence] == (
        [False, True] if offered else [False]
    )
