"""Keeps the picture of one database true, and `pgmend.issue` with it.

One analyst works under one lease. Each reaction is three round trips: the unprocessed events, the catalogs of the
tables they reach, and one transaction that stores what was made of them and marks them processed. What that
transaction does not store did not happen: a crash before its commit leaves the events unprocessed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .catalog.affected import affected
from .catalog.change import Change
from .catalog.diff import diff_table
from .catalog.exclusion import LeftAlone
from .catalog.fingerprint import fingerprint
from .catalog.read import read_affected, read_snapshot
from .catalog.snapshot import Oid, Snapshot
from .cause import Causes
from .errors import LeaseLost
from .event import Event
from .examiner import Examiner
from .hearing.lease import Lease
from .hearing.outbox import mark_processed, unprocessed
from .issue import Issue
from .judge import Judge
from .relations.measurement import Containment, Unmeasured
from .relations.relation import Link
from .store import changes as change_store
from .store import issues as issue_store
from .store import scans as scan_store
from .store import seen as seen_store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look came to. `touched` are the tables whose issues were judged anew."""

    opened: tuple[Issue, ...]
    changed: tuple[Issue, ...]
    resolved: tuple[str, ...]
    changes: tuple[Change, ...]
    touched: frozenset[Oid]
    tables: int
    duration_ms: float


class Analyst:
    """Reads, judges, stores. Its methods take turns: one look at a time."""

    def __init__(
        self, connection: AsyncConnection[TupleRow], lease: Lease, judge: Judge, left_alone: LeftAlone
    ) -> None:
        self._connection = connection
        self._lease = lease
        self._judge = judge
        self._left_alone = left_alone
        self._turn = asyncio.Lock()
        self._examiner: Examiner | None = None
        self._open: dict[str, Issue] = {}
        self._by_table: dict[Oid, set[str]] = {}
        self._unmeasured: set[Link] = set()

    @property
    def examiner(self) -> Examiner:
        """The picture in memory; there is none before `begin`."""
        if self._examiner is None:
            raise RuntimeError("begin() comes first")
        return self._examiner

    async def begin(self) -> Outcome:
        """Look at everything, compare it with what was seen last, and open the backlog at the very first look."""
        async with self._turn:
            started = time.perf_counter()
            events = await unprocessed(self._connection)
            snapshot = await read_snapshot(self._connection, left_alone=self._left_alone)
            self._examiner = Examiner(self._judge, snapshot, await change_store.read_changes(self._connection))
            for record in await issue_store.read_open(self._connection):
                self._hold(record.to_issue())
            first, changes = await self._missed(snapshot)
            causes = Causes(events, changes)
            self._examiner.remember(causes.changes)
            return await self._conclude("full", causes, events, frozenset(snapshot.tables), started, backlog=first)

    async def react(self) -> Outcome | None:
        """Make something of the events that wait; None where there are none."""
        async with self._turn:
            started = time.perf_counter()
            events = await unprocessed(self._connection)
            if not events:
                return None
            reach = affected(events, self.examiner.snapshot)
            if reach.full:
                return await self._look("event", events, started)
            part, asked = await read_affected(
                self._connection, reach, self.examiner.snapshot, left_alone=self._left_alone
            )
            move = self.examiner.take(part, asked)
            causes = Causes(events, move.changes)
            self.examiner.remember(causes.changes)
            moved = frozenset(change.table_oid for change in move.changes)
            focus = moved | move.reached | reach.judge(self.examiner.snapshot, move.changes)
            return await self._conclude("event", causes, events, focus, started)

    async def look_at(self, tables: frozenset[Oid]) -> Outcome:
        """Look again at some tables, without any event."""
        async with self._turn:
            started = time.perf_counter()
            part = await read_snapshot(self._connection, tables, left_alone=self._left_alone)
            move = self.examiner.take(part, tables)
            causes = Causes((), move.changes)
            self.examiner.remember(causes.changes)
            return await self._conclude("event", causes, (), tables | move.reached, started)

    def is_being_built(self, table: Oid, index: Oid) -> bool:
        """Whether that index was being built at the last look."""
        known = self.examiner.snapshot.tables.get(table)
        found = known.index(index) if known else None
        return found is not None and found.being_built

    async def scan(self, kind: str) -> Outcome:
        """Look at everything again, whatever the events say."""
        async with self._turn:
            started = time.perf_counter()
            return await self._look(kind, await unprocessed(self._connection), started)

    async def learn(self, measured: Mapping[Link, Containment | Unmeasured]) -> Outcome:
        """Judge again the tables of which something was counted."""
        async with self._turn:
            started = time.perf_counter()
            self.examiner.learn(measured)
            focus = frozenset(oid for link in measured for oid in (link.table, link.key.table))
            return await self._conclude("measurement", Causes((), ()), (), focus, started)

    def take_unmeasured(self, limit: int) -> frozenset[Link]:
        """Some links that would decide something once counted; each is handed out once."""
        return frozenset(self._unmeasured.pop() for _ in range(min(limit, len(self._unmeasured))))

    def open_issues(self) -> tuple[Issue, ...]:
        """All that is wrong now, as of the last look."""
        return tuple(self._open.values())

    async def _look(self, kind: str, events: Sequence[Event], started: float) -> Outcome:
        part = await read_snapshot(self._connection, left_alone=self._left_alone, known=self.examiner.snapshot)
        everything = frozenset(part.tables) | frozenset(self.examiner.snapshot.tables)
        causes = Causes(events, self.examiner.take(part, None).changes)
        self.examiner.remember(causes.changes)
        return await self._conclude(kind, causes, events, everything, started)

    async def _missed(self, snapshot: Snapshot) -> tuple[bool, tuple[Change, ...]]:
        """Whether this is the very first look, and what moved since the last one of any listener."""
        known = await seen_store.read_fingerprints(self._connection)
        if not known:
            return True, ()
        differs = {oid for oid, table in snapshot.tables.items() if known.get(oid) != fingerprint(table)}
        gone = known.keys() - snapshot.tables.keys()
        before = await seen_store.read_seen(self._connection, differs | gone)
        changes: list[Change] = []
        for oid in sorted(differs | gone):
            changes += diff_table(before.get(oid), snapshot.tables.get(oid))
        return False, tuple(changes)

    async def _conclude(
        self,
        kind: str,
        causes: Causes,
        events: Sequence[Event],
        focus: frozenset[Oid],
        started: float,
        *,
        backlog: bool = False,
    ) -> Outcome:
        judgement = self.examiner.examine(focus)
        self._unmeasured |= self.examiner.unmeasured(focus)
        found = {issue.issue_id: issue for issue in judgement.issues}
        held = {identity for oid in focus for identity in self._by_table.get(oid, ())}
        opened = [
            replace(
                found[identity],
                backlog=backlog or self._nobody_else_did(found[identity]),
                event_id=causes.of(found[identity]),
            )
            for identity in found.keys() - self._open.keys()
        ]
        changed = [
            replace(issue, backlog=self._open[identity].backlog, event_id=self._open[identity].event_id)
            for identity, issue in found.items()
            if identity in self._open and not _same(issue, self._open[identity])
        ]
        undecided = judgement.undecided
        resolved = [
            identity
            for identity in held - found.keys()
            if (self._open[identity].issue_type, self._open[identity].table_oid) not in undecided
        ]
        outcome = Outcome(
            tuple(opened),
            tuple(changed),
            tuple(resolved),
            causes.changes,
            focus,
            len(self.examiner.snapshot.tables),
            (time.perf_counter() - started) * 1000,
        )
        await self._store(kind, outcome, events, everything=backlog)
        for issue in (*opened, *changed):
            self._hold(issue)
        for identity in resolved:
            issue = self._open.pop(identity)
            self._by_table[issue.table_oid].discard(identity)
        self._tell(outcome)
        return outcome

    def _nobody_else_did(self, issue: Issue) -> bool:
        """Whether nothing but our own fixes ever moved what the issue is about: then it was there at install, and
        only a count or a fix has brought it to light."""
        tables = (issue.table_oid, getattr(issue.remedy, "referenced_table", issue.table_oid))
        return all(change.fix_id for table in tables for change in self.examiner.changes.get(table, ()))

    async def _store(self, kind: str, outcome: Outcome, events: Sequence[Event], *, everything: bool) -> None:
        snapshot = self.examiner.snapshot
        moved = snapshot.tables.keys() if everything else {change.table_oid for change in outcome.changes}
        connection = self._connection
        async with connection.transaction():
            if not await self._lease.hold(connection):
                raise LeaseLost("Another listener leads this database; what was seen here is not stored.")
            async with connection.pipeline():
                await change_store.write_changes(connection, outcome.changes)
                await seen_store.write_seen(
                    connection, (snapshot.tables[oid] for oid in moved if oid in snapshot.tables)
                )
                await seen_store.forget_seen(connection, [oid for oid in moved if oid not in snapshot.tables])
                await issue_store.open_or_change(connection, (*outcome.opened, *outcome.changed))
                await issue_store.resolve(connection, outcome.resolved)
                if events:
                    await mark_processed(connection, events)
                if kind not in ("event", "measurement"):
                    await scan_store.write_scan(
                        connection,
                        kind=kind,
                        duration_ms=outcome.duration_ms,
                        tables=outcome.tables,
                        opened=len(outcome.opened),
                        resolved=len(outcome.resolved),
                        started_at=snapshot.taken_at,
                    )

    def _hold(self, issue: Issue) -> None:
        self._open[issue.issue_id] = issue
        self._by_table.setdefault(issue.table_oid, set()).add(issue.issue_id)

    @staticmethod
    def _tell(outcome: Outcome) -> None:
        for issue in outcome.opened:
            log.info(
                "issue opened",
                issue=issue.issue_id,
                type=issue.issue_type,
                severity=issue.severity.value,
                table=f"{issue.schema}.{issue.table}",
                state=issue.current_state,
            )
        for identity in outcome.resolved:
            log.info("issue resolved", issue=identity)


def _same(found: Issue, held: Issue) -> bool:
    """Whether two values of one issue say the same to people and to the planner."""
    return replace(found, backlog=held.backlog, event_id=held.event_id) == held
