"""MISSING_TABLE: tables that the expected schema has and the database has not."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("MISSING_TABLE", Severity.CRITICAL)
def missing_table(difference: Difference, scene: Scene) -> Finding:
    """Tables that the expected schema has and the database has not."""
    return finding(difference, scene)
