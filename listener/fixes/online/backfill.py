"""Filling the shadow for the rows that were there before it: an UPDATE of others' rows that nothing else may notice."""

from __future__ import annotations

from pglast import ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from ..composed import lock, statement, verbatim
from ..plan import TURNS, Step, Sweep
from .shadow import Shadow
from .standing import no_strange_code

_MAY_BE_REPLICA = """
select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user
"""
_MAY_SET = """
select r.rolsuper or pg_catalog.has_parameter_privilege('session_replication_role', 'set')
from pg_catalog.pg_roles r where r.rolname = current_user
"""
# Plans are shown where pgmend is not installed, and to who may not read its tables.
_IS_TOLD = """
select exists (
  select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'pgmend' and c.relname = 'backfill' and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_table_privilege(c.oid, 'select'))
"""


async def may_be_replica(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether our role may set session_replication_role, so that no trigger of others fires for what it writes."""
    query = _MAY_SET if connection.info.server_version >= 150000 else _MAY_BE_REPLICA
    row = await (await connection.execute(query)).fetchone()
    return bool(row and row[0])


async def refuse_where_in_the_way(connection: AsyncConnection[TupleRow], shadow: Shadow) -> None:
    """Raise PlanRefused where the backfill would fire what people made, or could not be done."""
    told = await (await connection.execute(_IS_TOLD)).fetchone()
    row = await (await connection.execute(verbatim(shadow.free(told=bool(told and told[0])).query))).fetchone()
    if row:
        raise PlanRefused(row[0])


def fill_step(shadow: Shadow) -> Step:
    """The step that fills the shadow."""
    sweep = sweep_of(shadow)
    finished = (
        f"when {shadow.present} and exists (select from pgmend.backfill b where b.finished_by is not null"
        f" and b.table_oid = {sweep.table}::oid and b.column_number = {sweep.column}) then 'done'"
    )
    return Step(
        title=f"Fill {shadow.name} for the rows that are there",
        statements=(sweep.statement,),
        transactional=False,
        probe=shadow.probe(finished),
        long_running=True,
        sweep=sweep,
    )


def sweep_of(shadow: Shadow) -> Sweep:
    """The walk over the table; a value without its like is passed over, and found at the end."""
    subject = shadow.subject
    cast, value = subject.cast, subject.quoted_column
    within = "ctid >= $1::pg_catalog.tid and ctid < $2::pg_catalog.tid"
    wanted = shadow.missing if cast.always_exact else f"{shadow.missing} and {cast.exact(value)}"
    turn = f"($3::pg_catalog.int4 is null or pg_catalog.hashtid(ctid) & {TURNS - 1} = $3)"
    update = f"update only {subject.table_name} set {shadow.quoted} = {cast.converted(value)}"
    where = f"where {within} and {turn} and {wanted}"
    free = f"select ctid from only {subject.table_name} {where} for no key update skip locked"
    table = (subject.table.schema, subject.table.name)
    return Sweep(
        table=subject.table.oid,
        column=shadow.number,
        statement=statement(verbatim(f"{update} {where}"), ast.UpdateStmt, table),
        free_rows=statement(
            verbatim(
                f"with free as materialized ({free}) {update}"
                f" where {within} and {wanted} and ctid = any(array(select free.ctid from free))"
            ),
            ast.UpdateStmt,
            table,
            ("free",),
        ),
        left=statement(
            verbatim(f"select true from only {subject.table_name} where {within} and {wanted} limit 1"),
            ast.SelectStmt,
            table,
        ),
        as_replica=shadow.footing.as_replica,
        lock=lock(subject.table_name, "row exclusive"),
        checks=(shadow.untouched(), no_strange_code(shadow.footing)),
    )
