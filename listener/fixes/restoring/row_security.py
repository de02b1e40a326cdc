"""Whether row security of a table is enabled, and forced upon its owner.

Always by approval: it decides who sees what.
"""

from __future__ import annotations

from typing import LiteralString

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ..composed import relation, statement
from ..plan import Hazard, Lock, Plan
from .place import said_of
from .subject import Subject
from .turn import Turn

_STATE = "pg_catalog.concat_ws(' ', o.relrowsecurity, o.relforcerowsecurity)"
_ENABLED: dict[bool, tuple[LiteralString, AlterTableType]] = {
    True: ("enable row level security", AlterTableType.AT_EnableRowSecurity),
    False: ("disable row level security", AlterTableType.AT_DisableRowSecurity),
}
_FORCED: dict[bool, tuple[LiteralString, AlterTableType]] = {
    True: ("force row level security", AlterTableType.AT_ForceRowSecurity),
    False: ("no force row level security", AlterTableType.AT_NoForceRowSecurity),
}


async def restore_row_security(subject: Subject) -> Plan:
    """Both flags as expected, and back."""
    table = subject.table
    enabled, forced = subject.flag("row_security"), subject.flag("force_row_security")
    state = said_of(subject.name, _STATE)
    turn = Turn(
        title=f"Set row security of {table.qualified_name} as expected",
        undo_title=f"Set row security of {table.qualified_name} as before",
        state=state,
        before=await subject.value(state),
        left=f"{state} = {_said(enabled, forced)}",
        statements=(_alter(subject, enabled, forced),),
        undo=(_alter(subject, table.row_security, table.force_row_security),),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )
    return subject.plan(
        f"{'Enable' if enabled else 'Disable'} row security of {subject.table_name}",
        [turn.step()],
        [turn.inverse()],
        approval="row security decides who sees which rows",
        hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK,),
    )


def _alter(subject: Subject, enabled: bool, forced: bool) -> str:
    table = subject.table
    parts = (_ENABLED[enabled], _FORCED[forced])
    text = sql.SQL("alter table {} {}").format(
        relation(table), sql.SQL(", ").join(sql.SQL(words) for words, _ in parts)
    )
    commands = tuple(command for _, command in parts)
    return statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=commands)


def _said(enabled: bool, forced: bool) -> str:
    return f"pg_catalog.concat_ws(' ', {str(enabled).lower()}, {str(forced).lower()})"
