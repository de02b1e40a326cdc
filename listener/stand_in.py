"""A listener for as long as a command takes, or a look does, where none leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from .daemon import Daemon, Orders
from .desk import Desk
from .errors import CouldNotLook
from .settings import AutoFix, Settings


@asynccontextmanager
async def leading(dsn: str, settings: Settings, desk: Desk) -> AsyncGenerator[None]:
    """Somebody leads within the block: the listener that does already, or one of our own that does only what somebody
    approved, and leaves the rest of the queue to the next listener."""
    if (await desk.status()).leader is not None:
        yield
        return
    async with _leading(Daemon(dsn, settings, desk.connections, Orders(AutoFix.NONE, stands_in=True))):
        yield


async def look(dsn: str, settings: Settings, desk: Desk) -> None:
    """Look at everything, once; for where no listener leads, and what is stored may be of long ago, or nothing.

    Waits for a listener that begins to lead meanwhile, and for as long as that does.
    """
    orders = Orders(AutoFix.NONE, observe=True, stands_in=True)
    async with _leading(Daemon(dsn, settings, desk.connections, orders)):
        return


@asynccontextmanager
async def _leading(daemon: Daemon) -> AsyncGenerator[None]:
    """That one leads within the block, and has seen everything."""
    task = asyncio.create_task(daemon.run(), name="stand-in")
    led = asyncio.create_task(daemon.leading.wait(), name="led")
    try:
        await asyncio.wait({task, led}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            raise CouldNotLook("The listener of this command ended before it could work.")
        yield
    finally:
        led.cancel()
        daemon.stop()
        await task
