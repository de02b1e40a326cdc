"""What counts as worse after a fix, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.aftermath.load import Load, Timing
from pgmend.listener.aftermath.regression import LEAST_WAITS, blindness, seen, worse

SELECT = "select * from orders where user_id = $1"


def load(calls: int, ms: float, **other: object) -> Load:
    return replace(Load({"s": Timing(calls, ms)}, 1000, 10, 0, texts={"s": SELECT}), **other)  # type: ignore[arg-type]


BEFORE = load(1000, 1000.0)
THEN = load(1010, 1010.0)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (load(1110, 1110.0), None),
        (load(1110, 1010.0 + 100 * 5), "takes 5.0 ms, 1.0 ms before"),
        (load(1110, 1010.0 + 100 * 1.9), None),  # not twice as long
        (load(1029, 1010.0 + 19 * 50), None),  # too few to tell
        (load(1030, 1010.0 + 20 * 50), "takes 50.0 ms"),
        (load(30, 30 * 50.0), "takes 50.0 ms"),  # it was evicted, and counted anew
        (load(1110, 1110.0, failed=20, committed=1100), "9% were rolled back since (10 of 110), 1% before"),
        (load(1110, 1110.0, failed=19, committed=1000), None),
        (load(1110, 1110.0, failed=30, committed=3000), None),  # as often as before
        (load(1110, 1110.0, deadlocks=1), "1 deadlock in this database since"),
        (load(1110, 1110.0, deadlocks=-5), None),  # counted anew after a crash
        (load(1110, 1110.0, waiting=2), "2 sessions waited for a lock on its tables"),
    ],
)
def test_what_is_worse(now: Load, told: str | None) -> None:
    found = worse(BEFORE, THEN, now, waits_seen=LEAST_WAITS if now.waiting else 0)
    assert (found == ()) if told is None else (told in found[0]), found


def test_a_fast_statement_that_is_a_little_slower_is_not_told() -> None:
    before, then = load(1000, 100.0), load(1000, 100.0)
    assert worse(before, then, load(2000, 100.0 + 1000 * 0.9)) == ()


def test_what_was_hardly_run_before_says_nothing() -> None:
    assert worse(load(19, 19.0), load(19, 19.0), load(500, 19.0 + 481 * 80)) == ()


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        (THEN, replace(load(1110, 9e9), reset="later"), "were reset meanwhile"),
        (replace(THEN, unknown="it is not there"), load(1110, 9e9), "it is not there"),
        (THEN, replace(load(1110, 9e9), unknown="no right"), "no right"),
    ],
)
def test_what_cannot_be_seen_is_said_and_not_guessed(then: Load, now: Load, why: str) -> None:
    assert why in (blindness(then, now) or "")
    assert worse(BEFORE, then, now) == ()


def test_the_text_of_what_may_hold_a_secret_is_not_told() -> None:
    secret = replace(load(1110, 1010.0 + 100 * 5), texts={"s": "alter role app password 'hunter2'"})
    (told,) = worse(BEFORE, THEN, secret)
    assert told == "a statement whose text is not to be shown takes 5.0 ms, 1.0 ms before"


def test_the_worst_comes_first_and_not_all_of_many() -> None:
    keys = [f"s{n}" for n in range(8)]
    texts = {key: f"select {key} from t" for key in keys}
    before = Load({key: Timing(100, 100.0) for key in keys}, 0, 0, 0)
    now = Load({key: Timing(200, 100.0 + 100 * (10 + n)) for n, key in enumerate(keys)}, 0, 0, 0, texts=texts)
    told = worse(before, before, now)
    assert told[0] == "select s7 from t takes 17.0 ms, 1.0 ms before"
    assert told[-1] == "and 3 more statements take longer"
    assert seen(before, before, now) == 8
    assert seen(Load({}, 0, 0, 0), before, now) == 0


def test_a_load_survives_json_without_any_text() -> None:
    again = Load.from_json(THEN.to_json())
    assert again == replace(THEN, texts={})
