"""What is judged in code, and the page on each."""

from __future__ import annotations

from pathlib import Path

import pytest
from pgmend.listener.source.judgements import judgements

ROOT = Path(__file__).parents[3]


def test_judgements_find_themselves() -> None:
    assert [each.issue_type for each in judgements()] == [
        "FOREIGN_PLACEHOLDER",
        "INVALID_SQL",
        "OPERATOR_MISMATCH",
        "PARAMETER_COUNT_MISMATCH",
        "PARAMETER_TYPE_MISMATCH",
        "REDUNDANT_CONVERSION",
        "TYPE_CAST_IN_QUERY",
        "UNKNOWN_COLUMN",
        "UNKNOWN_TABLE",
    ]


@pytest.mark.parametrize("issue_type", [each.issue_type for each in judgements()])
def test_each_has_a_page_with_the_sections_of_a_rule(issue_type: str) -> None:
    page = (ROOT / "docs" / "rules" / f"{issue_type.lower()}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {issue_type}\n")
    sections = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert sections == ["Problem", "How it is found", "Evidence", "Fix", "Locks", "Undo", "When to ignore it"]
