"""UNVALIDATED_CONSTRAINT: a constraint that was added NOT VALID and never validated."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Constraint, Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene
from ..relations.relation import link_of
from ..relations.wording import count
from ..remedy import ValidateConstraint

_NOUNS = {"f": "foreign key", "c": "check"}


@rule(
    "UNVALIDATED_CONSTRAINT",
    Severity.MEDIUM,
    Reads.CONSTRAINTS | Reads.MEASUREMENTS,
    suspects=lambda docket: docket.unvalidated,
)
def unvalidated_constraint(table: Table, scene: Scene) -> Iterator[Finding]:
    """Foreign keys and checks that hold for new rows only. NOT ENFORCED is meant so; a partition's is its parent's."""
    for constraint in table.constraints:
        if constraint.validated or not constraint.enforced or constraint.kind not in _NOUNS or constraint.parent:
            continue
        if not _is_inherited(table, constraint, scene):
            yield _finding(table, constraint, scene)


def _finding(table: Table, constraint: Constraint, scene: Scene) -> Finding:
    noun = f"{_NOUNS[constraint.kind]} {constraint.name}"
    violations = _violations(table, constraint, scene)
    return Finding(
        table.oid,
        current_state=f"The {noun} holds for new rows only: it was never validated.",
        expected_state=f"The {noun} is valid.",
        columns=constraint.columns,
        object_name=constraint.name,
        evidence=(fact(f"pg_constraint says that {constraint.name} is not validated."),),
        remedy=ValidateConstraint(table.oid, constraint.oid),
        doubt=f"{count(violations, 'row')} break{'s' if violations == 1 else ''} it" if violations else None,
    )


def _violations(table: Table, constraint: Constraint, scene: Scene) -> int:
    if constraint.kind != "f":
        return 0
    link = link_of(table.oid, constraint.columns, constraint.referenced_table, constraint.referenced_columns)
    found = scene.measurements.counted(link)
    return found.outside if found is not None else 0


def _is_inherited(table: Table, constraint: Constraint, scene: Scene) -> bool:
    """Whether a parent has it too: a CHECK's copies do not say whose they are."""
    parents = [scene.snapshot.tables[oid] for oid in table.parents if oid in scene.snapshot.tables]
    return any(
        each.name == constraint.name and each.kind == constraint.kind
        for parent in parents
        for each in parent.constraints
    )
