"""INVALID_INDEX: what a failed CREATE INDEX CONCURRENTLY leaves: kept up to date on every write, used by no query."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.index_state import IndexState, index_state
from ..catalog.snapshot import Index, Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene, UnderWay
from ..remedy import RebuildIndex
from .duplicate_index import essence


@rule("INVALID_INDEX", Severity.CRITICAL, Reads.INDEXES, suspects=lambda docket: docket.unfinished)
def invalid_index(table: Table, _: Scene) -> Iterator[Finding]:
    """Indexes that are invalid and not being built; one on a partitioned table only waits for its partitions'."""
    under_way: list[Index] = []
    for index in table.indexes:
        if index.valid and index.ready:
            continue
        match index_state(table, index):
            case IndexState.ABANDONED | IndexState.LEFTOVER as state:
                yield _finding(table, index, state)
            case IndexState.UNDER_WAY:
                under_way.append(index)
            case _:
                pass
    if under_way:
        raise UnderWay(f"The index {under_way[0].name} of {table.qualified_name} is being built, rebuilt or dropped.")


def _finding(table: Table, index: Index, state: IndexState) -> Finding:
    twin = next((other for other in table.indexes if other.valid and essence(other) == essence(index)), None)
    kind = "unique index" if index.unique else "index"
    evidence = [fact(f"pg_index says that {index.name} is invalid, and nobody is building it.")]
    if twin is not None:
        evidence.append(fact(f"The index {twin.name} is the same and valid."))
    return Finding(
        table.oid,
        current_state=f"The {kind} {index.name} is invalid: {_harm(index)}",
        expected_state=_cured(index, state, twin),
        columns=tuple(number for number in index.columns if number),
        object_name=index.name,
        evidence=tuple(evidence),
        remedy=RebuildIndex(table.oid, index.oid),
        severity=Severity.CRITICAL if index.unique else Severity.MEDIUM,
        doubt=f"{twin.name} is the same and valid: dropping {index.name} may be the better cure" if twin else None,
    )


def _cured(index: Index, state: IndexState, twin: Index | None) -> str:
    if twin is not None:
        return f"{index.name} is valid, or gone: {twin.name} is the same."
    if state is IndexState.LEFTOVER:
        return f"{index.name} is gone: a REINDEX CONCURRENTLY that failed left it beside a valid index."
    return f"{index.name} is valid."


def _harm(index: Index) -> str:
    if index.unique:
        return "rows that were there before may be duplicates, and no query uses it."
    return "no query uses it, and every write keeps it up."
