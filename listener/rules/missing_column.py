"""MISSING_COLUMN: columns that the expected schema has and their table has not."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("MISSING_COLUMN", Severity.CRITICAL)
def missing_column(difference: Difference, scene: Scene) -> Finding:
    """Columns that the expected schema has and their table has not."""
    return finding(difference, scene)
