"""CHANGED_DEFINITION: what an object says, is called or who may use it is not as expected."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("CHANGED_DEFINITION", Severity.MEDIUM)
def changed_definition(difference: Difference, scene: Scene) -> Finding:
    """Objects whose definition, name, owner, rights or comment is not the expected one, or that are disabled."""
    return finding(difference, scene)
