"""UNUSED_INDEX: an index that nothing has used for over a month, and that enforces nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..catalog.snapshot import Index, Oid, Snapshot, Table
from ..counters.idle import LONG_ENOUGH, IdleIndex, Idleness
from ..issue import Finding, Severity
from ..judging.docket import Docket
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene, Undecided
from .duplicate_index import why_needed

# A megabyte. What is smaller costs next to nothing, and where a table is small, reading it all is as quick: there an
# index goes unused, and is of use the day the table has grown.
_WORTH_A_WORD = 128


class NotWatched(Undecided):
    """Nobody has watched, for long enough or everywhere, what is used."""


def _suspects(docket: Docket) -> Iterable[Table]:
    idleness = _idleness(docket.scene)
    if not idleness.indexes:
        return ()
    with_idle = {docket.scene.snapshot.table_of_index.get(oid) for oid in idleness.indexes}
    return [table for table in docket.tables if table.oid in with_idle or table.kind == "p"]


def _idleness(scene: Scene) -> Idleness:
    if scene.counters.idleness is None:
        raise NotWatched(
            f"Whether an index is used shows after {LONG_ENOUGH.days} days of watching by `pgmend start`; one look sees"
            " neither how old an index is nor what a standby or a crash kept from being counted."
        )
    if scene.counters.idleness.standbys:
        raise NotWatched("There is a standby, and what it reads is not counted here: no index is known to be unused.")
    return scene.counters.idleness


@rule("UNUSED_INDEX", Severity.LOW, Reads.INDEXES | Reads.CONSTRAINTS | Reads.COUNTERS, suspects=_suspects)
def unused_index(table: Table, scene: Scene) -> Iterator[Finding]:
    """Indexes of a megabyte and more, idle for 35 days under watch, that nothing stands on and no foreign key needs."""
    idleness = _idleness(scene)
    for index in table.indexes:
        if index.unique or index.exclusion or not index.valid or not index.ready:
            continue
        idle = _idle(table, index, idleness, scene.snapshot)
        if idle is None or idle.pages < _WORTH_A_WORD:
            continue
        if why_needed(table, index, scene) is None and not _helps_a_foreign_key(table, index):
            yield _finding(table, index, idle)


def _idle(table: Table, index: Index, idleness: Idleness, snapshot: Snapshot) -> IdleIndex | None:
    """Since when the index is idle; that of a partitioned table is as busy as the busiest of its parts."""
    if table.kind != "p":
        return idleness.indexes.get(index.oid)
    since, pages = None, 0
    for oid in _parts(table, index, snapshot):
        part = idleness.indexes.get(oid)
        if part is None:
            return None
        since, pages = max(since or part.since, part.since), pages + part.pages
    return IdleIndex(since, pages) if since is not None else None


def _parts(table: Table, index: Index, snapshot: Snapshot) -> Iterator[Oid]:
    """The parts of a partitioned table's index that are on tables with rows."""
    for oid in snapshot.children.get(table.oid, ()):
        child = snapshot.tables.get(oid)
        for part in child.indexes if child is not None else ():
            if child is not None and part.parent == index.oid:
                if child.kind == "p":
                    yield from _parts(child, part, snapshot)
                else:
                    yield part.oid


def _helps_a_foreign_key(table: Table, index: Index) -> bool:
    """Whether a delete in a parent would be slow without it; that may happen once a year, and then it must not last."""
    return any(set(index.columns[: len(key.columns)]) == set(key.columns) for key in table.foreign_keys)


def _finding(table: Table, index: Index, idle: IdleIndex) -> Finding:
    on = ", ".join(table.names(index.columns))
    return Finding(
        table.oid,
        current_state=f"The index {index.name} on {on} was used by nothing for {LONG_ENOUGH.days} days and more.",
        expected_state=f"{index.name} is gone, or something uses it.",
        columns=tuple(number for number in index.columns if number),
        object_name=index.name,
        evidence=(fact(f"The server has counted no use of {index.name} since {idle.since:%Y-%m-%d}."),),
    )
