"""The connection that only listens.

It reads at once and does nothing else: a listener that stops reading pins the notification queue, and with it
`backend_xmin`. Order after a loss: connect, LISTEN, and only then ring, so that what was missed in between is read
from the table.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from tenacity import retry, retry_if_exception_type, wait_exponential_jitter

from ..connection import connect
from ..errors import CouldNotLook
from .bell import Bell

CHANNEL = "pgmend"
PROBE_INTERVAL = timedelta(seconds=5)
log = structlog.get_logger()


class Notifier:
    """Rings the bell for every notification on the channel, and once after each (re)connection.

    `healthy` is whether LISTEN is known to work: a probe that we send ourselves must come back. Through a pooler in
    transaction mode it never does, and the outbox is then polled every second.
    """

    def __init__(self, dsn: str, bell: Bell) -> None:
        self._dsn = dsn
        self._bell = bell
        self.healthy = False

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made anew with growing, jittered pauses (0.1 s to 10 s)."""
        while True:
            try:
                async with await _reconnect(self._dsn) as connection:
                    await self._listen(connection)
            except (psycopg.OperationalError, TimeoutError) as error:
                log.warning("listen connection lost", error=str(error).strip() or "no answer to a probe")
            finally:
                self.healthy = False
            self._bell.ring()

    async def _listen(self, connection: AsyncConnection[TupleRow]) -> None:
        probe = f"{CHANNEL}_{connection.info.backend_pid}"
        for channel in (CHANNEL, probe):
            await connection.execute(SQL("listen {}").format(Identifier(channel)))
        self._bell.ring()
        while True:
            async with asyncio.timeout(PROBE_INTERVAL.total_seconds()):
                await connection.execute("select pg_catalog.pg_notify(%s, '')", (probe,))
            heard = False
            async for notification in connection.notifies(timeout=PROBE_INTERVAL.total_seconds()):
                if notification.channel == CHANNEL:
                    self._bell.ring()
                else:
                    heard = self.healthy = True
            self.healthy = heard


@retry(retry=retry_if_exception_type(CouldNotLook), wait=wait_exponential_jitter(multiplier=0.1, max=10))
async def _reconnect(dsn: str) -> AsyncConnection[TupleRow]:
    return await connect(dsn, "listen")
