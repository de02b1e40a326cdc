"""TYPE_MISMATCH: a column that means a key of another type, so that no foreign key can tie them."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.change import ChangeKind
from ..catalog.snapshot import Column, Oid, Table
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..judging.ambiguity import ambiguous, undecided
from ..judging.docket import either
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..relations.families import Fit, fit
from ..relations.former import FormerType, former_type
from ..relations.relation import Relation, foreign_key_of
from ..relations.weights import FORMER_TYPE
from ..relations.wording import columns_of, dotted, listed
from ..remedy import ChangeColumnType

_MOST_NAMED = 3


@rule(
    "TYPE_MISMATCH",
    Severity.CRITICAL,
    Reads.COLUMNS | Reads.RELATIONS | Reads.MEASUREMENTS,
    suspects=lambda docket: either(docket.related, docket.changed),
)
def type_mismatch(table: Table, scene: Scene) -> Iterator[Finding]:
    """Believed relations whose types share no equality operator; a key whose type was changed under its references."""
    found = {finding.columns: finding for finding in _of_own_keys(table, scene)}
    for relation in scene.relations.meant(table.oid):
        if not relation.fits:
            for finding in _of_relation(table, relation, scene):
                found.setdefault(finding.columns, finding)
    yield from found.values()
    undecided(table, scene, fits=False)


def _of_relation(table: Table, relation: Relation, scene: Scene) -> Iterator[Finding]:
    if relation.rivals:
        yield ambiguous(table, relation, scene)
        return
    mismatched = [*_mismatched(table, relation, scene)]
    for column, key_column in mismatched:
        if not _key_moved(relation.link.key.table, key_column, scene):
            yield _finding(table, relation, column, key_column, scene, alone=len(mismatched) == 1)


def _mismatched(table: Table, relation: Relation, scene: Scene) -> Iterator[tuple[Column, Column]]:
    key_table = scene.snapshot.tables[relation.link.key.table]
    for ours, theirs in zip(relation.link.columns, relation.link.key.columns, strict=True):
        column, key_column = table.column(ours), key_table.column(theirs)
        if column is not None and key_column is not None and fit(column.type_oid, key_column.type_oid) is Fit.MISMATCH:
            yield column, key_column


def _finding(
    table: Table, relation: Relation, column: Column, key_column: Column, scene: Scene, *, alone: bool
) -> Finding:
    """`alone` says that no other column of the relation differs: then the foreign key can follow.

    Of a column that was changed somebody may have dropped the key as well: that comes back by an approval of its own.
    """
    key = columns_of(scene.snapshot.tables[relation.link.key.table], (key_column.number,))
    was = former_type(scene.changes_of(table.oid), column.number, column.type_name)
    restores = was is not None and fit(was.type_oid, key_column.type_oid) in (Fit.SAME, Fit.FITS)
    wanted = was.type_name if was is not None and restores else key_column.type_name
    return Finding(
        table.oid,
        current_state=f"{column.name} is {column.type_name}; {key}, which it means, is {key_column.type_name}.",
        expected_state=f"{column.name} is {wanted}.",
        columns=(column.number,),
        evidence=relation.evidence,
        remedy=ChangeColumnType(
            table.oid,
            column.number,
            wanted,
            restores=restores,
            then=foreign_key_of(relation) if alone and was is None else None,
        ),
    )


def _of_own_keys(table: Table, scene: Scene) -> Iterator[Finding]:
    """Keys of the table that an event gave another type than all that refers to them."""
    for number in {change.number for change in scene.changes_of(table.oid) if change.kind is ChangeKind.COLUMN_TYPE}:
        column = table.column(number)
        was = _key_moved(table.oid, column, scene) if column is not None else None
        if column is not None and was is not None:
            yield _finding_of_key(table, column, was, scene)


def _finding_of_key(table: Table, column: Column, was: FormerType, scene: Scene) -> Finding:
    referring = _left_behind(table.oid, column, was, scene)
    names = [dotted(scene.snapshot.tables[each.link.table], each.link.columns) for each in referring]
    shown = names if len(names) <= _MOST_NAMED else [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more"]
    evidence = [Evidence("history", FORMER_TYPE, f"{column.name} was {was.type_name} before it was changed.")]
    evidence += dict.fromkeys(each for relation in referring for each in relation.evidence)
    return Finding(
        table.oid,
        current_state=f"{column.name} is {column.type_name}; {listed(shown)}, which mean it, fit {was.type_name}.",
        expected_state=f"{column.name} is {was.type_name}.",
        columns=(column.number,),
        evidence=tuple(evidence),
        remedy=ChangeColumnType(table.oid, column.number, was.type_name, restores=True),
    )


def _key_moved(table: Oid, column: Column, scene: Scene) -> FormerType | None:
    """The type that a key column had when everything that means it still fitted, if an event took it away."""
    was = former_type(scene.changes_of(table), column.number, column.type_name)
    if was is None:
        return None
    tables = scene.snapshot.tables
    for source in scene.snapshot.referencing.get(table, ()):
        for key in tables[source].foreign_keys:
            if key.referenced_table == table and column.number in key.referenced_columns:
                return None
    referring = [each for each in scene.relations.to(table) if column.number in each.link.key.columns]
    if any(each.believed and each.fits for each in referring):
        return None
    return was if _left_behind(table, column, was, scene) else None


def _left_behind(table: Oid, column: Column, was: FormerType, scene: Scene) -> list[Relation]:
    """The believed relations to the key column that its former type fitted and its new one does not."""
    found: list[Relation] = []
    for relation in scene.relations.to(table):
        if relation.believed and column.number in relation.link.key.columns:
            ours = relation.link.columns[relation.link.key.columns.index(column.number)]
            other = scene.snapshot.tables[relation.link.table].column(ours)
            if (
                other is not None
                and fit(other.type_oid, was.type_oid) in (Fit.SAME, Fit.FITS)
                and fit(other.type_oid, column.type_oid) is Fit.MISMATCH
            ):
                found.append(relation)
    return found
