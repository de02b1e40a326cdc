"""Triggers for UPDATE OF the column, or with the column in WHEN: dropped, and made again in the state they were in."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..composed import identifier
from .definition import literal, verified
from .dependent import Dependent, Subject, refused
from .rereading import Name, Rereading

_TRIGGERS = """
select t.tgname::text, pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled::text, t.tgqual is not null,
  pg_catalog.obj_description(t.oid, 'pg_trigger'), pg_catalog.has_function_privilege(t.tgfoid, 'execute'),
  t.tgfoid::pg_catalog.regprocedure::text,
  exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_trigger'::regclass and e.objid = t.oid
    and e.refclassid = 'pg_catalog.pg_extension'::regclass)
from pg_catalog.pg_trigger t
where t.tgrelid = %(table)s::oid and not t.tgisinternal and exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_trigger'::regclass and d.objid = t.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s)
order by t.tgname
"""
_STATES = {"O": "", "D": "disable trigger", "R": "enable replica trigger", "A": "enable always trigger"}


async def triggers(connection: AsyncConnection[TupleRow], subject: Subject, rereading: Rereading) -> list[Dependent]:
    """The triggers of the table that ALTER TYPE refuses to see."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    relation = (subject.table.schema, subject.table.name)
    found: list[Dependent] = []
    rows = await (await connection.execute(_TRIGGERS, parameters)).fetchall()
    for name, definition, enabled, conditional, comment, may_execute, function, of_extension in rows:
        described = f"trigger {name} on {relation[0]}.{relation[1]}"
        objection = await _objection(definition, relation, rereading) if conditional else None
        if objection:
            found.append(refused(described, f"could not be read any more: {objection}"))
        elif not may_execute:
            found.append(refused(described, f"runs {function}, which {subject.role} may not execute"))
        elif of_extension:
            found.append(refused(described, "depends on an extension"))
        else:
            quoted = identifier(name).as_string()
            drop = f"drop trigger {quoted} on {subject.table_name}"
            again = [definition]
            if _STATES[enabled]:
                again.append(f"alter table {subject.table_name} {_STATES[enabled]} {quoted}")
            if comment is not None:
                again.append(f"comment on trigger {quoted} on {subject.table_name} is {literal(comment)}")
            found.append(Dependent(described, (verified(drop),), tuple(verified(each) for each in again)))
    return found


async def _objection(definition: str, relation: Name, rereading: Rereading) -> str | None:
    """What speaks against the condition; `old` and `new` are rows of the table."""
    _, opening, rest = definition.partition(" WHEN (")
    condition, closing, _ = rest.rpartition(") EXECUTE FUNCTION ")
    if not opening or not closing:
        return None
    return await rereading.objection_to_expression(condition, (relation, "old"), (relation, "new"))
