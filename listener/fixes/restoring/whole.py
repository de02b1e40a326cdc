"""Objects that are made by one statement and what belongs to it: missing ones brought back, whatever their kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast

from ...errors import PlanRefused, PlanWaits
from ...expected.portrait import ObjectKind, ObjectName
from ..dependents.definition import literal
from ..plan import Hazard, Lock, Plan
from .constraint_definition import names_in
from .making import make, parsed_definition, unmake
from .place import exists, quote, relation_oid, said_of
from .reading import wait_until_readable
from .stored import position
from .subject import Subject
from .turn import Turn, row_written_by, written_by

_LOCKS = {
    ObjectKind.TRIGGER: ("SHARE ROW EXCLUSIVE", Hazard.SHARE_ROW_EXCLUSIVE_LOCK),
    ObjectKind.RULE: ("ACCESS EXCLUSIVE", Hazard.ACCESS_EXCLUSIVE_LOCK),
    ObjectKind.POLICY: ("ACCESS EXCLUSIVE", Hazard.ACCESS_EXCLUSIVE_LOCK),
    ObjectKind.STATISTICS: ("SHARE UPDATE EXCLUSIVE", None),
}
_APPROVALS = {
    ObjectKind.SEQUENCE: "where it stood is gone: it begins anew",
}


async def restore_whole(subject: Subject) -> Plan:
    """The object that is missing, with owner, rights, comment and settings."""
    if await subject.present():
        raise PlanRefused(f"{subject.said} is there by now.")
    await require_ground(subject)
    making = await make(subject, subject.expected)
    turn = missing(subject, making.statements)
    approval = making.approval or _APPROVALS.get(subject.name.kind)
    return subject.plan(
        f"Make {subject.said} again", [turn.step()], [turn.inverse()], approval=approval, hazards=hazards_of(subject)
    )


def missing(subject: Subject, statements: Sequence[str]) -> Turn:
    """The two ways between an object's absence and its presence."""
    return Turn(
        title=f"Make {subject.said}",
        undo_title=f"Drop {subject.said}",
        state=said_of(subject.name, "'there'"),
        before=None,
        left=left_by(subject),
        statements=tuple(statements),
        undo=(unmake(subject.expected),),
        locks=locks_of(subject),
    )


def left_by(subject: Subject, ordinal: int = 1) -> str:
    """An SQL condition: the object is as the step of the fix left it."""
    name, fix_id = subject.name, subject.site.fix_id
    if name.kind in {ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW}:
        # REFRESH gives a materialized view another row in pg_class, yet not another meaning.
        rule = f"o.ev_class = {said_of(name, 'o.oid')} and o.rulename = '_RETURN'"
        return row_written_by(fix_id, "pg_rewrite", rule, ordinal)
    return written_by(fix_id, name, ordinal)


def locks_of(subject: Subject) -> tuple[Lock, ...]:
    """What is locked first: the table that the object is a part of. LOCK TABLE would lock all that a view shows."""
    found = _LOCKS.get(subject.name.kind)
    return (Lock(found[0], subject.table_name),) if found and subject.on_table else ()


def hazards_of(subject: Subject) -> tuple[Hazard, ...]:
    """What those locks keep waiting."""
    _, hazard = _LOCKS.get(subject.name.kind, ("", None))
    return (hazard,) if hazard and subject.on_table else ()


async def require_ground(subject: Subject) -> None:
    """Raise PlanWaits where what the object stands on is not there yet."""
    text, node = parsed_definition(subject.expected)
    name = subject.name
    if name.relation and not subject.on_table and await subject.value(relation_oid(name)) is None:
        raise PlanWaits(f"{name.schema}.{name.relation}, which is missing")
    if name.relation and subject.on_table:
        assert subject.table
    schema = ObjectName(ObjectKind.SCHEMA, "", "", name.schema)
    if name.schema and not await subject.value(exists(schema)):
        raise PlanWaits(f"schema {name.schema}, which is missing")
    await _require_parts(subject, text, node)


async def _require_parts(subject: Subject, text: str, node: Any) -> None:
    match node:
        case ast.ViewStmt() | ast.CreateTableAsStmt():
            await wait_until_readable(subject, query_of(text))
        case ast.CreatePolicyStmt():
            table = quote(subject.name.schema, subject.name.relation)
            for keyword in ("USING", "CHECK"):
                if (expression := _after(text, keyword)) is not None:
                    await wait_until_readable(subject, f"select {expression} from {table}")
        case ast.CreateTrigStmt():
            schema, function = names_in(node.funcname)
            routine = (
                "exists (select from pg_catalog.pg_proc o join pg_catalog.pg_namespace n on n.oid = o.pronamespace"
                f" where n.nspname = {literal(schema)} and o.proname = {literal(function)} and o.pronargs = 0)"
            )
            if not await subject.value(routine):
                raise PlanWaits(f"function {schema}.{function}(), which is missing")
        case _:
            pass


def query_of(text: str) -> str:
    """What stands after AS in the statement that makes a view."""
    return text[position(text, "AS") + len("AS") :]


def _after(text: str, keyword: str) -> str | None:
    """The expression in parentheses after that keyword of a policy."""
    try:
        start = position(text, keyword) + len(keyword)
    except PlanRefused:
        return None
    try:
        end = position(text, "WITH", start)
    except PlanRefused:
        end = len(text)
    return text[start:end].strip()
