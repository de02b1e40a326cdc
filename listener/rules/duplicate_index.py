"""DUPLICATE_INDEX: two indexes that are the same in everything but their name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..catalog.snapshot import Index, Oid, Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..remedy import DropIndex


@rule(
    "DUPLICATE_INDEX",
    Severity.MEDIUM,
    Reads.INDEXES | Reads.CONSTRAINTS,
    suspects=lambda docket: docket.led_alike,
)
def duplicate_index(table: Table, scene: Scene) -> Iterator[Finding]:
    """Indexes of one table with equal keys, classes, collations, order, method, uniqueness, predicate and contents."""
    if len({index.columns for index in table.indexes}) == len(table.indexes):
        return
    alike: dict[object, list[Index]] = {}
    for index in table.indexes:
        if _counts(index):
            alike.setdefault(essence(index), []).append(index)
    for twins in alike.values():
        if len(twins) > 1:
            yield from _findings(table, twins, scene)


def essence(index: Index) -> object:
    """What two indexes have in common that serve the same queries and enforce the same."""
    return (
        index.method,
        index.columns,
        index.included,
        index.operator_classes,
        index.collations,
        index.options,
        index.unique,
        index.nulls_not_distinct,
        index.immediate,
        index.exclusion,
        index.shape,
        index.class_options,
    )


def _counts(index: Index) -> bool:
    """Exclusion constraints differ in operators that the snapshot has not; a partition's index is its parent's part."""
    return index.valid and index.ready and not index.being_built and not index.exclusion


def _findings(table: Table, twins: Sequence[Index], scene: Scene) -> Iterator[Finding]:
    needed = {twin.oid: reason for twin in twins if (reason := why_needed(table, twin, scene))}
    if all(twin.parent for twin in twins):
        return
    kept, *others = sorted(twins, key=lambda twin: (twin.oid not in needed, not twin.constraint, twin.oid))
    for index in others:
        reason = needed.get(index.oid)
        if reason is not None and index.parent:
            continue
        evidence = [fact(f"pg_index describes {index.name} and {kept.name} alike.")]
        if kept.oid in needed:
            evidence.append(fact(f"{kept.name} is the one to keep: it {needed[kept.oid]}."))
        yield Finding(
            table.oid,
            current_state=f"The index {index.name} is the same as {kept.name}.",
            expected_state=f"Only {kept.name} is there.",
            columns=tuple(number for number in index.columns if number),
            object_name=index.name,
            evidence=tuple(evidence),
            remedy=None if reason else DropIndex(table.oid, index.oid, kept.oid),
            doubt=f"{index.name} {reason}, and {kept.name} {needed[kept.oid]}: neither can just go" if reason else None,
        )


def why_needed(table: Table, index: Index, scene: Scene) -> str | None:
    """Why this very index must not be dropped as a twin."""
    reasons = (
        (index.primary, "is the primary key's"),
        (index.constraint, "belongs to a constraint"),
        (index.parent, "is a part of the partitioned table's index"),
        (index.replica_identity, "is the replica identity"),
        (index.clustered, "is what the table is clustered on"),
        (index.unique and _referenced(table.oid, index.oid, scene), "is what a foreign key refers to"),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _referenced(table: Oid, index: Oid, scene: Scene) -> bool:
    tables = scene.snapshot.tables
    return any(
        key.referenced_table == table and key.index_oid == index
        for source in scene.snapshot.referencing.get(table, ())
        for key in tables[source].foreign_keys
    )
