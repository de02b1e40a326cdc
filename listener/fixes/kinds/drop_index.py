"""DROP INDEX CONCURRENTLY of an index that another one makes superfluous; always by approval."""

from __future__ import annotations

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.snapshot import Oid, Table
from ...errors import PlanRefused
from ...remedy import DropIndex
from ..composed import identifier, query, relation, statement
from ..fix_kind import fix_kind
from ..indexes.definition import IndexDefinition
from ..indexes.facts import IndexFacts, read_index
from ..indexes.steps import create_step, drop_statement, drop_step, nothing_depends_on
from ..plan import Check, Hazard, Lock, Plan, Step
from ..site import Site
from .create_index import indexable

# Either all is equal that tells two indexes apart in what they can answer and enforce, but for what a build parameter
# changes; or the one that goes is a B-tree (403) that enforces nothing, the other one begins with its columns, and both
# have the same rows.
_SAME = sql.SQL(
    """select 'the index to be kept is gone, invalid or another one by now' as reason
where not exists (
  select from pg_catalog.pg_index k join pg_catalog.pg_class kc on kc.oid = k.indexrelid
    join pg_catalog.pg_index d on d.indrelid = k.indrelid join pg_catalog.pg_class dc on dc.oid = d.indexrelid
  where k.indexrelid = {kept}::oid and d.indexrelid = {dropped}::oid
    and k.indisvalid and k.indisready and k.indislive and kc.relam = dc.relam
    and (d.indkey::text, d.indnkeyatts) is distinct from (k.indkey::text, k.indnkeyatts)
    and kc.relam = 403 and not d.indisunique and not d.indisexclusion
    and k.indexprs is null and d.indexprs is null
    and pg_catalog.pg_get_expr(k.indpred, k.indrelid)
      is not distinct from pg_catalog.pg_get_expr(d.indpred, d.indrelid)
    and not exists (
      select from pg_catalog.generate_series(0, d.indnkeyatts - 1) as n (place)
      where n.place >= k.indnkeyatts
        or (k.indkey[n.place], k.indclass[n.place], k.indcollation[n.place], k.indoption[n.place])
          is distinct from
          (d.indkey[n.place], d.indclass[n.place], d.indcollation[n.place], d.indoption[n.place]))
    and not exists (
      select from pg_catalog.generate_series(d.indnkeyatts, d.indnatts - 1) as n (place)
      where d.indkey[n.place] <> all (k.indkey))
  union all
  select from pg_catalog.pg_index k join pg_catalog.pg_class kc on kc.oid = k.indexrelid
    join pg_catalog.pg_index d on d.indrelid = k.indrelid join pg_catalog.pg_class dc on dc.oid = d.indexrelid
  where k.indexrelid = {kept}::oid and d.indexrelid = {dropped}::oid
    and k.indisvalid and k.indisready and k.indislive and kc.relam = dc.relam
    and k.indkey::text = d.indkey::text and k.indnkeyatts = d.indnkeyatts
    and k.indclass::text = d.indclass::text and k.indcollation::text = d.indcollation::text
    and k.indoption::text = d.indoption::text
    and (k.indisunique or not d.indisunique) and (k.indimmediate or not d.indimmediate)
    and (pg_catalog.pg_get_expr(k.indexprs, k.indrelid), pg_catalog.pg_get_expr(k.indpred, k.indrelid))
      is not distinct from
      (pg_catalog.pg_get_expr(d.indexprs, d.indrelid), pg_catalog.pg_get_expr(d.indpred, d.indrelid))
    and not exists (
      (select pg_catalog.to_jsonb(k) ->> 'indnullsnotdistinct')
      except (select pg_catalog.to_jsonb(d) ->> 'indnullsnotdistinct')))"""
)
_GONE = sql.SQL(
    """select coalesce(pg_catalog.max(
  case when i.indisvalid and i.indisready and i.indislive then 'before' else 'partial' end), 'done')
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where i.indexrelid = {dropped}::oid and n.nspname = {schema} and c.relname = {name}"""
)
_DRESSED = sql.SQL(
    """select case when c.oid is not null
  and pg_catalog.obj_description(c.oid, 'pg_class') is not distinct from {comment} and i.indisclustered = {clustered}
  and (select pg_catalog.array_agg(array[a.attnum::int, a.attstattarget::int] order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0) is not distinct from {targets}
  then 'done' else 'before' end
from (select) as one left join (pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = {schema} and c.relname = {name}
  join pg_catalog.pg_index i on i.indexrelid = c.oid) on true"""
)
_CATALOGS = tuple(("pg_catalog", name) for name in ("pg_class", "pg_namespace", "pg_index"))


@fix_kind(DropIndex)
async def drop_index(remedy: DropIndex, site: Site) -> Plan:
    """The index dropped, its twin kept; the inverse brings it back with all that hung on it."""
    facts = await read_index(site.connection, remedy.index)
    kept = await read_index(site.connection, remedy.kept)
    table = indexable(site, facts.table_oid)
    _refuse(facts, kept, remedy)
    definition = IndexDefinition.read(facts.definition)
    shape, table_name = definition.shape(table), site.names[table.oid]
    create = definition.create(table, facts.name, tablespace=facts.tablespace)
    again = create_step(table, facts.name, create, shape, table_name)
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Drop index {facts.name} on {table_name}; {kept.name} does the same",
        remedy=remedy,
        checks=(_same(remedy), nothing_depends_on(facts.schema, facts.name)),
        steps=(_drop(table, facts, remedy.index, table_name),),
        inverse=(again, *_dress(table, facts, table_name)),
        inverse_checks=tuple(check for check in (definition.duplicates(table),) if check),
        hazards=(Hazard.INDEX_BUILD,),
        needs_approval="it drops an index: nothing undeclared is dropped unless somebody approves a plan that names it",
        makes=(facts.name,),
    )


def _refuse(facts: IndexFacts, kept: IndexFacts, remedy: DropIndex) -> None:
    if remedy.index == remedy.kept or facts.table_oid != kept.table_oid:
        raise PlanRefused(f"Index {kept.name} does not do the work of {facts.name}.")
    if facts.constraints:
        raise PlanRefused(f"Constraint {facts.constraints[0]} stands on index {facts.name}.")
    if facts.replica_identity:
        raise PlanRefused(f"Index {facts.name} is the replica identity of its table: logical replication needs it.")
    if facts.attached or facts.kind == "I":
        raise PlanRefused(f"Index {facts.name} belongs to a partitioned index and cannot be dropped alone.")
    if not facts.usable or facts.exclusion:
        raise PlanRefused(f"Index {facts.name} is invalid or backs an exclusion constraint; it is no plain duplicate.")


def _same(remedy: DropIndex) -> Check:
    text = _SAME.format(kept=sql.Literal(remedy.kept), dropped=sql.Literal(remedy.index))
    return Check(
        "the kept index does the same", query(text, *_CATALOGS[::2]), "Why the index that stays cannot replace it."
    )


def _drop(table: Table, facts: IndexFacts, index: Oid, table_name: str) -> Step:
    """Dropping this very index, by OID, whatever comes to have its name; half dropped, it can only be dropped."""
    step = drop_step(table, facts.name, IndexDefinition.read(facts.definition).shape(table), table_name)
    probe = _GONE.format(dropped=sql.Literal(index), schema=sql.Literal(facts.schema), name=sql.Literal(facts.name))
    return Step(
        title=step.title,
        statements=(drop_statement(facts.schema, facts.name),),
        transactional=False,
        probe=query(probe, *_CATALOGS),
        locks=step.locks,
        cleanup=(drop_statement(facts.schema, facts.name, if_exists=True),),
        long_running=True,
    )


def _dress(table: Table, facts: IndexFacts, table_name: str) -> tuple[Step, ...]:
    """The step that gives the index back what CREATE INDEX does not: comment, statistics targets, CLUSTER mark."""
    index = (facts.schema, facts.name)
    statements: list[str] = []
    if facts.comment is not None:
        text = sql.SQL("comment on index {} is {}").format(identifier(*index), sql.Literal(facts.comment))
        statements.append(statement(text, ast.CommentStmt, index))
    for number, target in facts.targets or ():
        text = sql.SQL("alter index {} alter column {} set statistics {}").format(
            identifier(*index), sql.Literal(number), sql.Literal(target)
        )
        statements.append(statement(text, ast.AlterTableStmt, index, commands=(AlterTableType.AT_SetStatistics,)))
    if facts.clustered:
        text = sql.SQL("alter table {} cluster on {}").format(relation(table), identifier(facts.name))
        target = (table.schema, table.name)
        statements.append(statement(text, ast.AlterTableStmt, target, commands=(AlterTableType.AT_ClusterOn,)))
    if not statements:
        return ()
    probe = _DRESSED.format(
        schema=sql.Literal(facts.schema),
        name=sql.Literal(facts.name),
        comment=sql.Literal(facts.comment),
        clustered=sql.Literal(facts.clustered),
        targets=sql.SQL("{}::int[]").format(sql.Literal(facts.targets)),
    )
    return (
        Step(
            title=f"Give index {facts.name} its comment and settings back",
            statements=tuple(statements),
            transactional=True,
            probe=query(probe, *_CATALOGS, ("pg_catalog", "pg_attribute")),
            locks=(Lock("SHARE UPDATE EXCLUSIVE", table_name),),
            long_running=True,
        ),
    )
