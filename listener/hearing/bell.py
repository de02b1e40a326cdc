"""An asyncio bell: many ringers, one who waits, nothing lost between two waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta


class Bell:
    """Rings are folded: however often it was rung since the last wait, one wait returns."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, now or at the next wait."""
        self._rung.set()

    async def wait(self, timeout: timedelta) -> bool:  # noqa: ASYNC109 - any-of (ring, time) is the whole point
        """Return at the next ring (True) or after the time (False)."""
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True
