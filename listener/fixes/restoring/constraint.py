"""Constraints of a table: made where they are missing, and put in the place of those that say something else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pglast.enums import ConstrType

from ...errors import PlanRefused
from ..plan import Plan
from .check_constraint import replace_check, restore_check
from .constraint_definition import ConstraintDefinition
from .exclusion_constraint import replace_exclusion, restore_exclusion
from .foreign_key import replace_foreign_key, restore_foreign_key
from .key_constraint import replace_key, restore_key
from .subject import Subject

Maker = Callable[[Subject, ConstraintDefinition], Awaitable[Plan]]

_MISSING: Mapping[ConstrType, Maker] = {
    ConstrType.CONSTR_CHECK: restore_check,
    ConstrType.CONSTR_UNIQUE: restore_key,
    ConstrType.CONSTR_PRIMARY: restore_key,
    ConstrType.CONSTR_EXCLUSION: restore_exclusion,
    ConstrType.CONSTR_FOREIGN: restore_foreign_key,
}
_CHANGED: Mapping[ConstrType, Maker] = {
    ConstrType.CONSTR_CHECK: replace_check,
    ConstrType.CONSTR_UNIQUE: replace_key,
    ConstrType.CONSTR_PRIMARY: replace_key,
    ConstrType.CONSTR_EXCLUSION: replace_exclusion,
    ConstrType.CONSTR_FOREIGN: replace_foreign_key,
}


async def restore_constraint(subject: Subject) -> Plan:
    """The constraint that is missing."""
    if _stands(subject):
        raise PlanRefused(f"{subject.table.qualified_name} has a constraint called {subject.name.name} by now.")
    return await _made_by(_MISSING, subject)


async def replace_constraint(subject: Subject) -> Plan:
    """The constraint as expected, in the place of the one of its name."""
    if not _stands(subject):
        raise PlanRefused(f"{subject.said} is not there any more: it has to be made, not changed.")
    return await _made_by(_CHANGED, subject)


async def _made_by(makers: Mapping[ConstrType, Maker], subject: Subject) -> Plan:
    definition = ConstraintDefinition.read(subject.table, subject.name.name, subject.expected.definition)
    maker = makers.get(definition.kind)
    if maker is None:
        raise PlanRefused(f"Nobody knows how to bring back {subject.said}: {subject.expected.definition}")
    return await maker(subject, definition)


def _stands(subject: Subject) -> bool:
    return any(each.name == subject.name.name for each in subject.table.constraints)
