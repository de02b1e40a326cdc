"""Suspicions: what events' statements may have done to tables that were there before, as texts and catalogs say.

How large the tables are is not asked here: `weighing.py` judges by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..catalog import affected as catalog
from ..catalog.snapshot import AttributeNumber, Constraint, Index, Oid, Snapshot, Table
from ..event import Event
from .changed import commands_seen
from .commands import REWRITING, Command, Sort, commands_of
from .impact import Lock
from .rewriting import may_rewrite, surely_rewrites, was_rewritten, with_partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Something that an event's statement did to a table.

    `lock` is the strongest that the statement took on it. `constraint` and `index` are what was made, rebuilt or
    dropped, `referenced` is what a foreign key points at. `seen` is false where only the types say that rows were
    written anew; `doubtful` says that they were, and perhaps by something else. `times` are how long the statement
    took, and how long its transaction went on from there; `rows` how many the table had before, as far as the planner
    knew.
    """

    event: Event
    before: Table
    after: Table
    command: Command
    lock: Lock
    times: tuple[timedelta, timedelta]
    rows: int | None
    columns: tuple[AttributeNumber, ...] = ()
    constraint: Constraint | None = None
    index: Index | None = None
    referenced: Table | None = None
    seen: bool = True
    doubtful: bool = False

    @property
    def waited(self) -> bool:
        """Whether all of it took long enough for everybody to notice."""
        return sum(self.times, timedelta()) >= WAITED


WAITED: Final = timedelta(seconds=1)
"""Above this everybody notices, whatever the table's size: it counts from when the client sent the statement to the
last that we know of its transaction, since who waits for a strong lock keeps out all who come after."""


def suspicions(events: Sequence[Event], before: Snapshot, after: Snapshot) -> list[Suspicion]:
    """All that may have kept somebody waiting; of `before` and `after` only tables that are in both are looked at."""
    return list(_Look(events, before, after).suspicions())


class _Look:
    """What became of tables between two looks, and the events of that time."""

    def __init__(self, events: Sequence[Event], before: Snapshot, after: Snapshot) -> None:
        self._before = before
        self._after = after
        self._ends: dict[int, datetime] = {}
        self._objects: dict[int, set[tuple[Oid, Oid]]] = {}
        for event in events:
            ended = self._ends.get(event.transaction_id, event.occurred_at)
            self._ends[event.transaction_id] = max(ended, event.occurred_at)
            self._objects.setdefault(event.transaction_id, set()).add((event.class_id, event.object_id))
        self._texts, self._withheld = self._sorted_out(event for event in events if event.fix_id is None)

    def _sorted_out(
        self, events: Iterable[Event]
    ) -> tuple[list[tuple[Event, tuple[Command, ...], list[Event]]], dict[Oid, Event]]:
        """Statements whose text says what they do, with all their events; and the last withheld event by table."""
        statements: dict[tuple[int, datetime | None], list[Event]] = {}
        for event in events:
            statements.setdefault(event.command, []).append(event)
        texts: list[tuple[Event, tuple[Command, ...], list[Event]]] = []
        withheld: dict[Oid, Event] = {}
        for several in statements.values():
            commands = commands_of(next((event.statement for event in several if event.statement), None))
            if commands is not None:
                # A serial's first event is of its sequence.
                of_table = (event for event in several if self._table_of(event) is not None)
                texts.append((next(of_table, several[0]), commands, several))
                continue
            for event in several:
                if (table := self._table_of(event)) is not None:
                    withheld[table] = event
        return texts, withheld

    def suspicions(self) -> Iterator[Suspicion]:
        found = [each for event, commands, several in self._texts for each in self._of(event, commands, several)]
        told: dict[Oid, set[str]] = {}
        for event, commands, _ in self._texts:
            if (table := self._table_of(event)) is not None:
                told.setdefault(table, set()).update(name for command in commands for name in _told(command))
        for table, event in self._withheld.items():
            if (pair := self._pair(table)) is not None:
                alone = len(self._objects[event.transaction_id]) == 1
                names = told.get(table, set())
                for command in commands_seen(*pair, names, alone=alone):
                    found += self._in_table(event, command, command.lock, pair)
        yield from self._with_rewrites(found)

    def _with_rewrites(self, found: Iterable[Suspicion]) -> Iterator[Suspicion]:
        """The suspicions, those that rows were written anew only where they were."""
        may: dict[Oid, list[Suspicion]] = {}
        for each in found:
            if each.command.sort in REWRITING:
                may.setdefault(each.after.oid, []).append(each)
            else:
                yield each
        for table, candidates in may.items():
            rewritten = was_rewritten(table, self._before.tables, self._after)
            sure = [each for each in candidates if surely_rewrites(each.command, each.before, each.after)]
            if rewritten is not False:
                yield from _one_each(replace(each, seen=rewritten is True) for each in sure)
            if rewritten and not sure:
                yield from _one_each(replace(each, doubtful=True) for each in candidates)

    def _of(self, event: Event, commands: Sequence[Command], several: Sequence[Event]) -> Iterator[Suspicion]:
        """What one statement with a text did."""
        lock = Lock.strongest(command.lock for command in commands)
        if (pair := self._pair(self._table_of(event))) is not None and lock is not Lock.SHARE_UPDATE_EXCLUSIVE:
            whole = self._suspicion(event, Command(Sort.OTHER, lock), lock, pair)
            yield from [whole] if whole.waited else ()
        for command in commands:
            match command.sort:
                case Sort.INDEX | Sort.REINDEX | Sort.DROP_INDEX:
                    yield from self._of_indexes(command, several)
                case _ if pair is not None:
                    yield from self._in_table(event, command, lock, pair)
                case _:
                    pass

    def _of_indexes(self, command: Command, events: Iterable[Event]) -> Iterator[Suspicion]:
        told: set[Oid] = set()
        for event in events:
            dropped = command.sort is Sort.DROP_INDEX
            if event.object_type != "index" or (event.kind == "drop") is not dropped:
                continue
            pair = self._pair(self._table_of(event))
            index = pair[0 if dropped else 1].index(event.object_id) if pair is not None else None
            if pair is None or index is None or (command.sort is Sort.REINDEX and pair[1].oid in told):
                continue
            told.add(pair[1].oid)
            plain = self._suspicion(event, command, command.lock, pair)
            columns = _real(index.columns) if command.sort is not Sort.REINDEX else ()
            yield replace(plain, columns=columns, index=index)

    def _in_table(self, event: Event, command: Command, lock: Lock, pair: tuple[Table, Table]) -> Iterator[Suspicion]:
        before, after = pair
        plain = self._suspicion(event, command, lock, pair)
        match command.sort:
            case _ if command.harmless:
                return
            case Sort.NOT_NULL:
                if self._was_scanned_for_nulls(plain):
                    yield plain
            case Sort.CHECK | Sort.FOREIGN_KEY | Sort.KEY | Sort.EXCLUSION:
                made = _made(command, before, after)
                if made is not None:
                    index = after.index(made.index_oid) if command.sort is not Sort.FOREIGN_KEY else None
                    parent = self._after.tables.get(made.referenced_table)
                    yield replace(plain, columns=made.columns, constraint=made, index=index, referenced=parent)
            case Sort.INDEX:
                index = next((each for each in after.indexes if each.name == command.name), None)
                if index is not None:
                    yield replace(plain, columns=_real(index.columns), index=index)
            case Sort.ATTACH:
                for oid in self._after.children.get(after.oid, ()):
                    child = self._pair(oid)
                    if child is not None and child[1].name == command.name and after.oid not in child[0].parents:
                        yield self._suspicion(event, command, Lock.ACCESS_EXCLUSIVE, child)
            case sort if sort in REWRITING and may_rewrite(command, before, after):
                yield plain
            case _:
                return

    def _was_scanned_for_nulls(self, suspicion: Suspicion) -> bool:
        """Whether the column could hold NULLs before, and no CHECK that is gone by now may have said that it does not.

        What a CHECK says that is still there is asked of the server later.
        """
        before, after = suspicion.before, suspicion.after
        there = {each.oid for each in after.constraints}
        gone = [each for each in before.constraints if each.kind == "c" and each.validated and each.oid not in there]
        proved = {
            name
            for event, commands, _ in self._texts
            if self._table_of(event) == after.oid
            for command in commands
            for name in command.proves
        }
        for number in suspicion.columns:
            column = before.column(number)
            if column is None or column.not_null or any(number in each.columns for each in gone):
                return False
        return bool(suspicion.columns) and not proved.issuperset(suspicion.command.columns)

    def _table_of(self, event: Event) -> Oid | None:
        """The table that the event's object is, or is a part of; of one that is gone, was."""
        oid = event.object_id
        match event.class_id:
            case catalog.PG_CLASS if oid in self._after.tables or oid in self._before.tables:
                return oid
            case catalog.PG_CLASS:
                return (self._before if event.kind == "drop" else self._after).table_of_index.get(oid)
            case catalog.PG_TRIGGER:
                return self._after.table_of_trigger.get(oid)
            case catalog.PG_CONSTRAINT:
                return self._after.table_of_constraint.get(oid)
            case _:
                return None

    def _pair(self, oid: Oid | None) -> tuple[Table, Table] | None:
        """The table before and after, where it was there before and is still, and is ours to judge."""
        before, after = (self._before.tables.get(oid), self._after.tables.get(oid)) if oid else (None, None)
        if before is None or after is None or after.left_alone or after.kind == "f":
            return None
        return before, after

    def _suspicion(self, event: Event, command: Command, lock: Lock, pair: tuple[Table, Table]) -> Suspicion:
        return Suspicion(
            event=event,
            before=pair[0],
            after=pair[1],
            command=command,
            lock=lock,
            times=self._times(event),
            rows=self._rows(pair[0].oid),
            columns=_numbers(pair[1], command.columns),
        )

    def _rows(self, table: Oid) -> int | None:
        """As the planner knew before; writing rows anew makes it forget."""
        known = [self._before.tables[oid].statistics.rows for oid in with_partitions(table, self._before)]
        counted = [rows for rows in known if rows > 0]
        return round(sum(counted)) if counted else None

    def _times(self, event: Event) -> tuple[timedelta, timedelta]:
        began = event.statement_started_at or event.occurred_at
        return event.occurred_at - began, self._ends[event.transaction_id] - event.occurred_at


def _one_each(several: Iterable[Suspicion]) -> Iterator[Suspicion]:
    """One for each statement, with the columns of all its commands."""
    by_event: dict[str, Suspicion] = {}
    for each in several:
        before = by_event.get(each.event.event_id)
        if before is not None:
            each = replace(before, columns=tuple(dict.fromkeys((*before.columns, *each.columns))))  # noqa: PLW2901
        by_event[each.event.event_id] = each
    yield from by_event.values()


def _made(command: Command, before: Table, after: Table) -> Constraint | None:
    """The constraint that the command made; None where it is gone, or was there before."""
    kinds = {Sort.CHECK: "c", Sort.FOREIGN_KEY: "f", Sort.KEY: "pu", Sort.EXCLUSION: "x"}[command.sort]
    known = {each.oid for each in before.constraints}
    new = [each for each in after.constraints if each.kind in kinds and each.oid not in known and not each.parent]
    if command.name:
        return next((each for each in new if each.name == command.name), None)
    if command.columns:
        return next((each for each in new if set(after.names(each.columns)) == set(command.columns)), None)
    return new[0] if len(new) == 1 else None


def _told(command: Command) -> Iterator[str]:
    """The names that the text has told of, and the columns that it made or altered."""
    if command.name:
        yield command.name
    yield from command.columns


def _numbers(table: Table, names: Iterable[str]) -> tuple[AttributeNumber, ...]:
    found = (table.column_named(name) for name in names)
    return tuple(column.number for column in found if column is not None)


def _real(columns: Iterable[AttributeNumber]) -> tuple[AttributeNumber, ...]:
    return tuple(number for number in columns if number)
