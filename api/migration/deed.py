"""What a migration does, whichever tool runs it: steps that look first whether there is something to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...listener.errors import InvalidRequest
from ...listener.fixes.plan import Plan, Step
from .guard import NotPortable, is_of_here, still_to_be_done


@dataclass(frozen=True, slots=True)
class Deed:
    """Statements to be run while `unless_done` is true. Those that stand `alone` fit in no transaction."""

    title: str
    unless_done: str
    statements: tuple[str, ...]
    alone: bool


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
    try:
        there = tuple(_deeds(plan.steps))
    except NotPortable as error:
        raise InvalidRequest(f"Of fix {fix_id} ({plan.summary}) no migration can be made: {error}.") from error
    if not there:
        raise InvalidRequest(f"Fix {fix_id} ({plan.summary}) changes nothing that another database would lack.")
    back, why = _back(plan)
    return Migration(plan.summary, fix_id, there, back, why)


def _back(plan: Plan) -> tuple[tuple[Deed, ...], str | None]:
    if not plan.inverse:
        return (), plan.no_inverse or "the fix keeps no undo"
    if plan.backups:
        return (), "the former values are kept by pgmend, in the database that it healed"
    try:
        return tuple(_deeds(plan.inverse)), None
    except NotPortable as error:
        return (), str(error)


def _deeds(steps: Sequence[Step]) -> Iterator[Deed]:
    for step in steps:
        statements = tuple(each for each in step.statements if not is_of_here(each))
        conditions = [condition for each in statements if (condition := still_to_be_done(each)) is not None]
        if not conditions:
            raise NotPortable(f"nothing tells in another database whether it is done already: {step.title}")
        yield Deed(step.title, " or ".join(conditions), statements, not step.transactional)
