"""Row security policies that mention the column, of its table or of another: closed meanwhile, then opened as before.

A policy is altered to `false` and back rather than dropped: its name, command, roles, comment and OID stay, and at no
moment does it let anybody through.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ..composed import identifier
from ..plan import Lock
from .definition import verified
from .dependent import Dependent, Subject, refused
from .rereading import Name, Rereading

_POLICIES = """
select p.polname::text, c.oid::bigint, n.nspname::text, c.relname::text,
  pg_catalog.format('%%I.%%I', n.nspname, c.relname), pg_catalog.pg_get_expr(p.polqual, p.polrelid),
  pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), pg_catalog.pg_has_role(c.relowner, 'usage')
from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and ((d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s) or d.refobjid = any(%(views)s::oid[])))
order by 3, 4, 1
"""


async def policies(
    connection: AsyncConnection[TupleRow], subject: Subject, views: Sequence[Oid], rereading: Rereading
) -> list[Dependent]:
    """The policies that mention the column or one of those views, which go with it."""
    parameters = {"table": subject.table.oid, "column": subject.column.number, "views": list(views)}
    found: list[Dependent] = []
    for name, oid, *where, using, check, ours in await (await connection.execute(_POLICIES, parameters)).fetchall():
        schema, relation, relation_name = where
        described = f"policy {name} on {schema}.{relation}"
        objection = await _objection((using, check), (schema, relation), oid, subject, rereading)
        if not ours:
            found.append(refused(described, f"is on a table that {subject.role} may not alter"))
        elif objection:
            found.append(refused(described, f"could not be read any more: {objection}"))
        else:
            alter = f"alter policy {identifier(name).as_string()} on {relation_name}"
            elsewhere = oid != subject.table.oid
            found.append(
                Dependent(
                    described,
                    down=(verified(alter + _clauses(using and "false", check and "false")),),
                    up=(verified(alter + _clauses(using, check)),),
                    locks=(Lock("ACCESS EXCLUSIVE", relation_name),) if elsewhere else (),
                    tables=((oid, relation_name),) if elsewhere else (),
                )
            )
    return found


def _clauses(using: str | None, check: str | None) -> str:
    return (f" using ({using})" if using else "") + (f" with check ({check})" if check else "")


async def _objection(
    expressions: Sequence[str | None], relation: Name, oid: Oid, subject: Subject, rereading: Rereading
) -> str | None:
    row = rereading
    if oid != subject.table.oid:
        row = rereading.with_relation(relation, f"select * from {identifier(*relation).as_string()}")
    for expression in expressions:
        if expression and (found := await row.objection_to_expression(expression, (relation, relation[1]))):
            return found
    return None
