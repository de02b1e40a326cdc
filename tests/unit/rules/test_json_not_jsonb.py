from __future__ import annotations

import pytest
from pgmend.listener.issue import Severity

from tests.support.snapshots import altered, judged, scene, snapshot

SILENT = {
    "jsonb": "hooks: payload jsonb",
    "kept to the letter": "hooks: raw_payload json, payloadRaw json, signed_body json",
    "inherited": "hooks: payload json inherited",
    "foreign table": "hooks [foreign]: payload json",
    "extension's table": "hooks [extension]: payload json",
    "text": "hooks: json text",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent(text: str) -> None:
    assert judged(scene(snapshot(text)), "json_not_jsonb") == []


def test_json_is_told_once_for_each_column() -> None:
    issues = judged(scene(snapshot('"Größe, 1": id int pk, a json, "b, c" json')), "json_not_jsonb")
    assert [(issue.column, issue.severity, issue.remedy) for issue in issues] == [
        ('"b, c"', Severity.LOW, None),
        ("a", Severity.LOW, None),
    ]
    assert issues[1].expected_state == "a is jsonb, unless spaces, order of keys or doubled keys matter."


def test_arrays_are_told_too() -> None:
    of = altered(snapshot("hooks: payloads json"), "hooks", "payloads", type_oid=199, type_name="json[]")
    (issue,) = judged(scene(of), "json_not_jsonb")
    assert "json[]" in issue.current_state
    assert "jsonb[]" in issue.expected_state
