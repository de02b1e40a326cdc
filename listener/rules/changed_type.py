"""CHANGED_TYPE: columns of another type, or collation, than the expected schema gives them."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import column_type, finding
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("CHANGED_TYPE", Severity.CRITICAL)
def changed_type(difference: Difference, scene: Scene) -> Finding:
    """Columns of another type, or collation, than the expected schema gives them."""
    return finding(difference, scene, column_type(difference))
