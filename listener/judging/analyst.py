"""Keeps the picture of one database true, and `pgmend.issue` with it.

One analyst works under one lease. Each reaction is three round trips: the unprocessed events, the catalogs of the
tables they reach, and one transaction that stores what was made of them and marks them processed. What that
transaction does not store did not happen: a crash before its commit leaves the events unprocessed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ParamSpec, TypeVar

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.affected import affected
from ..catalog.change import Change
from ..catalog.exclusion import LeftAlone
from ..catalog.read import read_affected, read_snapshot
from ..catalog.snapshot import Oid, Snapshot
from ..codebase.account import Account
from ..counters.idle import watch
from ..counters.read import read_sequences, sequences_of
from ..counters.sequence import SequenceState
from ..errors import CouldNotLook
from ..event import Event
from ..expected.watch import Watch
from ..garbage import keep_for_good
from ..hearing.intent import decide
from ..hearing.lease import Lease
from ..hearing.outbox import unprocessed
from ..impact.impact import Impact
from ..impact.witness import Witness
from ..issue import Issue
from ..relations.measurement import Measurements, Subject
from ..relations.reading.reader import CodeReader, told
from ..relations.reading.reading import Reading
from ..store import changes as change_store
from ..store import issues as issue_store
from .cause import Causes, nobody_else_did
from .closure import closed
from .code_issues import NOTHING_OF_CODE, moves_in_code
from .examiner import Examiner
from .held import HeldIssues
from .judge import CheckStatus, Judge, Judgement
from .ledger import MANY_TABLES, Ledger, Look
from .missed import read_missed
from .outcome import Outcome, tell
from .renames import former_id
from .roster import Roster

P = ParamSpec("P")
R = TypeVar("R")
_VIEWS, _FUNCTIONS = ("view", "materialized view"), ("function", "procedure")
log = structlog.get_logger()


class Analyst:
    """Reads, judges, stores. Its methods take turns: one look at a time."""

    def __init__(
        self,
        connection: AsyncConnection[TupleRow],
        lease: Lease,
        judge: Judge,
        left_alone: LeftAlone,
        *,
        online_above: timedelta = timedelta(milliseconds=80),
        heard: Callable[[str, Sequence[Event], Outcome], None] | None = None,
    ) -> None:
        """`online_above` is how long others may have to wait for a statement before it is told as unsafe. Of each look
        at the schema is `heard` which kind it was, what events there were, and what came of it."""
        self._connection = connection
        self._witness = Witness(connection, online_above)
        self._ledger = Ledger(connection, lease)
        self._heard = heard
        self._judge = judge
        self._left_alone = left_alone
        self._reader = CodeReader(connection)
        self._watch = Watch(connection, left_alone)
        self._turn = asyncio.Lock()
        self._examiner: Examiner | None = None
        self._held = HeldIssues()
        self._unmeasured: set[Subject] = set()
        self._unread: tuple[str, ...] = ()

    @property
    def roster(self) -> Roster:
        """The rules that judge here, and those that do not."""
        return self._judge.roster

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
            remembered = await change_store.read_changes(self._connection)
            self._examiner = await self._beside_the_loop(
                len(snapshot.tables), Examiner, self._judge, snapshot, remembered
            )
            self._examiner.read_off(await self._sequences(snapshot), None)
            self._examiner.see_idle(await watch(self._connection))
            self._examiner.read(await self._all_code(snapshot))
            self._held.hold(record.to_issue() for record in await issue_store.read_open(self._connection))
            self._held.know_backlog(await issue_store.read_backlog(self._connection))
            missed = await read_missed(self._connection, snapshot)
            causes = Causes(events, missed.changes, snapshot.taken_at)
            self._examiner.remember(causes.changes)
            self._examiner.hear(await self._witness.remembered())
            heard = [] if missed.first else events
            impacts = await self._witness.see(heard, missed.last_look(snapshot), snapshot) if heard else ()
            self._examiner.hear_more(impacts)
            await self._watch.look()
            self._examiner.expect(self._watch.expected)
            # What has issues and was dropped while nobody listened, too: it resolves them.
            everything = self._examiner.everything() | self._held.tables
            outcome = await self._conclude(
                "full", causes, events, everything, started, backlog=missed.first, impacts=impacts
            )
            # The first reaction would have to make it otherwise, and the first collection to look through all of it.
            await self._beside_the_loop(len(everything), self._examiner.atlas.listen)
            keep_for_good()
            return outcome

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
            sequences, before = await self._sequences(part), self.examiner.snapshot
            move = self.examiner.take(part, asked)
            causes = Causes(events, move.changes, part.taken_at)
            self.examiner.remember(causes.changes)
            impacts = await self._witness.see(events, before, self.examiner.snapshot)
            self.examiner.hear_more(impacts)
            counted = self.examiner.read_off(sequences, sequences_of(part.tables.values()))
            moved = frozenset(change.table_oid for change in move.changes)
            focus = moved | move.reached | counted | reach.judge(self.examiner.snapshot, move.changes)
            focus |= await self._read_code(events)
            focus |= await self._compared(events, move.changes)
            focus |= {impact.table for impact in impacts}
            return await self._conclude("event", causes, events, focus, started, impacts=impacts)

    async def _read_code(self, events: Sequence[Event]) -> frozenset[Oid]:
        """Read the views and functions that the events name; the tables whose relations may differ by that."""
        views = {each.object_id for each in events if each.object_type in _VIEWS}
        functions = {each.object_id for each in events if each.object_type in _FUNCTIONS}
        if not views and not functions:
            return frozenset()
        return self.examiner.read(await self._reader.named(self.examiner.snapshot, views, functions))

    async def _all_code(self, snapshot: Snapshot) -> Reading:
        """Read every view, function and statement, and keep in mind what of them could not be."""
        reading = told(await self._reader.everything(snapshot))
        self._unread = tuple(reading.gaps())
        return reading

    async def look_at(self, tables: frozenset[Oid]) -> Outcome:
        """Look again at some tables, without any event."""
        async with self._turn:
            started = time.perf_counter()
            part = await read_snapshot(self._connection, tables, left_alone=self._left_alone)
            sequences = await self._sequences(part)
            move = self.examiner.take(part, tables)
            causes = Causes((), move.changes, part.taken_at)
            self.examiner.remember(causes.changes)
            counted = self.examiner.read_off(sequences, sequences_of(part.tables.values()))
            focus = tables | move.reached | counted | await self._compared((), move.changes)
            return await self._conclude("event", causes, (), focus, started)

    async def ask(self, question: Callable[[AsyncConnection[TupleRow]], Awaitable[R]]) -> R:
        """Ask something over the analyst's connection, in turn: in the midst of a look it would join its pipeline."""
        async with self._turn:
            return await question(self._connection)

    def is_being_built(self, table: Oid, index: Oid) -> bool:
        """Whether that index was being built at the last look."""
        known = self.examiner.snapshot.tables.get(table)
        found = known.index(index) if known else None
        return found is not None and found.being_built

    async def scan(self, kind: str) -> Outcome:
        """Look at everything again, whatever the events say; what rows were in the way is to be counted again."""
        async with self._turn:
            started = time.perf_counter()
            outcome = await self._look(kind, await unprocessed(self._connection), started)
            self._unmeasured |= self.examiner.troubled()
            return outcome

    async def could_not_scan(self, kind: str, error: CouldNotLook) -> None:
        """Put down a scan that came to nothing, and why; requests for one are answered with it."""
        async with self._turn:
            await self._ledger.could_not_scan(kind, error)

    async def see_code(self, account: Account) -> Outcome:
        """Take in what the application's code came to."""
        async with self._turn:
            started = time.perf_counter()
            snapshot = self.examiner.snapshot
            reached = frozenset[Oid]()
            if account.pieces or account.silent:
                reached = self.examiner.read(await self._reader.code(snapshot, account.pieces, account.silent))
            nothing = Causes((), (), snapshot.taken_at)
            return await self._conclude("code", nothing, (), reached, started, account=account)

    async def leave_code(self) -> None:
        """Close what was found in code: nobody watches it here."""
        async with self._turn:
            issues = self._held.in_code()
            await self._ledger.leave_code(issues, "nobody looks any more: the listener is started without --code")
            self._held.let_go(issues)

    async def learn(self, measured: Measurements) -> Outcome:
        """Judge again the tables of which something was counted."""
        async with self._turn:
            started = time.perf_counter()
            self.examiner.learn(measured)
            focus = frozenset(oid for each in (*measured.containment, *measured.duplicates) for oid in each.tables)
            return await self._conclude(
                "measurement", Causes((), (), self.examiner.snapshot.taken_at), (), focus, started
            )

    def take_unmeasured(self, limit: int) -> frozenset[Subject]:
        """Some links and keys that would decide something once counted; each is handed out once."""
        return frozenset(self._unmeasured.pop() for _ in range(min(limit, len(self._unmeasured))))

    def put_back_unmeasured(self, subjects: frozenset[Subject]) -> None:
        """Hand them out again: they could not be counted."""
        self._unmeasured |= subjects

    def open_issues(self) -> tuple[Issue, ...]:
        """All that is wrong now, as of the last look."""
        return tuple(self._held)

    async def _look(self, kind: str, events: Sequence[Event], started: float) -> Outcome:
        part = await read_snapshot(self._connection, left_alone=self._left_alone, known=self.examiner.snapshot)
        sequences, idleness = await self._sequences(part), await watch(self._connection)
        before = self.examiner.snapshot
        everything = frozenset(part.tables) | self.examiner.everything()
        self.examiner.forget_before(part.taken_at - change_store.REMEMBERED)
        causes = Causes(events, self.examiner.take(part, None).changes, part.taken_at)
        self.examiner.remember(causes.changes)
        self.examiner.hear(await self._witness.still_told(self.examiner.impacts, part))
        impacts = await self._witness.see(events, before, self.examiner.snapshot)
        self.examiner.hear_more(impacts)
        self.examiner.read_off(sequences, None)
        self.examiner.see_idle(idleness)
        self.examiner.read(await self._all_code(part))
        await self._watch.look()
        self.examiner.expect(self._watch.expected)
        return await self._conclude(kind, causes, events, everything, started, impacts=impacts)

    async def _compared(self, events: Sequence[Event], changes: Sequence[Change]) -> frozenset[Oid]:
        """The tables (or DATABASE) that differ otherwise from the expected schema than before."""
        touched = await self._watch.follow(events, changes)
        self.examiner.expect(self._watch.expected)
        return touched

    async def _sequences(self, part: Snapshot) -> Mapping[Oid, SequenceState]:
        """How far those have come that number a column there. Read before the picture moves: it may not come off."""
        return await read_sequences(self._connection, sequences_of(part.tables.values()))

    async def _conclude(
        self,
        kind: str,
        causes: Causes,
        events: Sequence[Event],
        focus: frozenset[Oid],
        started: float,
        *,
        backlog: bool = False,
        impacts: tuple[Impact, ...] = (),
        account: Account | None = None,
    ) -> Outcome:
        judgement, unmeasured = await self._beside_the_loop(len(focus), self._judged, focus)
        self._unmeasured |= unmeasured
        found = {issue.issue_id: issue for issue in judgement.issues}
        new = [issue for issue in judgement.issues if issue.issue_id not in self._held]
        again = await issue_store.backlog_again(self._connection, () if backlog else self._held.returning(new))
        opened = [
            self._opened(issue, causes, backlog=backlog or issue.issue_id in again, begins=kind == "full")
            for issue in new
        ]
        changed = self._held.changed(judgement.issues, causes)
        missing = self._held.missing(focus, found)
        gone, unwatched = closed(missing, self._judge.roster, judgement, counted=kind == "measurement")
        code = NOTHING_OF_CODE if account is None else moves_in_code(account, self._held)
        outcome = Outcome(
            (*opened, *code.opened),
            (*changed, *code.changed),
            (*gone, *code.gone),
            causes.changes,
            focus,
            len(self.examiner.snapshot.tables),
            (time.perf_counter() - started) * 1000,
            next((check.reason for check in judgement.checks if check.status is CheckStatus.COULD_NOT_RUN), None),
            unwatched,
            impacts,
            self._unread,
        )
        intents = await decide(self._connection, events, self.examiner.snapshot)
        figures = account.figures if account is not None else None
        look = Look(kind, outcome, intents, self.examiner.snapshot, figures)
        await self._ledger.store(look, everything=backlog)
        self._held.hold((*outcome.opened, *outcome.changed, *code.same))
        self._held.let_go(outcome.resolved)
        tell(outcome)
        if self._heard is not None and account is None and kind != "measurement":
            self._heard(kind, events, outcome)
        return outcome

    def _judged(self, focus: frozenset[Oid]) -> tuple[Judgement, frozenset[Subject]]:
        return self.examiner.examine(focus), self.examiner.unmeasured(focus)

    @staticmethod
    async def _beside_the_loop(tables: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do what takes long for many tables in a thread, so that the lease is kept meanwhile."""
        if tables < MANY_TABLES:
            return work(*args, **kwargs)
        return await asyncio.to_thread(work, *args, **kwargs)

    def _opened(self, issue: Issue, causes: Causes, *, backlog: bool, begins: bool) -> Issue:
        """The issue with its history: that of what it was called before, if it only got another name.

        What nothing that moved explains when the listener `begins` was there before: a new rule, or other settings,
        have brought it to light.
        """
        before = self._held.get(former_id(issue, self.examiner.snapshot, causes.changes))
        if before is not None:
            return replace(issue, backlog=before.backlog, event_id=issue.event_id or before.event_id)
        if issue.event_id is not None:
            return issue
        backlog = (
            backlog
            or (begins and not causes.explain(issue))
            or nobody_else_did(issue, causes, self.examiner.changes, expectation_is_new=self._watch.began)
        )
        return replace(issue, backlog=backlog, event_id=causes.of(issue))
