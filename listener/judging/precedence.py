"""One object, one issue: what is told where two types of issue speak of the same.

The expected schema says for sure what a rule infers (docs/decisions/0021): its issue stays, and heals by its own terms.
A trigger or row security that is switched off has a type of its own, which is worse than a changed definition: that one
stays.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from ..issue import Issue
from ..remedy import AddForeignKey, ChangeColumnType, CreateIndex, RestoreObject

INFERRED = frozenset({"MISSING_INDEX", "MISSING_FOREIGN_KEY", "TYPE_MISMATCH"})
_SWITCHED_OFF = frozenset({"DISABLED_TRIGGER", "DISABLED_ROW_SECURITY"})


def without_told_twice(issues: Iterable[Issue]) -> list[Issue]:
    """The issues without those that say again what another one says."""
    issues = list(issues)
    expected = {subject for issue in issues if issue.issue_type not in INFERRED for subject in _expected(issue)}
    off = {(issue.issue_type, issue.table_oid) for issue in issues if issue.issue_type in _SWITCHED_OFF}
    return [issue for issue in issues if not (_is_inferred(issue, expected) or _is_milder(issue, off))]


def _expected(issue: Issue) -> Iterator[Hashable]:
    match issue.remedy:
        case CreateIndex() as made if issue.issue_type == "MISSING_OBJECT":
            for count in range(1, len(made.columns) + 1):
                yield "index", made.table, frozenset(made.columns[:count])
        case AddForeignKey() as made if issue.issue_type == "MISSING_CONSTRAINT":
            yield "key", made.table, made.columns
        case ChangeColumnType() as made if issue.issue_type == "CHANGED_TYPE":
            yield "type", made.table, made.column
        case _:
            return


def _is_inferred(issue: Issue, expected: set[Hashable]) -> bool:
    match issue.issue_type:
        case "MISSING_INDEX":
            return ("index", issue.table_oid, frozenset(issue.columns)) in expected
        case "MISSING_FOREIGN_KEY":
            return ("key", issue.table_oid, issue.columns) in expected
        case "TYPE_MISMATCH":
            return any(("type", issue.table_oid, column) in expected for column in issue.columns)
        case _:
            return False


def _is_milder(issue: Issue, off: set[tuple[str, int]]) -> bool:
    remedy = issue.remedy
    if issue.issue_type != "CHANGED_DEFINITION" or not isinstance(remedy, RestoreObject):
        return False
    kind = {"enabled": "DISABLED_TRIGGER", "row_security": "DISABLED_ROW_SECURITY"}.get(remedy.aspect)
    return kind is not None and (kind, issue.table_oid) in off
