"""CHANGED_DEFAULT: columns with another default than the expected schema gives them."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("CHANGED_DEFAULT", Severity.MEDIUM)
def changed_default(difference: Difference, scene: Scene) -> Finding:
    """Columns with another default than the expected schema gives them."""
    return finding(difference, scene)
