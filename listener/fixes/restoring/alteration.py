"""What ALTER sets by itself: storage, options, an identity. Several of one object are set in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pglast import ast
from pglast.enums import AlterTableType

from ...errors import PlanRefused
from ..composed import Name, statement, verbatim
from ..dependents.definition import literal
from ..execution.guard import guard
from ..plan import Check, Hazard, Lock, Plan
from .place import quote
from .subject import Subject
from .turn import Turn

_SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
_ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


@dataclass(frozen=True, slots=True)
class Alteration:
    """One thing that is set, and the two ways.

    `state` is SQL of type text that tells what it is; `wanted` is what it says afterwards, unless `left` is an SQL
    condition that tells it better. `gentle` says that neither reads nor writes of the table wait for it. `checks` have
    to hold before the way there, `undo_checks` before the way back.
    """

    state: str
    wanted: str | None
    there: tuple[str, ...]
    back: tuple[str, ...]
    left: str | None = None
    gentle: bool = False
    rewrites: bool = False
    approval: str | None = None
    hazards: tuple[Hazard, ...] = ()
    checks: tuple[Check, ...] = ()
    undo_checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    locks: tuple[Lock, ...] = ()


async def alter(subject: Subject, what: str, alterations: Sequence[Alteration]) -> Plan:
    """The plan that sets all of them; `what` they are, for the summary. Raises PlanRefused where there are none."""
    if not alterations:
        raise PlanRefused(f"{what.capitalize()} of {subject.said}: all is as expected by now.")
    states = ", ".join(each.state for each in alterations)
    state = f"pg_catalog.jsonb_build_array({states})::pg_catalog.text"
    lefts = [each.left or f"{each.state} is not distinct from {_literal(each.wanted)}" for each in alterations]
    undo_checks = tuple(check for each in alterations for check in each.undo_checks)
    turn = Turn(
        title=f"Set {what} of {subject.said} as expected",
        undo_title=f"Set {what} of {subject.said} as before",
        state=state,
        before=await subject.value(state),
        left=" and ".join(f"({left})" for left in lefts),
        statements=(
            *(guard(check) for each in alterations for check in each.checks),
            *(text for each in alterations for text in each.there),
        ),
        undo=(*map(guard, undo_checks), *(text for each in reversed(alterations) for text in each.back)),
        locks=_locks(subject, alterations),
    )
    rewrites = any(each.rewrites for each in alterations)
    approvals = [each.approval for each in alterations if each.approval]
    return subject.plan(
        f"Set {what} of {subject.said} as expected",
        [replace(turn.step(), rewrites=rewrites)],
        [replace(turn.inverse(), rewrites=rewrites)],
        approval="; ".join(approvals) or None,
        checks=tuple(check for each in alterations for check in each.checks),
        inverse_checks=undo_checks,
        hazards=_hazards(subject, alterations),
        notes=tuple(note for each in alterations for note in each.notes),
    )


def alter_table(table: Name, action: str, *commands: AlterTableType, names: Sequence[Name] = ()) -> str:
    """ALTER TABLE of schema and name with those parts; the action `names` other relations."""
    text = verbatim(f"alter table {quote(*table)} {action}")
    return statement(text, ast.AlterTableStmt, table, *names, commands=commands)


def _locks(subject: Subject, alterations: Sequence[Alteration]) -> tuple[Lock, ...]:
    if not subject.on_table:
        return ()
    mode = _SHARE_UPDATE_EXCLUSIVE if all(each.gentle for each in alterations) else _ACCESS_EXCLUSIVE
    more = (lock for each in alterations for lock in each.locks)
    return tuple(dict.fromkeys((Lock(mode, subject.table_name), *more)))


def _hazards(subject: Subject, alterations: Sequence[Alteration]) -> tuple[Hazard, ...]:
    harsh = subject.on_table and not all(each.gentle for each in alterations)
    rewritten = (Hazard.TABLE_REWRITE, Hazard.NOT_MVCC_SAFE) if any(each.rewrites for each in alterations) else ()
    more = (hazard for each in alterations for hazard in each.hazards)
    return tuple(dict.fromkeys((*((Hazard.ACCESS_EXCLUSIVE_LOCK,) if harsh else ()), *rewritten, *more)))


def _literal(text: str | None) -> str:
    return "null" if text is None else literal(text)
