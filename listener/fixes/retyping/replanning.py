"""Functions that keep plans for a column's old type in sessions that are open, and what makes these look again.

PL/pgSQL keeps a function as it once read it, and what it found `new.user_id` to be: called again in the same session,
it fails (42804: type of parameter does not match that when preparing the plan). It reads the function anew where its
row in pg_proc is another one; to write that row, a change to what it is already is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from pglast import ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..composed import identifier, statement, verbatim
from ..dependents import Subject

# More would take their time under the lock.
_MOST = 100
_KEEPING = r"""
select n.nspname::text, p.proname::text, pg_catalog.pg_get_function_identity_arguments(p.oid),
  p.oid::pg_catalog.regprocedure::text, p.prosecdef, pg_catalog.pg_has_role(p.proowner, 'usage')
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where l.lanname = 'plpgsql' and n.nspname not in ('pgmend', 'pgmend_backup')
  and pg_catalog.strpos(p.prosrc, %(column)s) > 0
  and (pg_catalog.strpos(p.prosrc, %(name)s) > 0 or exists (
    select from pg_catalog.pg_trigger t where t.tgfoid = p.oid and t.tgrelid = %(table)s::oid))
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    and d.objid = p.oid and d.deptype = 'e')
order by 4
"""


@dataclass(frozen=True, slots=True)
class Replanning:
    """Statements that change nothing and let every session read the functions anew; `stale` are others' functions."""

    statements: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def note(self) -> str | None:
        """What a person should know."""
        if not self.stale:
            return None
        return (
            f"Sessions that are open may fail in {', '.join(self.stale)} (42804), which pgmend may not alter, until"
            " they connect anew. Cure: have its owner say ALTER ROUTINE … SECURITY INVOKER, or DEFINER where it is"
            " that, right after the change."
        )


async def replanning(connection: AsyncConnection[TupleRow], subject: Subject) -> Replanning:
    """The PL/pgSQL functions that name the column: those of the table's triggers, and those that name the table too."""
    parameters = {"table": subject.table.oid, "column": subject.column.name, "name": subject.table.name}
    statements: list[str] = []
    stale: list[str] = []
    for schema, name, arguments, called, definer, ours in await (
        await connection.execute(_KEEPING.encode(), parameters)
    ).fetchall():
        if not ours or len(statements) == _MOST:
            stale.append(called)
            continue
        rights = "security definer" if definer else "security invoker"
        text = f"alter routine {identifier(schema, name).as_string()}({arguments}) {rights}"
        statements.append(statement(verbatim(text), ast.AlterFunctionStmt, (schema, name)))
    return Replanning(tuple(statements), tuple(stale))
