"""What is stored of a look: all of it in one transaction, and only while the lease is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import DATABASE, Oid, Snapshot
from ..codebase.account import Figures
from ..errors import CouldNotLook, LeaseLost
from ..hearing.intent import Intent
from ..hearing.lease import Lease
from ..hearing.outbox import mark_processed
from ..store import changes as change_store
from ..store import code as code_store
from ..store import impacts as impact_store
from ..store import issues as issue_store
from ..store import scans as scan_store
from ..store import seen as seen_store
from .outcome import Outcome

MANY_TABLES: Final = 500
_NO_SCANS: Final = ("event", "measurement", "code")


class Look(NamedTuple):
    """One look: its kind, what came of it, whether each of its events was meant, and what was seen."""

    kind: str
    outcome: Outcome
    intents: Mapping[str, Intent]
    snapshot: Snapshot
    code: Figures | None = None


class Ledger:
    """Writes over one connection under one lease."""

    def __init__(self, connection: AsyncConnection[TupleRow], lease: Lease) -> None:
        self._connection = connection
        self._lease = lease

    async def store(self, look: Look, *, everything: bool) -> None:
        """All that came of a look; of `everything` the tables are put down anew. Raises LeaseLost, then nothing is
        stored."""
        known = look.snapshot.tables
        moved = known.keys() if everything else {change.table_oid for change in look.outcome.changes} - {DATABASE}
        tables = [known[oid] for oid in moved if oid in known]
        many = len(tables) >= MANY_TABLES
        seen = await asyncio.to_thread(seen_store.rows_of, tables) if many else seen_store.rows_of(tables)
        connection = self._connection
        if not many:
            async with self._lease.one_flight(connection):
                await seen_store.write_seen(connection, seen)
                await self._write(look, moved - known.keys())
            return
        async with connection.transaction():
            await seen_store.copy_seen(connection, seen)
            async with self._lease.one_flight(connection):
                await self._write(look, moved - known.keys())

    async def _write(self, look: Look, gone: Collection[Oid]) -> None:
        connection, outcome = self._connection, look.outcome
        await change_store.write_changes(connection, outcome.changes)
        await seen_store.forget_seen(connection, gone)
        await issue_store.open_or_change(connection, (*outcome.opened, *outcome.changed))
        await issue_store.resolve(connection, outcome.resolved, outcome.unwatched)
        await impact_store.write_impacts(connection, outcome.impacts)
        if look.code is not None:
            await code_store.write_reading(connection, look.code)
        if look.intents:
            await mark_processed(connection, look.intents)
        if look.kind not in _NO_SCANS:
            await scan_store.write_scan(
                connection,
                kind=look.kind,
                duration_ms=outcome.duration_ms,
                tables=outcome.tables,
                opened=len(outcome.opened),
                resolved=len(outcome.resolved),
                started_at=look.snapshot.taken_at,
                reason=outcome.unseen,
                unread=outcome.unread,
            )

    async def leave_code(self, issues: Collection[str], because: str) -> None:
        """Say that no code is watched any more: these issues of it are closed for that reason."""
        connection = self._connection
        async with self._lease.one_flight(connection):
            await issue_store.resolve(connection, [*issues], dict.fromkeys(issues, because))
            await code_store.forget_reading(connection)

    async def could_not_scan(self, kind: str, error: CouldNotLook) -> None:
        """Put down a scan that came to nothing, and why; requests for one are answered with it."""
        async with self._connection.transaction():
            if not await self._lease.hold(self._connection):
                raise LeaseLost("Another listener leads this database; that a scan failed here is not stored.")
            row = await (await self._connection.execute("select clock_timestamp()")).fetchone()
            assert row is not None
            await scan_store.write_scan(
                self._connection,
                kind=kind,
                started_at=row[0],
                duration_ms=0,
                tables=0,
                opened=0,
                resolved=0,
                reason=str(error),
            )
