"""Reading catalogs that move: what passes is tried again, what does not is told in the server's words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import psycopg
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ..errors import CouldNotLook, SnapshotTorn

T = TypeVar("T")
_RETRIES: Final = 4
_FIRST_PAUSE_SECONDS: Final = 0.01
# The catalogs moved under us (an object vanished between two look-ups, a serialization failure), or a lock or a limit
# was in the way: all of it passes.
_PASSING: Final = frozenset({"XX000", "42P01", "42703", "42704", "42883", "40001", "55P03", "57014"})


async def steadily(read: Callable[[], Awaitable[T]]) -> T:
    """What `read` gives, tried again while the catalogs do not hold still; raises its SnapshotTorn at last."""
    try:
        return await read()
    except SnapshotTorn:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(SnapshotTorn),
            stop=stop_after_attempt(_RETRIES),
            wait=wait_random_exponential(multiplier=0.02, max=0.5),
            reraise=True,
        )
        await asyncio.sleep(_FIRST_PAUSE_SECONDS)
        return await retrying(read)


def unseen(error: psycopg.Error) -> CouldNotLook:
    """What kept us from seeing: SnapshotTorn where another try may succeed."""
    if error.sqlstate in _PASSING:
        return SnapshotTorn(f"The catalogs did not hold still ({error.sqlstate}): {error}")
    return CouldNotLook(f"The catalogs could not be read ({error.sqlstate}): {error}")
