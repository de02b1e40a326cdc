"""The session of somebody who looks once, and a second one beside it while there is work for two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .catalog.read import Opening
from .errors import CouldNotLook

T = TypeVar("T")
R = TypeVar("R")


class TwoSessions:
    """`first` is there already and stays; the second is opened when it is first asked for, and closed at the end.

    Where none can be had, the first does everything.
    """

    def __init__(self, first: AsyncConnection[TupleRow], opening: Opening | None) -> None:
        self.first = first
        self._opening = opening
        self._second: AsyncConnection[Any] | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def second(self) -> AsyncConnection[Any] | None:
        """The second session, if there is any."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            try:
                self._second = await self._stack.enter_async_context(opening())
            except (psycopg.Error, CouldNotLook):
                return None
        return None if self._second is None or self._second.closed else self._second

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[AsyncConnection[Any]]:
        """The second session for a while; raises CouldNotLook where there is none."""
        second = await self.second()
        if second is None:
            raise CouldNotLook("There is no second session.")
        yield second

    async def each(self, work: Callable[[AsyncConnection[TupleRow], T], Awaitable[R]], of: Sequence[T]) -> list[R]:
        """What comes of each, in their order, two at a time; the first error ends all work and is raised."""
        second = await self.second() if len(of) > 1 else None
        waiting, done = iter(enumerate(of)), dict[int, R]()

        async def take_turns(connection: AsyncConnection[TupleRow]) -> None:
            for number, each in waiting:
                done[number] = await work(connection, each)

        working = [asyncio.create_task(take_turns(one)) for one in (self.first, second) if one is not None]
        try:
            await asyncio.gather(*working)
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
        return [done[number] for number in range(len(of))]
