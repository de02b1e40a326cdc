"""UNIQUE and PRIMARY KEY: an index built beside the writers, NOT NULL where a key needs it, then one short lock."""

from __future__ import annotations

from pglast.enums import ConstrType

from ...errors import PlanRefused
from ..names import free_relation_name
from ..plan import Plan
from .constraint_definition import ConstraintDefinition
from .exclusion_constraint import replace_exclusion, restore_exclusion
from .partitioned_key import restore_partitioned_key
from .standing_constraint import APPROVAL, exchange, read_standing, until
from .subject import Subject
from .unique_key import UniqueKey


async def restore_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint where there is none of its name; its index has its name from the beginning."""
    if definition.parsed.without_overlaps:
        return await restore_exclusion(subject, definition)
    name = definition.name
    if await free_relation_name(subject.site.connection, definition.table.schema, name, "") != name:
        raise PlanRefused(f"Something else in schema {definition.table.schema} is called {name} by now.")
    if definition.table.kind == "p":
        return await restore_partitioned_key(subject, definition)
    key = UniqueKey(subject.site, definition, subject.table_name, name)
    return subject.plan(
        f"Add {subject.said} without blocking writes",
        [key.build(), *key.made_not_null(), key.add(subject.expected.comment)],
        [key.drop(), key.unbuild(), *key.nullable_again()],
        checks=key.checks,
        hazards=key.hazards,
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=(name, *(each.check for each in key.not_nulls)),
    )


async def replace_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint in the place of the one of its name, each on an index that is built before."""
    standing = await read_standing(subject)
    old = standing.definition
    if definition.parsed.without_overlaps or old.kind not in {ConstrType.CONSTR_UNIQUE, ConstrType.CONSTR_PRIMARY}:
        return await replace_exclusion(subject, definition)
    if definition.table.kind == "p":
        raise PlanRefused(_why_not_changed(subject, definition))
    coming = UniqueKey(subject.site, definition, subject.table_name, standing.coming)
    returning = UniqueKey(subject.site, old, subject.table_name, standing.returning)
    name = definition.name
    steps = [coming.build(), *coming.made_not_null()]
    turn = exchange(
        subject,
        standing,
        len(steps) + 1,
        there=(old.drop(name), coming.use(), *definition.comment(name, standing.comment)),
        back=(definition.drop(name), returning.use(), *definition.comment(name, standing.comment)),
        locks=coming.locks,
    )
    return subject.plan(
        f"Change {subject.said} to what is expected",
        [until(steps[0], turn.left), *steps[1:], turn.step(compares=not coming.not_nulls)],
        [until(returning.build(), turn.taken_back), turn.inverse(), coming.unbuild(), *coming.nullable_again()],
        approval=APPROVAL,
        checks=coming.checks,
        inverse_checks=returning.checks,
        hazards=coming.hazards,
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=(*standing.makes, *(each.check for each in coming.not_nulls)),
    )


def _why_not_changed(subject: Subject, definition: ConstraintDefinition) -> str:
    return (
        f"{subject.said} is of a partitioned table, where one key cannot take the place of another in one moment. Cure:"
        f" {definition.drop(definition.name)}; what is missing then is added beside the writers."
    )
