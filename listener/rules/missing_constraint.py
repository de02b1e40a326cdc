"""MISSING_CONSTRAINT: constraints that the expected schema has and their table has not."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding, foreign_key
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("MISSING_CONSTRAINT", Severity.CRITICAL)
def missing_constraint(difference: Difference, scene: Scene) -> Finding:
    """Constraints that the expected schema has and their table has not."""
    return finding(difference, scene, foreign_key(difference, scene))
