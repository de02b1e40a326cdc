"""What a migration does, whichever tool runs it: steps that look first whether there is something to do.

A plan that brings an object back knows the state that it found in words that hold in any database: elsewhere it acts
where that very state is, and nowhere else. What other plans do is told by their statements, see `guard.py`. One that
goes over the rows while others write them knows what comes to the same in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pglast
from pglast import ast

from ...listener.errors import InvalidRequest
from ...listener.fixes.plan import Plan, Step
from ...listener.fixes.restoring.turn import SEEN
from .guard import NotPortable, is_of_here, names_what_is_here, still_to_be_done

_NOBODY: Final = "set local role none"
_ROLE: Final = re.compile(r"set local role ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Deed:
    """Statements to be run while `unless_done` is true. Those that stand `alone` fit in no transaction; such a deed is
    `plain` where IF EXISTS or IF NOT EXISTS says all of its condition."""

    title: str
    unless_done: str
    statements: tuple[str, ...]
    alone: bool
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Migration:
    """A plan's way there and back. `why_no_way_back` says why `back` is empty, where it is."""

    summary: str
    fix_id: str
    there: tuple[Deed, ...]
    back: tuple[Deed, ...]
    why_no_way_back: str | None


def migration_of(plan: Plan, fix_id: str) -> Migration:
    """The plan as a migration; raises InvalidRequest where it is none that another database could follow."""
    if not plan.steps:
        raise InvalidRequest(f"Of fix {fix_id} no migration can be made: {plan.refusal or plan.waits_for}.")
    if plan.elsewhere:
        plan = replace(plan, steps=plan.elsewhere, inverse=plan.elsewhere_back)
    if any(step.sweep is not None for step in plan.steps):
        raise InvalidRequest(
            f"Of fix {fix_id} ({plan.summary}) no migration can be made: it goes over the rows in many transactions,"
            " and waits for others between them. Elsewhere ALTER TABLE … ALTER COLUMN … TYPE comes to the same."
        )
    try:
        there = tuple(_there(plan))
    except NotPortable as error:
        raise InvalidRequest(f"Of fix {fix_id} ({plan.summary}) no migration can be made: {error}.") from error
    if not there:
        raise InvalidRequest(f"Fix {fix_id} ({plan.summary}) changes nothing that another database would lack.")
    back, why = _back(plan)
    return Migration(plan.summary, fix_id, there, back, why)


def _there(plan: Plan) -> Iterator[Deed]:
    """Up to the step that turns the object, all is done only where the object is as the plan found it."""
    turn = next((place for place, step in enumerate(plan.steps) if SEEN in step.statements[0]), None)
    found = next((step.probe for step in plan.inverse if _holds_anywhere(step)), None)
    for place, step in enumerate(plan.steps):
        if turn is not None and found is not None and place <= turn:
            yield _deed(step, f"({found}) = 'done'", whole=place == turn)
        elif _holds_anywhere(step):
            yield _deed(step, f"({step.probe}) = 'before'", whole=True)
        else:
            yield _deed(step)


def _back(plan: Plan) -> tuple[tuple[Deed, ...], str | None]:
    if not plan.inverse:
        return (), plan.no_inverse or "the fix keeps no undo"
    if plan.backups:
        return (), "the former values are kept by pgmend, in the database that it healed"
    try:
        return tuple(_way_back(plan.inverse)), None
    except NotPortable as error:
        return (), str(error)


def _way_back(steps: Sequence[Step]) -> Iterator[Deed]:
    turn = next((place for place, step in enumerate(steps) if _holds_anywhere(step)), None)
    for place, step in enumerate(steps):
        if turn is not None and place <= turn:
            yield _deed(step, f"({steps[turn].probe}) = 'before'", whole=place == turn)
        else:
            yield _deed(step)


def _holds_anywhere(step: Step) -> bool:
    """Whether its probe goes by names alone."""
    return not names_what_is_here(step.probe)


def _deed(step: Step, condition: str | None = None, *, whole: bool = False) -> Deed:
    """The step under that condition, and that of its statements unless the former is the `whole` of it."""
    statements = tuple(_by_anybody([each for each in step.statements if not is_of_here(each)]))
    told = _lasting([each for each in map(still_to_be_done, statements) if each is not None]) if not whole else []
    if condition is None and not told:
        raise NotPortable(f"nothing tells in another database whether it is done already: {step.title}")
    conditions = [condition] if condition is not None else []
    if told:
        conditions.append(f"({' or '.join(told)})" if condition is not None else " or ".join(told))
    return Deed(step.title, " and ".join(conditions), statements, not step.transactional, plain=condition is None)


def _lasting(told: Sequence[str]) -> list[str]:
    """The conditions but those of what goes and comes back within the step: they hold before it and after it."""
    opposites = {each.removeprefix("not ") if each.startswith("not ") else f"not {each}" for each in told}
    return [each for each in told if each not in opposites]


def _by_anybody(statements: Sequence[str]) -> Iterator[str]:
    """What is done as an object's owner is followed by our own role again: elsewhere by whoever runs it."""
    returns = False
    for each in statements:
        if _ROLE.match(each) and isinstance(pglast.parse_sql(each)[0].stmt, ast.VariableSetStmt):
            yield _NOBODY if returns else each
            returns = not returns
        else:
            yield each
