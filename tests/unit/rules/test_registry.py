"""Rules find themselves, and each has its docs page and its test under the same stem."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pgmend.listener.relations.kinds as kinds
import pgmend.listener.rules as rules
import pytest
from pgmend.listener.issue import Severity
from pgmend.listener.judging.judge import Judge
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.kind import builtin_kinds

from tests.support.snapshots import scene, snapshot, table

ROOT = Path(__file__).parents[3]
NEW_RULE = '''
from __future__ import annotations
from collections.abc import Iterator
from pgmend.listener.catalog.snapshot import Table
from pgmend.listener.issue import Finding, Severity
from pgmend.listener.judging.registry import Reads, rule
from pgmend.listener.judging.scene import Scene

@rule("LONELY_TABLE", Severity.LOW, Reads.COLUMNS)
def lonely(table: Table, scene: Scene) -> Iterator[Finding]:
    """Tables with one column."""
    if len(table.columns) == 1:
        yield Finding(table.oid, "It has one column.", "It has more.")
'''
NEW_KIND = """
from pgmend.listener.evidence import Evidence
from pgmend.listener.relations.kind import Kind

KIND = Kind("stars", lambda candidate, among, sight: [Evidence("stars", 3.0, "The stars say so.")])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is on the path of the rules' package, and of the evidence kinds'."""
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    builtin_rules.cache_clear()
    builtin_kinds.cache_clear()
    yield tmp_path
    for name in [name for name in sys.modules if name.endswith((".lonely_table", ".stars"))]:
        del sys.modules[name]
    builtin_rules.cache_clear()
    builtin_kinds.cache_clear()


def test_new_file_is_a_new_rule_and_touches_nothing_else(folder: Path) -> None:
    (folder / "lonely_table.py").write_text(NEW_RULE)
    of = snapshot("a: id int pk\nb: id int pk, name text")
    judgement = Judge().judge(scene(of), of.tables)
    assert [(issue.issue_type, issue.table, issue.severity) for issue in judgement.issues] == [
        ("LONELY_TABLE", "a", Severity.LOW)
    ]
    (check,) = [check for check in judgement.checks if check.issue_type == "LONELY_TABLE"]
    assert check.stem == "lonely_table"


def test_new_file_is_a_new_kind_of_evidence(folder: Path) -> None:
    (folder / "stars.py").write_text(NEW_KIND)
    of = snapshot("users: id int pk\nbookings: id int pk, user_id int")
    (relation,) = Atlas(of).relations_of(of.tables).inferred(table(of, "bookings").oid)
    assert "stars" in [evidence.kind for evidence in relation.evidence]
    assert relation.believed


def test_rules_of_the_contract_are_there() -> None:
    names = [rule.issue_type for rule in builtin_rules()]
    assert names == sorted(set(names))
    assert set(names) >= {
        "CHANGED_DEFAULT",
        "CHANGED_DEFINITION",
        "CHANGED_NULLABILITY",
        "CHANGED_TYPE",
        "CHAR_TYPE",
        "DISABLED_ROW_SECURITY",
        "DISABLED_TRIGGER",
        "DUPLICATE_FOREIGN_KEY",
        "DUPLICATE_INDEX",
        "DUPLICATE_ROWS",
        "INVALID_INDEX",
        "JSON_NOT_JSONB",
        "MISSING_COLUMN",
        "MISSING_CONSTRAINT",
        "MISSING_FOREIGN_KEY",
        "MISSING_INDEX",
        "MISSING_OBJECT",
        "MISSING_PRIMARY_KEY",
        "MISSING_TABLE",
        "MONEY_TYPE",
        "MUTABLE_SEARCH_PATH",
        "ORPHANED_ROWS",
        "POLICY_WITHOUT_ROW_SECURITY",
        "PUBLIC_SCHEMA_CREATE",
        "REDUNDANT_INDEX",
        "RESERVED_NAME",
        "SECURITY_DEFINER_VIEW",
        "SEQUENCE_EXHAUSTION",
        "SERIAL_TYPE",
        "SHORT_KEY_TYPE",
        "TIMESTAMP_WITHOUT_TIME_ZONE",
        "TYPE_MISMATCH",
        "UNSAFE_DDL",
        "UNUSED_INDEX",
        "UNVALIDATED_CONSTRAINT",
    }


@pytest.mark.parametrize("stem", [rule.stem for rule in builtin_rules()])
def test_one_stem_names_rule_docs_and_test(stem: str) -> None:
    page = (ROOT / "docs" / "rules" / f"{stem}.md").read_text(encoding="utf-8")
    (rule,) = [rule for rule in builtin_rules() if rule.stem == stem]
    assert rule.issue_type == stem.upper()
    assert page.startswith(f"# {rule.issue_type}\n")
    sections = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert sections == ["Problem", "How it is found", "Evidence", "Fix", "Locks", "Undo", "When to ignore it"]
    assert (Path(__file__).parent / f"test_{stem}.py").exists()
    assert rule.summary.endswith(".")
