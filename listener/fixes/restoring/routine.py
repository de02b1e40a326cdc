"""Functions and procedures of another definition than expected.

CREATE OR REPLACE keeps owner, rights, comment and everything that calls the routine; it needs the same parameters and
result. Else the routine is dropped and made anew, by approval, and only where nothing stands on it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pglast import ast

from ...errors import PlanRefused
from ...expected.portrait import Portrayed
from ..composed import verbatim
from ..plan import Plan
from .found import read_found
from .making import as_owner, make, parsed_definition, unmake, why_shown
from .place import said_of
from .stored import verified
from .subject import Subject
from .turn import Turn
from .whole import left_by

_STATE = "case when o.prokind <> 'a' then pg_catalog.pg_get_functiondef(o.oid) else 'aggregate' end"
_STANDING = """
select pg_catalog.min(pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)) from pg_catalog.pg_depend d
where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = {routine} and d.deptype not in ('i', 'e')
"""


async def replace_routine(subject: Subject) -> Plan:
    """The routine as expected, its owner, rights and comment as they are."""
    found = await read_found(subject)
    wanted = replace(found, definition=subject.expected.definition, fields=subject.expected.fields)
    replaced = _replaceable(parsed_definition(found)[1], parsed_definition(wanted)[1])
    if not replaced:
        await _refuse_dependents(subject)
    there = _replacing(subject, wanted) if replaced else (unmake(found), *(await make(subject, wanted)).statements)
    back = _replacing(subject, found) if replaced else (unmake(wanted), *(await make(subject, found)).statements)
    state = said_of(subject.name, _STATE)
    turn = Turn(
        title=f"{'Replace' if replaced else 'Make anew'} {subject.said}",
        undo_title=f"{'Replace' if replaced else 'Make anew'} {subject.said} as it was",
        state=state,
        before=await subject.value(state),
        left=left_by(subject),
        statements=tuple(there),
        undo=tuple(back),
    )
    return subject.plan(
        f"{'Replace' if replaced else 'Make anew'} {subject.said} as expected",
        [turn.step()],
        [turn.inverse()],
        approval=why_shown(parsed_definition(wanted)[1])
        if replaced
        else "its parameters or result differ: it is dropped and made anew",
    )


def _replacing(subject: Subject, each: Portrayed) -> tuple[str, ...]:
    quiet = verified("set local check_function_bodies = off", ast.VariableSetStmt)
    return (quiet, *as_owner(subject, each.owner, [parsed_definition(each)[0]]))


def _replaceable(old: Any, new: Any) -> bool:
    """Whether each may take the place of the other: nothing differs but options and body."""
    if not isinstance(old, ast.CreateFunctionStmt) or not isinstance(new, ast.CreateFunctionStmt):
        return False
    same_kind = bool(old.is_procedure) == bool(new.is_procedure)
    return same_kind and old.returnType == new.returnType and _parameters(old) == _parameters(new)


def _parameters(node: ast.CreateFunctionStmt) -> list[tuple[Any, ...]]:
    found: tuple[Any, ...] = node.parameters or ()
    return [(each.name, each.argType, each.mode, each.defexpr is not None) for each in found]


async def _refuse_dependents(subject: Subject) -> None:
    query = _STANDING.format(routine=said_of(subject.name, "o.oid"))
    row = await (await subject.site.connection.execute(verbatim(query))).fetchone()
    if row and row[0]:
        raise PlanRefused(
            f"{subject.said} has other parameters or another result, and {row[0]} stands on it."
            " Cure: drop that, approve this fix, and make it again."
        )
