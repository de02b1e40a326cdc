"""What happened while nobody listened: the tables as any listener saw them last, beside those that are there now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.change import Change
from ..catalog.diff import diff_table
from ..catalog.fingerprint import fingerprint
from ..catalog.snapshot import Oid, Snapshot, Table
from ..catalog.veil import lifted
from ..store import seen as seen_store


@dataclass(frozen=True, slots=True)
class Missed:
    """What moved since the last look of any listener; `first` says that there was none.

    `before` are the tables that moved as they were seen last, `new` those that were not there then.
    """

    first: bool
    changes: tuple[Change, ...]
    before: Mapping[Oid, Table]
    new: frozenset[Oid]

    def last_look(self, now: Snapshot) -> Snapshot:
        """What was seen last. Into which files rows were written then is not known."""
        same = {
            oid: table._replace(statistics=table.statistics._replace(file=0))
            for oid, table in now.tables.items()
            if oid not in self.new
        }
        return replace(now, tables={**same, **self.before})


async def read_missed(connection: AsyncConnection[TupleRow], now: Snapshot) -> Missed:
    """What was missed."""
    known = await seen_store.read_fingerprints(connection)
    if not known:
        return Missed(True, (), {}, frozenset(now.tables))
    differs = {oid for oid, table in now.tables.items() if known.get(oid) != fingerprint(table)}
    gone = known.keys() - now.tables.keys()
    stored = await seen_store.read_seen(connection, differs | gone)
    before = {oid: lifted(table, now.tables[oid]) if oid in now.tables else table for oid, table in stored.items()}
    changes: list[Change] = []
    for oid in sorted(differs | gone):
        changes += diff_table(before.get(oid), now.tables.get(oid))
    return Missed(False, tuple(changes), before, frozenset(differs - before.keys()))
