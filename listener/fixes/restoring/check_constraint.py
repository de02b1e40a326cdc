"""CHECK: added for new rows under a short lock, validated beside the writers."""

from __future__ import annotations

from pglast import ast
from pglast.stream import RawStream
from psycopg import sql

from ...errors import PlanRefused
from ..composed import columns, query, relation, verbatim
from ..constraints.steps import constraint_probe, validate_step
from ..plan import Check, Hazard, Lock, Plan, Step
from .constraint_definition import ConstraintDefinition
from .reading import wait_until_readable
from .standing_constraint import APPROVAL, exchange, read_standing, until
from .strange_code import strange_code
from .subject import Subject


async def restore_check(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint where there is none of its name."""
    await _require_code(subject, definition)
    name = definition.name
    comment = definition.comment(name, subject.expected.comment)
    return subject.plan(
        f"Add {subject.said}",
        _made(subject, definition, name, comment),
        [_dropped(subject, definition, name)],
        checks=_checks(definition),
        hazards=_hazards(definition),
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=(name,),
    )


async def replace_check(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint made beside the one of its name, and put in its place once it is valid."""
    await _require_code(subject, definition)
    standing = await read_standing(subject)
    locks, old = (Lock("ACCESS EXCLUSIVE", subject.table_name),), standing.definition
    name = definition.name
    there = (old.drop(name), definition.rename(standing.coming, name))
    back = (definition.drop(name), old.rename(standing.returning, name))
    made = _made(subject, definition, standing.coming, ())
    turn = exchange(
        subject,
        standing,
        len(made) + 1,
        there=(*there, *definition.comment(name, standing.comment)),
        back=(*back, *definition.comment(name, standing.comment)),
        locks=locks,
    )
    again = _made(subject, old, standing.returning, ())
    return subject.plan(
        f"Change {subject.said} to what is expected",
        [*(until(step, turn.left) for step in made), turn.step()],
        [
            *(until(step, turn.taken_back) for step in again),
            turn.inverse(),
            _dropped(subject, definition, standing.coming),
        ],
        approval=APPROVAL,
        checks=_checks(definition),
        inverse_checks=_checks(old),
        hazards=_hazards(definition),
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=standing.makes,
    )


def _made(subject: Subject, definition: ConstraintDefinition, name: str, comment: tuple[str, ...]) -> tuple[Step, ...]:
    add = Step(
        title=f"Add check {name}, for new rows",
        statements=(definition.add(name, valid=False), *comment),
        transactional=True,
        probe=constraint_probe(definition.table, name, present="done", absent="before"),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )
    if not definition.validated or not definition.enforced:
        return (add,)
    return add, validate_step(definition.table, name, subject.table_name)


def _dropped(subject: Subject, definition: ConstraintDefinition, name: str) -> Step:
    return Step(
        title=f"Drop check {name}",
        statements=(definition.drop(name),),
        transactional=True,
        probe=constraint_probe(definition.table, name, present="before", absent="done"),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )


async def _require_code(subject: Subject, definition: ConstraintDefinition) -> None:
    """Raise PlanWaits where what it calls is not there, PlanRefused where that is not ours to run."""
    if code := await strange_code(subject, definition.parsed):
        raise PlanRefused(
            f"{subject.said} calls {code}, which would run with our rights."
            " Cure: add and validate the constraint as the table's owner."
        )
    table = relation(definition.table).as_string()
    await wait_until_readable(subject, f"select ({_expression(definition)}) from {table}")


def _checks(definition: ConstraintDefinition) -> tuple[Check, ...]:
    """The check that no row breaks it, where rows that are there have to obey."""
    if not definition.validated or not definition.enforced:
        return ()
    table, key = definition.table, definition.table.primary_key
    text = sql.SQL("select {} from {}{} where not ({})").format(
        columns(table.names(key.columns)) if key else sql.SQL("ctid"),
        sql.SQL("only " if definition.parsed.is_no_inherit else ""),
        relation(table),
        verbatim(_expression(definition)),
    )
    meaning = f"Rows that break constraint {definition.name}."
    return (Check("no violations", query(text, (table.schema, table.name)), meaning),)


def _expression(definition: ConstraintDefinition) -> str:
    expression: ast.Node = definition.parsed.raw_expr
    return RawStream()(expression)


def _hazards(definition: ConstraintDefinition) -> tuple[Hazard, ...]:
    scan = (Hazard.FULL_SCAN,) if definition.validated and definition.enforced else ()
    return (Hazard.ACCESS_EXCLUSIVE_LOCK, *scan)
