"""The default of a column: set or dropped, for rows that come; no row that is there changes."""

from __future__ import annotations

from pglast import ast
from pglast.enums import AlterTableType

from ...catalog.snapshot import Column
from ...errors import PlanRefused, PlanWaits
from ..composed import statement, verbatim
from ..plan import Hazard, Lock, Plan
from .place import condition, quote
from .reading import wait_until_readable
from .subject import Subject
from .turn import Turn, row_written_by

_OF_COLUMN = "(o.adrelid, o.adnum) = (select o.attrelid, o.attnum from pg_catalog.pg_attribute o where {column})"


async def restore_default(subject: Subject) -> Plan:
    """The default as expected, and back to what it is."""
    column = subject.column
    _require_plain(subject, column)
    row = _OF_COLUMN.format(column=condition(subject.name))
    state = f"(select pg_catalog.pg_get_expr(o.adbin, o.adrelid) from pg_catalog.pg_attrdef o where {row})"
    wanted, before = subject.expected.fields.get("default") or None, await subject.value(state)
    if wanted is not None:
        await wait_until_readable(subject, f"select {wanted}")
    gone = f"not exists (select from pg_catalog.pg_attrdef o where {row})"
    turn = Turn(
        title=f"Set the default of {subject.said} as expected",
        undo_title=f"Set the default of {subject.said} as before",
        state=state,
        before=before,
        left=gone if wanted is None else row_written_by(subject.site.fix_id, "pg_attrdef", row),
        statements=(default_statement(subject, wanted),),
        undo=(default_statement(subject, before),),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )
    return subject.plan(
        f"{'Drop' if wanted is None else 'Set'} the default of {subject.said} as expected",
        [turn.step()],
        [turn.inverse()],
        hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK,),
    )


def default_statement(subject: Subject, expression: str | None) -> str:
    """ALTER TABLE that sets the default, or drops it where it is None."""
    name = subject.name
    action = "drop default" if expression is None else f"set default {expression}"
    text = f"alter table {quote(name.schema, name.relation)} alter column {quote(name.name)} {action}"
    commands = (AlterTableType.AT_ColumnDefault,)
    return statement(verbatim(text), ast.AlterTableStmt, (name.schema, name.relation), commands=commands)


def _require_plain(subject: Subject, column: Column) -> None:
    """Raise PlanWaits, or PlanRefused, where PostgreSQL computes the column: such a one has no default."""
    if not column.generated and not column.identity:
        return
    field = "identity" if column.identity else "generated"
    if field in subject.expected.fields:
        raise PlanRefused(f"{subject.said} is computed by PostgreSQL: what it is computed of cannot be set alone.")
    raise PlanWaits(f"{subject.said} to be computed no more: only then can it have a default")
