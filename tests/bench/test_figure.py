"""The arithmetic that benchmarks rest on."""

from __future__ import annotations

import pytest

from .figure import PEER, PEER_THEN_MS, Figure, Goal, Pace, percentile


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (51, 3.0), (99, 4.0), (100, 4.0), (0, 1.0)])
def test_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([3.0, 1.0, 4.0, 2.0], percent) == expected


def test_figure_is_judged_by_its_goal_for_now() -> None:
    assert Figure("", "", 5.0, "ms", Goal(5, 4)).met is True
    assert Figure("", "", 5.1, "ms", Goal(5, 6)).met is False
    assert Figure("", "", 4.1, "x", Goal(4, 5, at_least=True)).met is True
    assert Figure("", "", 3.9, "x", Goal(4, 5, at_least=True)).met is False
    assert Figure("", "", 3.9, "x").met is None


def test_times_with_a_goal_are_scaled_by_the_peer_of_the_same_run_and_judged_as_measured() -> None:
    peers = [Figure("small", PEER, 90, "ms"), Figure("large", PEER, 2 * PEER_THEN_MS, "ms")]
    pace = Pace.of(peers, "large")
    assert pace is not None
    assert pace.slowness == 2
    time = Figure("small", "a scan", 60.0, "ms", Goal(50, 50))
    assert (pace.scaled(time), time.met) == (30.0, False)
    others = [Figure("", "", 4.0, "x", Goal(4, 5)), Figure("", "", 90.0, "MB", Goal(80, 80)), *peers]
    assert [pace.scaled(each) for each in others] == [None] * 4


def test_nothing_is_scaled_where_the_peer_was_not_measured() -> None:
    assert Pace.of([Figure("small", PEER, 90, "ms")], "large") is None
