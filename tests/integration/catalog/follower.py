"""Follows a database by its events alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgmend.listener.catalog.affected import Affected, affected
from pgmend.listener.catalog.read import read_affected, read_snapshot
from pgmend.listener.catalog.snapshot import Oid, Snapshot
from pgmend.listener.event import Event
from pgmend.listener.hearing.intent import NOTHING_SAYS_SO
from pgmend.listener.hearing.outbox import mark_processed, unprocessed
from psycopg import AsyncConnection


@dataclass
class Follower:
    """Holds a snapshot and brings it up to date with what events reach; `asked` and `reach` are of the last time."""

    connection: AsyncConnection[Any]
    snapshot: Snapshot
    asked: frozenset[Oid] = frozenset()
    reach: Affected | None = None

    @classmethod
    async def begin(cls, connection: AsyncConnection[Any]) -> Follower:
        await _mark(connection, await unprocessed(connection))
        return cls(connection, await read_snapshot(connection))

    async def catch_up(self) -> list[Event]:
        events = await unprocessed(self.connection)
        self.reach = affected(events, self.snapshot)
        if self.reach.full:
            self.snapshot, self.asked = await read_snapshot(self.connection), frozenset()
        else:
            part, self.asked = await read_affected(self.connection, self.reach, self.snapshot)
            self.snapshot = self.snapshot.replaced(part, self.asked)
        await _mark(self.connection, events)
        return events

    def names(self, oids: frozenset[Oid]) -> set[str]:
        return {self.snapshot.tables[oid].name for oid in oids if oid in self.snapshot.tables}


async def _mark(connection: AsyncConnection[Any], events: list[Event]) -> None:
    await mark_processed(connection, {event.event_id: NOTHING_SAYS_SO for event in events})
