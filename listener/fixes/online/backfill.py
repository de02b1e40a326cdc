"""Filling the shadow for the rows that were there before it: an UPDATE of others' rows that nothing else may notice."""

from __future__ import annotations

from pglast import ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from ..composed import statement, verbatim
from ..dependents import Subject
from ..dependents.definition import literal
from ..plan import TURNS, Step, Sweep
from .shadow import Shadow

_MAY_BE_REPLICA = """
select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user
"""
_MAY_SET = """
select r.rolsuper or pg_catalog.has_parameter_privilege('session_replication_role', 'set')
from pg_catalog.pg_roles r where r.rolname = current_user
"""
# Bit 4 of tgtype is UPDATE; a trigger for UPDATE OF others' columns does not fire for ours.
_NOTICING = """
select pg_catalog.format('trigger %%s', t.tgname) from pg_catalog.pg_trigger t
where t.tgrelid = %(table)s::oid and not t.tgisinternal and (t.tgtype & 16) <> 0 and t.tgattr = ''
  and t.tgenabled = any(%(firing)s::"char"[])
union all
select pg_catalog.format('rule %%s', r.rulename) from pg_catalog.pg_rewrite r
where r.ev_class = %(table)s::oid and r.ev_type = '2' and r.ev_enabled <> 'D'
order by 1
"""
# Nobody can update a row that breaks a constraint which does not hold for the rows that are there.
_UNVALIDATED = """
select t.conname::text from pg_catalog.pg_constraint t
where t.conrelid = %s::oid and t.contype = 'c' and not t.convalidated
  and pg_catalog.pg_get_constraintdef(t.oid) not like '%% NOT ENFORCED' order by 1
"""
_FIRING = {True: ["A", "R"], False: ["O", "A"]}


async def may_be_replica(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether our role may set session_replication_role, so that no trigger of others fires for what it writes."""
    query = _MAY_SET if connection.info.server_version >= 150000 else _MAY_BE_REPLICA
    row = await (await connection.execute(query)).fetchone()
    return bool(row and row[0])


async def refuse_where_noticed(connection: AsyncConnection[TupleRow], subject: Subject, *, as_replica: bool) -> None:
    """Raise PlanRefused where the backfill would fire what people made, or would fail."""
    parameters = {"table": subject.table.oid, "firing": _FIRING[as_replica]}
    rows = await (await connection.execute(_NOTICING, parameters)).fetchall()
    if rows:
        cure = "" if as_replica else " Cure: grant set on parameter session_replication_role (15 and newer)."
        raise PlanRefused(f"Filling the new column would fire {rows[0][0]} on {subject.table_name}.{cure}")
    rows = await (await connection.execute(_UNVALIDATED, (subject.table.oid,))).fetchall()
    if rows:
        raise PlanRefused(
            f"Constraint {rows[0][0]} on {subject.table_name} is not validated: a row that breaks it cannot be updated,"
            " so that the new column could not be filled. Cure: validate it first."
        )


def fill_step(shadow: Shadow, *, as_replica: bool) -> Step:
    """The step that fills the shadow."""
    sweep = sweep_of(shadow, as_replica=as_replica)
    finished = (
        f"when {shadow.present} and exists (select from pgmend.backfill b join pg_catalog.pg_attribute a"
        " on a.attrelid = b.table_oid and a.attnum = b.column_number where b.finished_by is not null"
        f" and b.table_oid = {sweep.table}::oid and a.attname = {literal(shadow.name)}) then 'done'"
    )
    return Step(
        title=f"Fill {shadow.name} for the rows that are there",
        statements=(sweep.statement,),
        transactional=False,
        probe=shadow.probe(finished),
        long_running=True,
        sweep=sweep,
    )


def sweep_of(shadow: Shadow, *, as_replica: bool) -> Sweep:
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
        column=shadow.name,
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
        as_replica=as_replica,
    )
