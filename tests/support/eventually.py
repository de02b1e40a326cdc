"""Waiting for something to become true."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")

_PAUSE_SECONDS = 0.01


async def eventually(predicate: Callable[[], Value | Awaitable[Value]], seconds: float = 10.0) -> Value:
    """The first true value of `predicate` (plain or async); AssertionError with the last one after `seconds`.

    An AssertionError that the predicate raises counts as not yet; any other error passes through.
    """
    deadline = time.monotonic() + seconds
    while True:
        failure: AssertionError | None = None
        last: object = None
        try:
            outcome = predicate()
            value = await outcome if inspect.isawaitable(outcome) else outcome
            if value:
                return value
            last = value
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            seen = str(failure) if failure else repr(last)
            raise AssertionError(f"not within {seconds} s; last seen: {seen}") from failure
        await asyncio.sleep(_PAUSE_SECONDS)
