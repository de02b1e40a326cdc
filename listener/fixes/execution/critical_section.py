"""The time during which others wait for a transactional step: from its first lock on, all its statements together.

The server's own statement_timeout bounds it: before each statement it is set to what is left, by the server's clock, so
that it does not grow with the number of statements. It bounds our silence between two messages too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...errors import FixError
from ..composed import verbatim
from .session import milliseconds

_ENDS_AT = sql.SQL(
    "select (pg_catalog.clock_timestamp() + {}::interval)::text,"
    " pg_catalog.set_config('idle_in_transaction_session_timeout', {}, true)"
)
_REST = sql.SQL(
    "select pg_catalog.set_config('statement_timeout', greatest(1, pg_catalog.ceil(1000 * extract(epoch from"
    " {}::timestamptz - pg_catalog.clock_timestamp())))::int::text, true)"
)
_IS_OVER = sql.SQL("select pg_catalog.clock_timestamp() >= {}::timestamptz")


class HeldInVain(FixError):
    """Others waited for the step until its end, and it was rolled back all the same."""


class HeldTooLong(HeldInVain):
    """The time was over before the step was done."""


class SnapshotTaken(HeldInVain):
    """At its end there was an older snapshot; the message names who has it, and `processes` their server processes."""

    def __init__(self, message: str, processes: str = "") -> None:
        super().__init__(message)
        self.processes = processes


@dataclass(frozen=True, slots=True)
class CriticalSection:
    """One try's time under its locks, as the server's clock has its end."""

    ends_at: str

    def bounded(self, statements: Iterable[sql.Composable]) -> Iterator[sql.Composable]:
        """The statements, to be sent as one message, each with no more time than is left by then."""
        for statement in statements:
            yield _REST.format(self.ends_at)
            yield statement

    async def is_over(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Whether its time has passed: else it was somebody who cancelled the statement."""
        row = await (await connection.execute(_IS_OVER.format(self.ends_at))).fetchone()
        return bool(row and row[0])


async def enter(
    connection: AsyncConnection[TupleRow], locks: Sequence[str], length: timedelta, silence: timedelta
) -> CriticalSection:
    """Take the locks in one message; the time runs from the first. Our `silence` may not last for three times that.

    Before, our own clock ends the try, and keeps the connection.
    """
    clock = _ENDS_AT.format(length, milliseconds(min(silence, 3 * length)))
    message = [*map(verbatim, locks[:1]), clock, *map(verbatim, locks[1:])]
    cursor = await connection.execute(sql.SQL("; ").join(message))
    if locks:
        cursor.nextset()
    row = await cursor.fetchone()
    assert row is not None
    return CriticalSection(row[0])
