"""MISSING_FOREIGN_KEY: columns that mean a key, as evidence has it, and no foreign key says so."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Table
from ..issue import Finding, Severity
from ..judging.ambiguity import ambiguous, undecided
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..relations.former import FormerForeignKey, former_foreign_keys
from ..relations.relation import Relation, foreign_key_of, link_of
from ..relations.wording import columns_of, count
from ..remedy import AddForeignKey


@rule(
    "MISSING_FOREIGN_KEY",
    Severity.CRITICAL,
    Reads.COLUMNS | Reads.RELATIONS | Reads.MEASUREMENTS,
    suspects=lambda docket: docket.related,
)
def missing_foreign_key(table: Table, scene: Scene) -> Iterator[Finding]:
    """Believed relations that a foreign key could declare and none does; ambiguous ones are low and have no remedy."""
    for relation in scene.relations.meant(table.oid):
        if relation.fits:
            yield ambiguous(table, relation, scene) if relation.rivals else _finding(table, relation, scene)
    undecided(table, scene, fits=True)


def _finding(table: Table, relation: Relation, scene: Scene) -> Finding:
    link = relation.link
    key = columns_of(scene.snapshot.tables[link.key.table], link.key.columns)
    names = ", ".join(table.names(link.columns))
    former = _former(table, relation, scene)
    return Finding(
        table.oid,
        current_state=f"No foreign key ties {names} to {key}, which it means.",
        expected_state=f"A foreign key from {names} to {key}.",
        columns=link.columns,
        evidence=relation.evidence,
        remedy=foreign_key_of(relation) if former is None else _restoring(table, former),
        doubt=_doubt(relation, former, scene),
    )


def _restoring(table: Table, former: FormerForeignKey) -> AddForeignKey:
    return AddForeignKey(
        table.oid,
        former.columns,
        former.referenced_table,
        former.referenced_columns,
        on_update=former.on_update,
        on_delete=former.on_delete,
        on_delete_columns=former.on_delete_columns,
        match_type=former.match_type,
        deferrable=former.deferrable,
        deferred=former.deferred,
        validated=former.validated,
        name=former.name,
    )


def _former(table: Table, relation: Relation, scene: Scene) -> FormerForeignKey | None:
    """The foreign key that said so until somebody dropped it."""
    for former in former_foreign_keys(scene.changes_of(table.oid)):
        if link_of(table.oid, former.columns, former.referenced_table, former.referenced_columns) == relation.link:
            return former
    return None


def _doubt(relation: Relation, former: FormerForeignKey | None, scene: Scene) -> str | None:
    if former is not None:
        return f"the foreign key {former.name} was dropped: what somebody dropped comes back by approval"
    found = scene.measurements.counted(relation.link)
    if found is None:
        return "nobody has counted yet whether every row has its key"
    if found.outside:
        return f"{count(found.outside, 'row')} of {found.rows:,} {'has' if found.outside == 1 else 'have'} no key"
    return None
