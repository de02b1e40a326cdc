"""Stopping between two steps, and cancelling our own statement, as soon as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg

from ...errors import FixInterrupted
from .blockers import Blocker, blockers_of
from .session import Session

T = TypeVar("T")
PauseRequested = Callable[[], Awaitable[object]]

_CANCEL_AGAIN_SECONDS = 0.1


class Interruption:
    """Knows whether `pause_requested` has returned; waits for work without keeping a pause waiting."""

    def __init__(self, pause_requested: PauseRequested | None) -> None:
        self._pause_requested = pause_requested
        self._request: asyncio.Task[object] | None = None

    async def __aenter__(self) -> Self:
        if self._pause_requested is not None:
            self._request = asyncio.create_task(_awaited(self._pause_requested), name="pause of a fix")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._request is not None:
            self._request.cancel()
            await asyncio.gather(self._request, return_exceptions=True)

    def check(self) -> None:
        """Raise FixInterrupted once a pause was requested, or once nobody can tell any more whether one was."""
        if self._request is not None and self._request.done():
            raise FixInterrupted("Paused; it goes on from here once fixing is resumed.") from self._request.exception()

    async def sleep(self, seconds: float) -> None:
        """Sleep, unless a pause is requested meanwhile: then raise FixInterrupted."""
        if self._request is None:
            await asyncio.sleep(seconds)
            return
        await asyncio.wait([self._request], timeout=seconds)
        self.check()

    async def attend(
        self, work: Coroutine[Any, Any, T], session: Session, watch: Watch | None = None, *, every: float = 0.25
    ) -> T:
        """What the work comes to. Meanwhile a pause cancels its statement, and `watch` looks who blocks it.

        Raises FixInterrupted where the pause came first and the work did not come to its end all the same.
        """
        task = asyncio.create_task(work, name="step of a fix")
        try:
            while not task.done():
                waited = {task} if self._request is None or self._request.done() else {task, self._request}
                await asyncio.wait(waited, timeout=every, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    break
                if self._request is not None and self._request.done():
                    await session.connection.cancel_safe(timeout=1)
                    await asyncio.wait([task], timeout=_CANCEL_AGAIN_SECONDS)
                elif watch is not None:
                    await watch.look(session.backend_pid)
            return task.result()
        except Exception:
            self.check()
            raise
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])


class Watch:
    """Looks, from a session of its own, at who blocks another; remembers whom it saw."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.seen: dict[int, Blocker] = {}

    async def look(self, pid: int) -> None:
        """Remember who blocks the server process `pid` now; a look that fails is none, since the work goes on."""
        try:
            found = await blockers_of(self._session.connection, pid)
        except psycopg.Error:
            return
        self.seen |= {blocker.pid: blocker for blocker in found}

    def __str__(self) -> str:
        return "; ".join(map(str, self.seen.values())) or "nobody who stayed to be seen"


async def _awaited(pause_requested: PauseRequested) -> object:
    return await pause_requested()
