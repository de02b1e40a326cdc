"""REDUNDANT_INDEX: an index that enforces nothing, and whose columns another one begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..catalog.snapshot import Index, Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..remedy import DropIndex
from .duplicate_index import why_needed


@rule(
    "REDUNDANT_INDEX",
    Severity.LOW,
    Reads.INDEXES | Reads.CONSTRAINTS,
    suspects=lambda docket: docket.led_alike,
)
def redundant_index(table: Table, scene: Scene) -> Iterator[Finding]:
    """B-trees that are not unique, and whose columns another B-tree over the same rows begins with, in their order."""
    covering = [index for index in table.indexes if _counts(index)]
    for index in covering:
        if not index.unique and not index.parent and why_needed(table, index, scene) is None:
            covers = [other for other in covering if _covers(other, index)]
            if covers:
                yield _finding(table, index, _kept(table, covers, scene))


def _counts(index: Index) -> bool:
    """Whether it is a B-tree over columns that queries use; one over expressions is not compared with others."""
    whole = index.shape is None or index.shape.startswith("|")
    return index.method == "btree" and whole and index.valid and index.ready and not index.exclusion


def _covers(other: Index, index: Index) -> bool:
    """Whether the other one answers whatever the index does, and more; equal ones are DUPLICATE_INDEX's."""
    keys = len(index.columns)
    return (
        other.columns[:keys] == index.columns
        and other.operator_classes[:keys] == index.operator_classes
        and other.collations[:keys] == index.collations
        and other.options[:keys] == index.options
        and other.shape == index.shape
        and {*other.columns, *other.included}.issuperset(index.included)
        and (keys < len(other.columns) or other.unique or set(other.included) > set(index.included))
    )


def _kept(table: Table, covers: Sequence[Index], scene: Scene) -> Index:
    """The smallest of those that no further one covers; of twins the one that DUPLICATE_INDEX keeps, too."""
    last = [each for each in covers if not any(_covers(other, each) and not each.unique for other in covers)]
    return min(
        last,
        key=lambda each: (
            len(each.columns) + len(each.included),
            why_needed(table, each, scene) is None,
            not each.constraint,
            each.oid,
        ),
    )


def _finding(table: Table, index: Index, kept: Index) -> Finding:
    ours, theirs = (", ".join(table.names(each.columns)) for each in (index, kept))
    how = f"begins with {ours}" if len(kept.columns) > len(index.columns) else f"is on {ours}, too"
    return Finding(
        table.oid,
        current_state=f"The index {index.name} on {ours} does nothing that {kept.name} on {theirs} does not do, too.",
        expected_state=f"{index.name} is gone: {kept.name} {how}.",
        columns=index.columns,
        object_name=index.name,
        evidence=(fact(f"pg_index says that {kept.name} {how}, with the same operators, collations and order."),),
        remedy=DropIndex(table.oid, index.oid, kept.oid),
    )
