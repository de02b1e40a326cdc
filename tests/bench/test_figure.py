"""The arithmetic that benchmarks rest on."""

from __future__ import annotations

import pytest

from .figure import Figure, Goal, percentile


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (51, 3.0), (99, 4.0), (100, 4.0), (0, 1.0)])
def test_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([3.0, 1.0, 4.0, 2.0], percent) == expected


def test_figure_is_judged_by_its_goal_for_now() -> None:
    assert Figure("", "", 5.0, "ms", Goal(5, 4)).met is True
    assert Figure("", "", 5.1, "ms", Goal(5, 6)).met is False
    assert Figure("", "", 4.1, "x", Goal(4, 5, at_least=True)).met is True
    assert Figure("", "", 3.9, "x", Goal(4, 5, at_least=True)).met is False
    assert Figure("", "", 3.9, "x").met is None
