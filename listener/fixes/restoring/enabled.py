"""When a trigger or a rule of a table fires: always, as usual, on a replica only, or not at all."""

from __future__ import annotations

from typing import LiteralString

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, ObjectName
from ..composed import identifier, statement
from ..dependents.definition import literal
from ..plan import Hazard, Lock, Plan
from .place import said_of
from .subject import Subject
from .turn import Turn

Words = tuple[LiteralString, AlterTableType]
_TRIGGER: dict[str, Words] = {
    "O": ("enable trigger", AlterTableType.AT_EnableTrig),
    "A": ("enable always trigger", AlterTableType.AT_EnableAlwaysTrig),
    "R": ("enable replica trigger", AlterTableType.AT_EnableReplicaTrig),
    "D": ("disable trigger", AlterTableType.AT_DisableTrig),
}
_RULE: dict[str, Words] = {
    "O": ("enable rule", AlterTableType.AT_EnableRule),
    "A": ("enable always rule", AlterTableType.AT_EnableAlwaysRule),
    "R": ("enable replica rule", AlterTableType.AT_EnableReplicaRule),
    "D": ("disable rule", AlterTableType.AT_DisableRule),
}
_LOCKS = {
    ObjectKind.TRIGGER: ("SHARE ROW EXCLUSIVE", Hazard.SHARE_ROW_EXCLUSIVE_LOCK),
    ObjectKind.RULE: ("ACCESS EXCLUSIVE", Hazard.ACCESS_EXCLUSIVE_LOCK),
}


async def restore_enabled(subject: Subject) -> Plan:
    """The firing state as expected, and back."""
    state = said_of(subject.name, firing(subject.name.kind))
    before, wanted = await subject.value(state), subject.expected.fields.get("enabled", "O")
    if before is None:
        raise PlanRefused(f"{subject.said} is not there: it has to be made first.")
    mode, hazard = _LOCKS[subject.name.kind]
    turn = Turn(
        title=f"Let {subject.said} fire as expected",
        undo_title=f"Let {subject.said} fire as before",
        state=state,
        before=before,
        left=f"{state} = {literal(wanted)}",
        statements=(enable_statement(subject.name, wanted),),
        undo=(enable_statement(subject.name, before),),
        locks=(Lock(mode, subject.table_name),) if subject.on_table else (),
    )
    return subject.plan(
        f"Let {subject.said} fire as expected",
        [turn.step()],
        [turn.inverse()],
        approval="it keeps a trigger or rule from firing" if wanted in "DR" else None,
        hazards=(hazard,),
    )


def firing(kind: ObjectKind) -> str:
    """The column of the catalog's row `o` that tells it, as text."""
    return "o.tgenabled::text" if kind is ObjectKind.TRIGGER else "o.ev_enabled::text"


def enable_statement(name: ObjectName, state: str) -> str:
    """ALTER TABLE that sets the firing state of a trigger or rule to that letter; it takes views, too."""
    words = (_TRIGGER if name.kind is ObjectKind.TRIGGER else _RULE).get(state)
    if words is None:
        raise PlanRefused(f"PostgreSQL knows no firing state {state!r}.")
    target = (name.schema, name.relation)
    text = sql.SQL("alter table {} {} {}").format(identifier(*target), sql.SQL(words[0]), identifier(name.name))
    return statement(text, ast.AlterTableStmt, target, commands=(words[1],))
