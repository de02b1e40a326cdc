"""The page on other tools' checks: what it promises is there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "beside-others.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| (?!check |---)", line)]


def test_each_issue_type_that_it_names_has_a_page() -> None:
    named = {name for _, said in ROWS for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", said)}
    assert len(named) > 25
    assert not {name for name in named if not (ROOT / "docs" / "rules" / f"{name.lower()}.md").exists()}


def test_each_check_is_answered_once_and_with_words() -> None:
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        checks = [
            name for row in re.findall(r"^\| (?!check )([\w, ]+) \|", section, re.MULTILINE) for name in row.split(", ")
        ]
        assert len(checks) > 10, section[:20]
        assert not [name for name, times in Counter(checks).items() if times > 1]
    assert all(len(row) == 2 and row[1] for row in ROWS)
