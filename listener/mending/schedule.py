"""When pgmend may act alone at all: within the maintenance windows, and only so often in an hour.

What a person approves is not held up by either: who approves has looked at the clock. What runs alone when its window
closes stops as for a pause, and goes on in the next one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..maintenance import closes_at, opens_at
from ..settings import Settings
from .autonomy import Objection

_HOUR = timedelta(hours=1)
_NOW = "select pg_catalog.clock_timestamp()"
# The oldest of the last so many: an hour after it one more may follow.
_OLDEST = """
select f.created_at from pgmend.fix as f
where f.automatic and f.state <> 'superseded' and f.created_at > %s
order by f.created_at desc offset %s limit 1
"""


class Schedule:
    """The settings `maintenance_windows` and `fixes_per_hour`, by the server's clock."""

    def __init__(self, settings: Settings) -> None:
        self._windows = settings.maintenance_windows
        self._fixes_per_hour = settings.fixes_per_hour

    async def is_open(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Whether a maintenance window is open, or there are none."""
        return not self._windows or opens_at(self._windows, await _now(connection)) is None

    async def left(self, connection: AsyncConnection[TupleRow]) -> timedelta | None:
        """In how long the window that is open closes, at once where none is; None where no window ever does."""
        if not self._windows:
            return None
        now = await _now(connection)
        if opens_at(self._windows, now) is not None:
            return timedelta()
        closing = closes_at(self._windows, now)
        return None if closing is None else closing - now

    async def why_not_now(self, connection: AsyncConnection[TupleRow]) -> Objection | None:
        """Why no fix may be queued alone now, and until when."""
        if not self._windows and self._fixes_per_hour is None:
            return None
        now = await _now(connection)
        if (opening := opens_at(self._windows, now)) is not None:
            windows = "; ".join(map(str, self._windows))
            return Objection(f"it waits for a maintenance window ({windows}): {opening:%Y-%m-%d %H:%M} UTC", opening)
        if self._fixes_per_hour is None:
            return None
        row = await (await connection.execute(_OLDEST, (now - _HOUR, self._fixes_per_hour - 1))).fetchone()
        if row is None:
            return None
        free = row[0] + _HOUR
        return Objection(
            f"fixes_per_hour is {self._fixes_per_hour}, and so many were queued: {free:%Y-%m-%d %H:%M} UTC", free
        )


async def _now(connection: AsyncConnection[TupleRow]) -> datetime:
    row = await (await connection.execute(_NOW)).fetchone()
    assert row is not None
    return row[0]
