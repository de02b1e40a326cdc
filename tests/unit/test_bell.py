"""The bell folds rings and loses none."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from pgmend.listener.hearing.bell import Bell

LONG = timedelta(seconds=30)
NOW = timedelta(0)


async def test_a_ring_before_the_wait_is_heard() -> None:
    bell = Bell()
    bell.ring()
    assert await bell.wait(LONG)


async def test_many_rings_are_one() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert await bell.wait(LONG)
    assert not await bell.wait(NOW)


async def test_a_ring_during_the_wait_ends_it() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)
    bell.ring()
    assert await waiting
