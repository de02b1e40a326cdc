"""Reading people's rows beside them: a read keeps no writer waiting, but whoever alters its table, and then all others.

So it is watched as a step of a fix is, and gives way in the same way.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...connections import ConnectionSource
from ...errors import GaveWay, LeaseLost
from ..limits import Limits
from .interruption import LOOK_SECONDS, Interruption, Watch, gave_way

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: AsyncConnection[TupleRow]
    backend_pid: int


class Courtesy:
    """Reads with an eye on who waits for them, over `watching`; where that is None, without."""

    def __init__(self, watching: ConnectionSource | None, limits: Limits) -> None:
        self._watching = watching
        self._limits = limits

    async def read(self, connection: AsyncConnection[TupleRow], work: Coroutine[Any, Any, T], what: str) -> T:
        """What the work comes to, which reads on that connection alone; raises GaveWay, whatever it came to by then.

        What is over within a tenth of a second costs no look.
        """
        if self._watching is None:
            return await work
        watch = Watch(self._watching, yields=self._limits)
        reader = _Reader(connection, connection.info.backend_pid)
        async with Interruption(None) as interruption:
            try:
                found = await interruption.attend(work, reader, watch, every=LOOK_SECONDS)
            except LeaseLost:
                raise
            except Exception as error:
                if watch.gives_way and not connection.closed:
                    raise GaveWay(_said(what, watch)) from error
                raise
        if watch.gives_way:
            raise GaveWay(_said(what, watch))
        return found


def _said(what: str, watch: Watch) -> str:
    return f"{what}: it gave way. {gave_way(watch)}."
