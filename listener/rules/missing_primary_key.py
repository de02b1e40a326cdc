"""MISSING_PRIMARY_KEY: a table whose rows nothing tells apart."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene


@rule(
    "MISSING_PRIMARY_KEY",
    Severity.MEDIUM,
    Reads.CONSTRAINTS | Reads.INDEXES | Reads.COLUMNS,
    suspects=lambda docket: docket.without_primary_key,
)
def missing_primary_key(table: Table, _: Scene) -> Iterator[Finding]:
    """Tables without a primary key; a partition's is its parent's business."""
    if table.kind == "f" or table.is_partition or table.persistence == "t" or table.primary_key is not None:
        return
    name = table.qualified_name
    evidence = [fact(f"No constraint of {name} is a primary key.")]
    for index in table.unique_keys():
        columns = [table.column(number) for number in index.columns]
        if not index.exclusion and all(column is not None and column.not_null for column in columns):
            over = ", ".join(table.names(index.columns))
            evidence.append(fact(f"The unique index {index.name} on {over} has no NULLs and could become it."))
    yield Finding(
        table.oid,
        current_state=f"{name} has no primary key.",
        expected_state=f"{name} has a primary key.",
        evidence=tuple(evidence),
    )
