"""MISSING_OBJECT: what else the expected schema has and the database has not."""

from __future__ import annotations

from ..expected.difference import Difference
from ..issue import Finding, Severity
from ..judging.expectation import finding, index
from ..judging.registry import expectation_rule
from ..judging.scene import Scene


@expectation_rule("MISSING_OBJECT", Severity.MEDIUM)
def missing_object(difference: Difference, scene: Scene) -> Finding:
    """Indexes, views, functions, triggers, policies, ... that the expected schema has and the database has not."""
    return finding(difference, scene, index(difference, scene))
