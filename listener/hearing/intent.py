"""Whether a change was meant: by the session's own word, or because its transaction also wrote migration history.

It is decided once, when the event is processed, and stored with the event: the row that a migration leaves is
overwritten by the next one. `application_name` is no evidence of anything: anyone can set it.

Who may say so: whoever runs DDL on a table has its owner's rights and could `set pgmend.intended`, so his word counts,
and so does a history of his own, of the table's owner, of a superuser or of ours, if he can write it. What others call
`alembic_version` is not looked at.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid, Snapshot
from ..event import Event
from .migration_history import History, Unread, Writers, find_histories, read_writers

BUDGET: Final = timedelta(seconds=2)
REASONS: Final = 3
_TOO_MANY = Unread(f"there are more of them than could be read in {BUDGET.total_seconds():.0f} s")
_Reading = tuple[History, Writers | Unread]
_DECIDED = """
select event.event_id is not null, event.meant, event.meant_reason
from pg_catalog.unnest(%s::uuid[]) as wanted (event_id) left join pgmend.ddl_log as event using (event_id)
order by event.meant desc nulls last
"""
_BUSY = """
select exists (
  select from pg_catalog.pg_stat_activity as session join pgmend.ddl_log as event
    on session.pid = event.backend_pid and session.backend_start <= event.occurred_at
  where event.event_id = %s and session.xact_start is not null)
"""


@dataclass(frozen=True, slots=True)
class Intent:
    """Whether an event was meant (None: not known), and what says so."""

    meant: bool | None
    reason: str | None = None


NOTHING_SAYS_SO = Intent(meant=False)
_BESIDE = Intent(meant=None, reason="a transaction that was, or may have been, changed the same table at the same time")


@dataclass(frozen=True, slots=True)
class _Transaction:
    """What one transaction's events tell: the roles it ran as, the tables it changed, and who owns these."""

    number: int
    roles: frozenset[str]
    owners: frozenset[str]
    tables: frozenset[Oid]
    intended: str | None

    def concerns(self, history: History) -> bool:
        """Whether that history says something of this transaction."""
        heeded = history.trusted or history.owner in self.owners or history.owner in self.roles
        return heeded and not all(role in history.bystanders for role in self.roles)


async def decide(
    connection: AsyncConnection[TupleRow], events: Sequence[Event], snapshot: Snapshot
) -> Mapping[str, Intent]:
    """What is to be stored with each event; `snapshot` has what became of the tables.

    Costs nothing where there is no migration history, else one round trip and one for each history that matters.
    """
    theirs = sorted((event for event in events if event.fix_id is None), key=attrgetter("transaction_id"))
    transactions = [_transaction(each, snapshot) for _, each in groupby(theirs, attrgetter("transaction_id"))]
    silent = [each for each in transactions if not each.intended]
    try:
        asked = bool(silent) and bool(snapshot.migration_histories)
        readings = await _ask(connection, silent, snapshot.migration_histories.keys()) if asked else []
        decided = {each.number: _judge(each, readings) for each in transactions}
    except psycopg.Error as error:
        if connection.closed:
            raise
        refused = Intent(meant=None, reason=f"the server refused with SQLSTATE {error.sqlstate}")
        decided = {each.number: _judge(each, []) if each.intended else refused for each in transactions}
    # What two transactions did to a table before one and the same look is not told apart.
    doubtful = frozenset[Oid]().union(
        *(each.tables for each in transactions if decided[each.number].meant is not False)
    )
    for each in transactions:
        if decided[each.number].meant is False and each.tables & doubtful:
            decided[each.number] = _BESIDE
    return {event.event_id: decided.get(event.transaction_id, NOTHING_SAYS_SO) for event in events}


async def why_meant(connection: AsyncConnection[TupleRow], events: Collection[str | UUID]) -> str | None:
    """Why what these events changed is not to be reverted alone, as was decided; None where nothing speaks against it.

    Whatever is not known, or no longer, speaks against it.
    """
    for kept, meant, reason in await (await connection.execute(_DECIDED, (list(events),))).fetchall():
        if not kept:
            return "whether the change was meant is not known: its event is no longer in pgmend.ddl_log"
        if meant:
            return f"the change was meant: {reason}"
        if meant is None:
            return f"whether the change was meant is not known: {reason or 'it was not decided when pgmend looked'}"
    return None


async def still_in_transaction(connection: AsyncConnection[TupleRow], event_id: str | UUID | None) -> bool:
    """Whether the session that ran the event's DDL is in a transaction again: it may not have finished."""
    if event_id is None:
        return False
    row = await (await connection.execute(_BUSY, (event_id,))).fetchone()
    return bool(row and row[0])


async def _ask(
    connection: AsyncConnection[TupleRow], transactions: Sequence[_Transaction], tables: Collection[Oid]
) -> list[_Reading]:
    """What the histories say that concern any of the transactions, as far as there is time to read them."""
    deadline = time.monotonic() + BUDGET.total_seconds()
    histories = await find_histories(connection, tables, frozenset[str]().union(*(each.roles for each in transactions)))
    # Who has many does not keep us from reading those of others.
    having = Counter(history.owner for history in histories)
    readings: list[_Reading] = []
    for history in sorted(histories, key=lambda each: having[each.owner]):
        concerned = [each.number for each in transactions if each.concerns(history)]
        if not concerned:
            continue
        late = time.monotonic() > deadline
        readings.append((history, _TOO_MANY if late else await read_writers(connection, history, concerned)))
    return readings


def _transaction(events: Iterable[Event], snapshot: Snapshot) -> _Transaction:
    several = list(events)
    tables = frozenset(_table_of(event, snapshot) for event in several if event.object_id)
    return _Transaction(
        number=several[0].transaction_id,
        roles=frozenset(role for event in several for role in (event.session_role, event.effective_role)),
        owners=frozenset(snapshot.tables[oid].owner for oid in tables if oid in snapshot.tables),
        tables=tables,
        intended=next((event.intended for event in several if event.intended), None),
    )


def _table_of(event: Event, snapshot: Snapshot) -> Oid:
    """The table that the event's object belongs to, or the object itself."""
    oid = event.object_id
    ways = (
        snapshot.table_of_index,
        snapshot.table_of_constraint,
        snapshot.table_of_trigger,
        snapshot.table_of_policy,
    )
    return next((way[oid] for way in ways if oid in way), oid)


def _judge(transaction: _Transaction, readings: Iterable[_Reading]) -> Intent:
    if transaction.intended:
        return Intent(meant=True, reason=f"the session said so: {transaction.intended}")
    unclear: list[str] = []
    for history, reading in readings:
        if not transaction.concerns(history):
            continue
        if isinstance(reading, Unread):
            unclear.append(f"migration history {history.qualified_name} was not read: {reading.reason}")
        elif transaction.number in reading.transactions:
            return Intent(meant=True, reason=f"the same transaction wrote migration history ({history.qualified_name})")
        elif reading.last is not None and reading.last > transaction.number:
            # By a savepoint of it, or by a later migration, over what this one may have written.
            unclear.append(f"migration history {history.qualified_name} was written by it or after it")
    return Intent(meant=None, reason="; ".join(unclear[:REASONS])) if unclear else NOTHING_SAYS_SO
