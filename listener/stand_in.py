"""A listener for as long as a command takes, or a look does, where none leads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from .daemon import Daemon, Orders
from .desk import Desk
from .errors import CouldNotLook
from .settings import AutoFix, Settings

PATIENCE = timedelta(seconds=30)
"""How long nobody may lead while we try to: somebody keeps the lease's row locked, or the server does not answer."""
ASKED_AGAIN_AFTER = timedelta(seconds=1)


@asynccontextmanager
async def leading(dsn: str, settings: Settings, desk: Desk) -> AsyncGenerator[None]:
    """Somebody leads within the block: the listener that does already or comes to it first, or one of our own that does
    only what somebody approved, and leaves the rest of the queue to the next listener. Raises CouldNotLook where nobody
    can."""
    if (await desk.status()).leader is not None:
        yield
        return
    async with _leading(Daemon(dsn, settings, desk.connections, Orders(AutoFix.NONE, stands_in=True)), desk):
        yield


async def look(dsn: str, settings: Settings, desk: Desk) -> None:
    """Look at everything, once; for where no listener leads, and what is stored may be of long ago, or nothing.

    A listener that begins to lead meanwhile does it. Raises CouldNotLook where nobody can.
    """
    orders = Orders(AutoFix.NONE, observe=True, stands_in=True)
    async with _leading(Daemon(dsn, settings, desk.connections, orders), desk) as ours:
        if not ours:
            await desk.check()


@asynccontextmanager
async def _leading(daemon: Daemon, desk: Desk) -> AsyncGenerator[bool]:
    """That one leads within the block and has seen everything; or, where False, another that was faster."""
    task = asyncio.create_task(daemon.run(), name="stand-in")
    led = asyncio.create_task(daemon.leading.wait(), name="led")
    try:
        yield await _leads(daemon, desk, task, led)
    finally:
        led.cancel()
        daemon.stop()
        await task


async def _leads(daemon: Daemon, desk: Desk, task: asyncio.Task[None], led: asyncio.Task[bool]) -> bool:
    until = time.monotonic() + PATIENCE.total_seconds()
    while True:
        pause = ASKED_AGAIN_AFTER.total_seconds()
        await asyncio.wait({task, led}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            raise CouldNotLook("The listener of this command ended before it could work.")
        if led.done():
            return True
        leader = (await desk.status()).leader
        if leader == daemon.holder:
            # It looks at everything, which takes what it takes.
            until = time.monotonic() + PATIENCE.total_seconds()
        elif leader is not None:
            return False
        elif time.monotonic() > until:
            raise CouldNotLook(
                f"For {PATIENCE.total_seconds():.0f} s no listener could lead, nor could this command: its lease"
                " (pgmend.lease) may be locked by somebody. Cure: end that session, and try again."
            )
