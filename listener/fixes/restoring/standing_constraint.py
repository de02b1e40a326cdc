"""The constraint that stands where another is expected: replaced in one transaction once the other one is ready."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...catalog.snapshot import Constraint
from ...errors import PlanRefused
from ..names import first_free
from ..plan import Lock, Step
from .constraint_definition import ConstraintDefinition
from .place import comment, said_of
from .subject import Subject
from .turn import Turn, written_by

APPROVAL = "it drops the constraint of that name which stands there now"


@dataclass(frozen=True, slots=True)
class Standing:
    """The constraint of the expected one's name, and two names that are free for what is made beside it."""

    constraint: Constraint
    definition: ConstraintDefinition
    comment: str | None
    coming: str
    returning: str

    @property
    def makes(self) -> tuple[str, ...]:
        """Every constraint and index that the plan makes or unmakes."""
        return (self.constraint.name, self.coming, self.returning)


async def read_standing(subject: Subject) -> Standing:
    """The constraint that is there; raises PlanRefused where foreign keys stand on it."""
    table, name = subject.table, subject.name.name
    constraint = next(each for each in table.constraints if each.name == name)
    taken = {each.name for each in (*table.constraints, *table.indexes)}
    coming = first_free(name, "_new", taken)
    text = await subject.value(definition_of(subject))
    if constraint.parent:
        raise PlanRefused(f"{subject.said} is that of the parent table: it is changed there.")
    if constraint.kind in "pu" and _is_referred_to(subject, constraint):
        raise PlanRefused(f"Foreign keys of other tables stand on {subject.said}: dropping it would take them along.")
    return Standing(
        constraint,
        ConstraintDefinition.read(table, name, text),
        await subject.value(comment(subject.name)),
        coming,
        first_free(name, "_old", taken),
    )


def definition_of(subject: Subject) -> str:
    """What the server says of the constraint now, as SQL."""
    return said_of(subject.name, "pg_catalog.pg_get_constraintdef(o.oid)")


def exchange(
    subject: Subject,
    standing: Standing,
    ordinal: int,
    *,
    there: Iterable[str],
    back: Iterable[str],
    locks: tuple[Lock, ...],
) -> Turn:
    """The two ways between what stands and what is expected; `ordinal` is the place of the step in the plan."""
    state = definition_of(subject)
    return Turn(
        title=f"Put {subject.said} in the place of the one that stands there",
        undo_title=f"Put {subject.said} back as it was",
        state=state,
        before=standing.definition.text if standing.definition.validated else f"{standing.definition.text} NOT VALID",
        left=written_by(subject.site.fix_id, subject.name, ordinal),
        statements=tuple(there),
        undo=tuple(back),
        locks=locks,
    )


def until(step: Step, condition: str) -> Step:
    """A step that prepares another one: done, too, once that other one is."""
    return replace(step, probe=f"select case when {condition} then 'done' else ({step.probe}) end")


def _is_referred_to(subject: Subject, constraint: Constraint) -> bool:
    tables = subject.site.snapshot.referencing.get(subject.table.oid, ())
    keys = [key for oid in tables for key in subject.site.snapshot.tables[oid].foreign_keys]
    return any(key.index_oid == constraint.index_oid for key in keys)
