"""INVALID_INDEX: what a failed CREATE INDEX CONCURRENTLY leaves: kept up to date on every write, used by no query."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Index, Table
from ..issue import Finding, Severity
from ..remedy import RebuildIndex
from .duplicate_index import essence
from .fact import fact
from .registry import Reads, rule
from .scene import Scene


@rule("INVALID_INDEX", Severity.CRITICAL, Reads.INDEXES)
def invalid_index(table: Table, _: Scene) -> Iterator[Finding]:
    """Indexes that are invalid and not being built; one on a partitioned table only waits for its partitions'."""
    if table.kind != "r":
        return
    for index in table.indexes:
        if (not index.valid or not index.ready) and not index.being_built:
            yield _finding(table, index)


def _finding(table: Table, index: Index) -> Finding:
    twin = next((other for other in table.indexes if other.valid and essence(other) == essence(index)), None)
    kind = "unique index" if index.unique else "index"
    evidence = [fact(f"pg_index says that {index.name} is invalid, and nobody is building it.")]
    if twin is not None:
        evidence.append(fact(f"The index {twin.name} is the same and valid."))
    return Finding(
        table.oid,
        current_state=f"The {kind} {index.name} is invalid: {_harm(index)}",
        expected_state=f"{index.name} is valid, or gone: {twin.name} is the same."
        if twin
        else f"{index.name} is valid.",
        columns=tuple(number for number in index.columns if number),
        object_name=index.name,
        evidence=tuple(evidence),
        remedy=RebuildIndex(table.oid, index.oid),
        severity=Severity.CRITICAL if index.unique else Severity.MEDIUM,
        doubt=f"{twin.name} is the same and valid: dropping {index.name} may be the better cure" if twin else None,
    )


def _harm(index: Index) -> str:
    if index.unique:
        return "rows that were there before may be duplicates, and no query uses it."
    return "no query uses it, and every write keeps it up."
