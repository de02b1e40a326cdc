"""Reads the server's own counters: in one flight, without waiting for anybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ..catalog.look import looking
from ..catalog.queries import text
from ..catalog.snapshot import Oid, Table
from ..errors import CouldNotLook, SnapshotTorn
from .sequence import SequenceState

_RETRIES = 4
# A sequence was dropped while it was read, a lock came in between, or it took too long: all of it passes.
_PASSING = frozenset({"XX000", "42P01", "55P03", "57014"})


def sequences_of(tables: Iterable[Table]) -> frozenset[Oid]:
    """The sequences that number a column of those tables; what numbers only those left alone is nobody's concern."""
    return frozenset(
        each.sequence for table in tables if table.numberings and not table.left_alone for each in table.numberings
    )


async def read_sequences(connection: AsyncConnection[Any], sequences: Collection[Oid]) -> Mapping[Oid, SequenceState]:
    """The sequences with those OIDs; one that is not in the answer is gone.

    Takes ROW EXCLUSIVE on them, as nextval does, and waits for nobody. Raises CouldNotLook where the server does not
    let us see.
    """
    if not sequences:
        return {}
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(SnapshotTorn),
        stop=stop_after_attempt(_RETRIES),
        wait=wait_random_exponential(multiplier=0.02, max=0.5),
        reraise=True,
    )
    return await retrying(_read, connection, sequences)


async def _read(connection: AsyncConnection[Any], sequences: Collection[Oid]) -> Mapping[Oid, SequenceState]:
    wanted = f"{{{','.join(map(str, sequences))}}}"
    try:
        async with looking(connection) as look:
            answer = await look.ask(text("sequences", connection.info.server_version), wanted)
        return {state.oid: state for state in map(SequenceState._make, await answer.fetchall())}
    except psycopg.Error as error:
        if error.sqlstate in _PASSING:
            raise SnapshotTorn(f"The sequences did not hold still ({error.sqlstate}): {error}") from error
        raise CouldNotLook(f"The sequences could not be read ({error.sqlstate}): {error}") from error
