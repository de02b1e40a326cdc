"""Waiting for a condition."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually


async def test_gives_the_first_true_value() -> None:
    values = iter([None, 0, [], "seen"])
    assert await eventually(lambda: next(values)) == "seen"


async def test_awaits_an_async_predicate() -> None:
    async def answer() -> int:
        return 42

    assert await eventually(answer) == 42


async def test_fails_with_the_last_value_seen() -> None:
    with pytest.raises(AssertionError, match=r"last seen: \[\]"):
        await eventually(list, 0.03)


async def test_an_assertion_is_not_yet_and_its_words_are_kept() -> None:
    attempts: list[int] = []

    def predicate() -> bool:
        attempts.append(1)
        assert len(attempts) > 2, f"only {len(attempts)} of 3"
        return True

    assert await eventually(predicate)
    attempts[:] = [0] * -1000
    with pytest.raises(AssertionError, match="only 1 of 3"):
        await eventually(predicate, 0)


async def test_another_error_passes_through() -> None:
    def predicate() -> bool:
        raise LookupError("not this")

    with pytest.raises(LookupError):
        await eventually(predicate)
