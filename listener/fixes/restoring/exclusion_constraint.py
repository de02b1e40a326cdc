"""EXCLUDE, and keys WITHOUT OVERLAPS: PostgreSQL builds their index only under a lock that stops reads and writes."""

from __future__ import annotations

from pglast import ast

from ...errors import PlanRefused
from ..plan import Hazard, Lock, Plan
from .constraint_definition import ConstraintDefinition
from .standing_constraint import APPROVAL, exchange, read_standing
from .strange_code import strange_code
from .subject import Subject


async def restore_exclusion(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint where there is none of its name."""
    await _refuse_strange(subject, definition.parsed)
    name, locks = definition.name, (Lock("ACCESS EXCLUSIVE", subject.table_name),)
    add = definition.adding(definition.add(name, valid=True), locks, subject.expected.comment)
    drop = definition.dropping(locks)
    return subject.plan(
        f"Add {subject.said} under an exclusive lock",
        [add],
        [drop],
        approval=_approval(subject),
        hazards=_HAZARDS,
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=(name,),
    )


async def replace_exclusion(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint in the place of the one of its name, both in one transaction."""
    await _refuse_strange(subject, definition.parsed)
    standing = await read_standing(subject)
    old, name = standing.definition, definition.name
    await _refuse_strange(subject, old.parsed)
    turn = exchange(
        subject,
        standing,
        1,
        there=(old.drop(name), definition.add(name, valid=True), *definition.comment(name, standing.comment)),
        back=(definition.drop(name), old.add(name, valid=True), *definition.comment(name, standing.comment)),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )
    return subject.plan(
        f"Change {subject.said} to what is expected, under an exclusive lock",
        [turn.step()],
        [turn.inverse()],
        approval=f"{APPROVAL}, and {_approval(subject)}",
        hazards=_HAZARDS,
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=standing.makes,
    )


_HAZARDS = (Hazard.ACCESS_EXCLUSIVE_LOCK, Hazard.INDEX_BUILD)


def _approval(subject: Subject) -> str:
    return f"its index is built under an ACCESS EXCLUSIVE lock: nobody reads or writes {subject.table_name} meanwhile"


async def _refuse_strange(subject: Subject, parsed: ast.Node) -> None:
    if code := await strange_code(subject, parsed):
        raise PlanRefused(f"{subject.said} calls {code}, which would run with our rights. Cure: add it as the owner.")
