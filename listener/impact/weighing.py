"""Weighs suspicions: what was done, on a table of which real size, and whether it kept anybody waiting worth a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from ..catalog.snapshot import AttributeNumber, Oid, Snapshot
from ..event import Event
from .commands import REWRITING, Sort, check_proves, columns_in
from .estimate import work
from .facts import Facts, read_facts
from .impact import Doing, Impact, Lock, Size
from .instead import instead
from .suspicion import Suspicion, suspicions
from .writer import by_the_writer

_PAGE: Final = 8192
_BLOCKING: Final = frozenset({Lock.SHARE, Lock.SHARE_ROW_EXCLUSIVE, Lock.ACCESS_EXCLUSIVE})


async def weigh(
    connection: AsyncConnection[Any],
    events: Sequence[Event],
    before: Snapshot,
    after: Snapshot,
    above: timedelta,
) -> tuple[Impact, ...]:
    """The impacts of those events, whose work under the lock takes longer than `above` by the table's size.

    `before` is the last look before them, `after` the first one after. Costs one parse for each statement, and two
    flights where one of them is suspicious. Raises CouldNotLook where the server does not let us see.
    """
    found = suspicions(events, before, after)
    if not found:
        return ()
    tables = {each.after.oid for each in found}
    constraints = {check for each in found for check in _asked_about(each)}
    rewritten = {each.after.oid for each in found if each.doubtful}
    facts = await read_facts(connection, tables, constraints, rewritten)
    return impacts(by_the_writer(found, facts.traces), facts, above, after.server_version)


def impacts(found: Iterable[Suspicion], facts: Facts, above: timedelta, server_version: int) -> tuple[Impact, ...]:
    """What is worth a word of all that: one for each event, table and subject."""
    told: dict[tuple[str, Oid, str, tuple[AttributeNumber, ...]], Impact] = {}
    waiting: list[Suspicion] = []
    for each in found:
        size = _size(each, facts)
        if not size.table_bytes or _is_proven(each, facts):
            continue
        if each.command.sort is not Sort.OTHER and work(each.command.sort, size) >= above:
            made = _impact(each, facts, size, server_version)
            told.setdefault((made.event_id, made.table, made.subject, made.columns), made)
        elif each.lock in _BLOCKING and each.waited:
            waiting.append(each)
    heard = {(event, table) for event, table, *_ in told}
    for each in waiting:
        place = each.event.event_id, each.after.oid
        if place not in heard:
            heard.add(place)
            made = _impact(each, facts, _size(each, facts), server_version, waited=True)
            told[*place, made.subject, made.columns] = made
    return tuple(told.values())


def _asked_about(suspicion: Suspicion) -> Iterator[Oid]:
    """The constraints whose definition matters: the one that was made, and CHECKs that may prove something."""
    if suspicion.constraint is not None:
        yield suspicion.constraint.oid
    if suspicion.command.sort in (Sort.NOT_NULL, Sort.ATTACH):
        for each in suspicion.after.constraints:
            if each.kind == "c" and each.validated:
                yield each.oid


def _is_proven(suspicion: Suspicion, facts: Facts) -> bool:
    """Whether a CHECK that was valid already saved the server from reading the rows."""
    table = suspicion.after
    checks = [each for each in table.constraints if each.kind == "c" and each.validated]
    match suspicion.command.sort:
        case Sort.NOT_NULL:
            texts = (facts.constraints.get(each.oid, "") for each in checks)
            proved = frozenset[str]().union(*(check_proves(text) for text in texts if text))
            return proved.issuperset(table.names(suspicion.columns))
        case Sort.ATTACH:
            wanted = columns_in(facts.partitions.get(table.oid, ""))
            held = {each.oid for each in suspicion.before.constraints if each.kind == "c" and each.validated}
            known = (each for each in checks if each.oid in held)
            # Whether it implies the bounds is the server's to say; a CHECK on their columns is taken to be for that.
            return any(wanted <= set(table.names(each.columns)) for each in known) if wanted else True
        case _:
            return False


def _size(suspicion: Suspicion, facts: Facts) -> Size:
    """As measured; where a lock was in the way, or nobody has counted rows since, as the planner knew it."""
    before, rows = suspicion.before.statistics, suspicion.rows
    found = facts.sizes.get(suspicion.after.oid)
    if found is None:
        return Size(before.pages * _PAGE, 0, rows, measured=False)
    return Size(found.table_bytes, found.index_bytes, rows if found.rows is None else found.rows)


def _impact(suspicion: Suspicion, facts: Facts, size: Size, server_version: int, *, waited: bool = False) -> Impact:
    event, sort = suspicion.event, suspicion.command.sort
    better = instead(suspicion, facts, server_version)
    took, held = suspicion.times
    still_there = {column.number for column in suspicion.after.columns}
    return Impact(
        event_id=event.event_id,
        table=suspicion.after.oid,
        subject=_subject(suspicion),
        columns=tuple(number for number in suspicion.columns if number in still_there),
        doing=Doing.WAIT if waited else _doing(sort),
        lock=suspicion.lock,
        what="held its lock, or waited for it," if waited else _what(suspicion),
        because=_because(suspicion),
        size=size,
        estimate=timedelta() if waited or sort is Sort.DROP_INDEX else work(sort, size),
        took=took,
        held=held,
        instead=better.statements,
        advice=better.advice,
        occurred_at=event.occurred_at,
        command_tag=event.command_tag,
        role=event.effective_role or event.session_role,
        application=event.application_name or None,
        statement=event.statement,
    )


def _subject(suspicion: Suspicion) -> str:
    """What an issue about it is called after: the constraint or index, else the statement's name where no column is."""
    named = suspicion.constraint or suspicion.index
    if suspicion.command.sort is Sort.REINDEX and not _of_one_index(suspicion):
        return suspicion.event.command_tag
    if named is not None:
        return named.name
    if suspicion.command.sort is Sort.STORAGE:
        return suspicion.command.name
    return "" if suspicion.columns else suspicion.event.command_tag


def _doing(sort: Sort) -> Doing:
    if sort in REWRITING:
        return Doing.REWRITE
    if sort is Sort.DROP_INDEX:
        return Doing.DROP_INDEX
    return Doing.BUILD if sort in (Sort.INDEX, Sort.REINDEX, Sort.KEY, Sort.EXCLUSION) else Doing.SCAN


def _what(suspicion: Suspicion) -> str:
    table, named, parent = suspicion.after, suspicion.constraint or suspicion.index, suspicion.referenced
    words = _WHAT.get(suspicion.command.sort, "wrote all rows and indexes anew")
    if suspicion.command.sort is Sort.REINDEX and not _of_one_index(suspicion):
        words = "built the indexes anew"
    return words.format(
        name=named.name if named is not None else "",
        columns=", ".join(table.names(suspicion.columns)),
        parent=parent.qualified_name if parent is not None else "another table",
    )


_WHAT: Final = {
    Sort.INDEX: "built the index {name}",
    Sort.KEY: "built the index {name}",
    Sort.EXCLUSION: "built the index {name}",
    Sort.REINDEX: "built the index {name} anew",
    Sort.DROP_INDEX: "dropped the index {name}",
    Sort.CHECK: "read all rows to check {name}",
    Sort.FOREIGN_KEY: "looked all rows up in {parent} for {name}",
    Sort.NOT_NULL: "read all rows for a NULL in {columns}",
    Sort.ATTACH: "read all rows to see whether they belong into the partition",
}


def _of_one_index(suspicion: Suspicion) -> bool:
    return (suspicion.event.statement or "").lower().split()[1:2] == ["index"]


def _because(suspicion: Suspicion) -> str:
    if suspicion.command.sort in REWRITING:
        if suspicion.seen:
            return "The table has another file than before (pg_class.relfilenode)."
        return "The old type and the new one are stored otherwise; the file before was not seen."
    if suspicion.event.statement is None:
        return "Its text is not kept; the catalogs show what it made, and CONCURRENTLY runs in no such statement."
    if suspicion.command.sort is Sort.NOT_NULL:
        return "No valid CHECK said that there is none."
    return "The statement says so, and the catalogs show what it made or dropped."
