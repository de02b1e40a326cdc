"""How a database differs from what is expected: for people, and as issues for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...listener.evidence import Evidence
from ...listener.expected.difference import Difference
from ...listener.expected.expecting import Comparison, Told
from ...listener.expected.portrait import ObjectKind
from ...listener.expected.verdict import issue_type, part, severity, states
from ...listener.issue import Severity, issue_id
from ...listener.relations.weights import DECLARED
from ...listener.settings import Settings
from .printable import printable
from .view import IssueView


def difference_views(comparison: Comparison | None, settings: Settings) -> list[IssueView]:
    """Each difference as an issue is shown."""
    return [] if comparison is None else [_view(told, comparison, settings) for told in comparison.found]


def difference_document(comparison: Comparison | None, views: Sequence[IssueView]) -> dict[str, Any]:
    """One object: where the expected schema comes from, and each difference with its event."""
    if comparison is None:
        return {"schema_version": 1, "expected": None, "differences": []}
    expectation = comparison.expectation
    return {
        "schema_version": 1,
        "expected": {
            "source": expectation.source,
            "locked": expectation.locked,
            "origin": expectation.origin,
            "migration_version": expectation.migration_version,
            "captured_at": expectation.captured_at and expectation.captured_at.isoformat(timespec="milliseconds"),
            "captured_by": expectation.captured_by,
            "only_reports": comparison.standing.only_reports,
        },
        "differences": [_fields(told, view) for told, view in zip(comparison.found, views, strict=True)],
    }


def difference_lines(comparison: Comparison | None, views: Sequence[IssueView]) -> Iterator[str]:
    """Lines for a terminal."""
    if comparison is None:
        yield "Nothing is expected: see pgmend expect --help."
        return
    for view in views:
        yield f"{view.severity.value:<8} {view.issue_type} {printable(view.where)}"
        yield f"  is:       {printable(view.current_state)}"
        yield f"  expected: {printable(view.expected_state)}"
        for each in view.evidence:
            yield f"  because:  {printable(each.seen)}"
    if not views:
        yield "The database is as expected."
    if comparison.standing.only_reports:
        yield f"Nothing is healed: {printable(comparison.standing.only_reports)}."


def _view(told: Told, comparison: Comparison, settings: Settings) -> IssueView:
    difference = told.difference
    name = difference.name
    schema, table = name.schema or name.name, _table(difference)
    bad = severity(difference)
    if bad is Severity.CRITICAL and not settings.is_critical(schema, table):
        bad = Severity.MEDIUM
    kind, column = issue_type(difference), name.name if name.kind is ObjectKind.COLUMN else ""
    current, expected = states(difference)
    return IssueView(
        issue_id(kind, schema, table, column, part(difference)),
        kind,
        bad,
        schema,
        table,
        column or None,
        part(difference) or None,
        current,
        expected,
        (Evidence("expected", DECLARED, f"The {told.blame.side} moved: {told.blame.said}"),),
        comparison.standing.only_reports,
        None,
        {},
    )


def _table(difference: Difference) -> str:
    name = difference.name
    return name.relation or ("" if name.kind in (ObjectKind.SCHEMA, ObjectKind.EXTENSION) else name.name)


def _fields(told: Told, view: IssueView) -> dict[str, Any]:
    difference, name = told.difference, told.difference.name
    return {
        "issue_id": view.issue_id,
        "issue_type": view.issue_type,
        "severity": view.severity.value,
        "kind": name.kind.value,
        "schema": name.schema,
        "relation": name.relation or None,
        "name": name.name,
        "aspect": difference.aspect,
        "expected": difference.before or None,
        "found": difference.after or None,
        "moved": told.blame.side,
        "event_id": told.blame.event_id,
        "because": told.blame.said,
    }
