"""Stopping between two steps, and cancelling our own statement, as soon as somebody wants it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...connections import ConnectionSource
from ...errors import CouldNotLook, FixInterrupted
from ..limits import Limits
from .blockers import Blocker, blockers_of
from .waiters import Waiter, waiters_for

T = TypeVar("T")
PauseRequested = Callable[[], Awaitable[object]]

PAUSED = "Paused; it goes on from here once fixing is resumed."
# How often somebody who waits for what runs for long is looked for.
LOOK_SECONDS = 0.1
_CANCEL_AGAIN_SECONDS = 0.1
_LAST_LOOK_SECONDS = 0.05
# The server ends a look before that: who does not answer then is out of reach.
_LONGEST_LOOK_SECONDS = 1.0


class Attended(Protocol):
    """A session that is at work, and its server process."""

    @property
    def connection(self) -> AsyncConnection[TupleRow]: ...

    @property
    def backend_pid(self) -> int: ...


class Interruption:
    """Knows whether `pause_requested` has returned; waits for work without keeping a pause waiting.

    What that returns is why it has to stop, where it is a text.
    """

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
            unknown = self._request.exception()
            said = None if unknown else self._request.result()
            raise FixInterrupted(said if isinstance(said, str) else PAUSED) from unknown

    async def sleep(self, seconds: float) -> None:
        """Sleep, unless a pause is requested meanwhile: then raise FixInterrupted."""
        if self._request is None:
            await asyncio.sleep(seconds)
            return
        await asyncio.wait([self._request], timeout=seconds)
        self.check()

    async def unless_paused(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work comes to, which is given up once a pause is requested: then raise FixInterrupted."""
        task = asyncio.create_task(work, name="work before a fix")
        try:
            await asyncio.wait({task, *([self._request] if self._request else [])}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self.check()
            return await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    async def attend(
        self, work: Coroutine[Any, Any, T], session: Attended, watch: Watch | None = None, *, every: float = 0.25
    ) -> T:
        """What the work comes to; a pause cancels its statement, and so does `watch` once others wait too long for it.

        Raises FixInterrupted where the pause came first and the work did not come to its end all the same.
        """
        task = asyncio.create_task(work, name="step of a fix")
        looks = _Looks(watch, session.backend_pid)
        try:
            while not task.done():
                waited = {task} if self._request is None or self._request.done() else {task, self._request}
                await asyncio.wait(waited, timeout=every, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    break
                if (self._request is not None and self._request.done()) or (watch is not None and watch.gives_way):
                    await session.connection.cancel_safe(timeout=1)
                    await asyncio.wait([task], timeout=_CANCEL_AGAIN_SECONDS)
                else:
                    looks.begin()
            return task.result()
        except Exception:
            self.check()
            raise
        finally:
            await looks.end()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            # Whoever cancelled us while it failed, too, has ended the reign: its failure is nobody's any more.
            _ = task.cancelled() or task.exception()


class Watch:
    """Looks at who blocks a session, each time over a connection that it borrows; remembers whom it saw.

    Where it `yields`, it also looks who waits for the session: `gave_way_to` are those who have, for too long. Where
    it could not look for so long that somebody may have waited unseen, it gives way to whoever that is.
    """

    def __init__(self, connections: ConnectionSource, *, yields: Limits | None = None) -> None:
        self._connections = connections
        self._yields = yields
        self._looking_from: int | None = None
        self._resting = False
        self._looked_at = time.monotonic()
        self.seen: dict[int, Blocker] = {}
        self.gave_way_to: tuple[Waiter, ...] = ()

    @property
    def gives_way(self) -> bool:
        """Whether somebody has waited for too long, or may have."""
        return bool(self.gave_way_to) or self.is_blind

    @property
    def is_blind(self) -> bool:
        """Whether nobody could look for too long."""
        if self._yields is None or self._resting:
            return False
        return time.monotonic() - self._looked_at > self._yields.unwatched.total_seconds()

    @property
    def processes(self) -> Collection[int]:
        """The server process that looks at this moment."""
        return () if self._looking_from is None else (self._looking_from,)

    def rest(self) -> None:
        """Begin no look until `wake`: who has its locks waits for nobody."""
        self._resting = True

    def wake(self) -> None:
        """Look again."""
        self._resting = False
        self._looked_at = time.monotonic()

    async def look(self, pid: int) -> None:
        """Remember who blocks the server process `pid` now; a look that fails is none, since the work goes on."""
        if self._resting:
            return
        try:
            async with self._connections.connection("watch") as connection:
                if not self._resting:
                    await _to_its_end(self._look(connection, pid))
        except (psycopg.Error, CouldNotLook):
            return

    async def _look(self, connection: AsyncConnection[TupleRow], pid: int) -> None:
        self._looking_from = connection.info.backend_pid
        try:
            found = await blockers_of(connection, pid)
            if self._yields is not None and not self.gave_way_to:
                waiting = await waiters_for(connection, pid)
                self.gave_way_to = tuple(waiter for waiter in waiting if waiter.is_too_much(self._yields))
        finally:
            self._looking_from = None
        self._looked_at = time.monotonic()
        self.seen |= {blocker.pid: blocker for blocker in found}

    def __str__(self) -> str:
        return "; ".join(map(str, self.seen.values())) or "nobody who stayed to be seen"


def gave_way(watch: Watch) -> str:
    """Who waited for what was given up."""
    if not watch.gave_way_to:
        return "Nobody could look who waits for it"
    return "Behind it: " + "; ".join(map(str, watch.gave_way_to))


async def _to_its_end(look: Coroutine[Any, Any, None]) -> None:
    """Look, and where that is cancelled first hear the answer: a late cancel would hit the next question of others."""
    looking = asyncio.create_task(look, name="a look")
    try:
        await asyncio.wait([looking], timeout=_LONGEST_LOOK_SECONDS)
    except asyncio.CancelledError:
        await asyncio.wait([looking], timeout=_LONGEST_LOOK_SECONDS)
        raise
    finally:
        if not looking.done():
            looking.cancel()
            await asyncio.wait([looking])
        _ = looking.cancelled() or looking.exception()
    await looking


class _Looks:
    """One look after the other beside the work, which never waits for one: all connections may be lent."""

    def __init__(self, watch: Watch | None, pid: int) -> None:
        self._watch = watch
        self._pid = pid
        self._look: asyncio.Task[None] | None = None
        if watch is not None:
            watch.wake()

    def begin(self) -> None:
        """Look, unless a look is under way."""
        if self._watch is not None and (self._look is None or self._look.done()):
            self._look = asyncio.create_task(self._watch.look(self._pid), name="look who is in the way")

    async def end(self) -> None:
        """Let the last look come to its end where that is near."""
        if self._look is not None and not self._look.done():
            await asyncio.wait([self._look], timeout=_LAST_LOOK_SECONDS)
            self._look.cancel()
            await asyncio.wait([self._look])


async def _awaited(pause_requested: PauseRequested) -> object:
    return await pause_requested()
