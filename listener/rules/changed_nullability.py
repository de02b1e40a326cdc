"""CHANGED_NULLABILITY: columns that take NULL and should not, or the other way round."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("CHANGED_NULLABILITY", Severity.CRITICAL)
def changed_nullability(difference: Difference, scene: Scene) -> Finding:
    """Columns that take NULL and should not, or the other way round."""
    return finding(difference, scene)
