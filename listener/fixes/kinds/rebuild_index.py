"""REINDEX INDEX CONCURRENTLY of an index that is invalid.

An index that a failed REINDEX CONCURRENTLY left beside the valid one (`…_ccnew`, `…_ccold`), or that a DROP INDEX
CONCURRENTLY left half dropped, is not rebuilt but dropped, by approval.
"""

from __future__ import annotations

from pglast import ast
from psycopg import sql

from ...catalog.index_state import is_leftover
from ...catalog.snapshot import Table
from ...errors import PlanRefused
from ...remedy import RebuildIndex
from ..composed import identifier, query, statement
from ..fix_kind import fix_kind
from ..indexes.definition import IndexDefinition
from ..indexes.facts import IndexFacts, read_index
from ..indexes.steps import drop_statement, drop_step, nothing_depends_on
from ..names import free_relation_name
from ..plan import Hazard, Lock, Plan, Step
from ..site import Site
from .create_index import indexable

_REBUILT = sql.SQL(
    """select case
  when pg_catalog.bool_or(c.relname <> {name}) then 'partial'
  when pg_catalog.bool_or(i.indisvalid and i.indisready and i.indislive) then 'done'
  else 'before' end
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_index i on i.indexrelid = c.oid
where n.nspname = {schema} and i.indrelid = {table}::oid
  and (c.relname = {name} or not i.indisvalid and c.relname in ({new}, {old}))"""
)


@fix_kind(RebuildIndex)
async def rebuild_index(remedy: RebuildIndex, site: Site) -> Plan:
    """The index made valid without blocking writes, or the leftover of a rebuild dropped."""
    facts = await read_index(site.connection, remedy.index)
    if facts.kind == "I":
        raise PlanRefused(
            f"Index {facts.name} is that of a partitioned table: it is invalid until each partition has its part."
            " Cure: CREATE INDEX CONCURRENTLY on the partition that lacks it, then ALTER INDEX … ATTACH PARTITION."
        )
    table = indexable(site, facts.table_oid)
    _refuse(facts)
    if not facts.live or is_leftover(table, facts.name):
        return _drop_leftover(remedy, site, table, facts)
    definition = IndexDefinition.read(facts.definition)
    duplicates = definition.duplicates(table)
    new, old = await _transient_names(site, facts)
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Rebuild invalid index {facts.name} on {site.names[table.oid]} without blocking writes",
        remedy=remedy,
        checks=(duplicates,) if duplicates else (),
        steps=(_rebuild(table, facts, new, old, site.names[table.oid]),),
        hazards=(Hazard.INDEX_BUILD,),
        restores=False,
        affected_rows=max(0, round(table.statistics.rows)),
        makes=(facts.name, new, old),
        no_inverse="An index that is valid answers as the invalid one was meant to; there is nothing to take back.",
    )


def _refuse(facts: IndexFacts) -> None:
    if facts.usable:
        raise PlanRefused(f"Index {facts.name} is valid by now.")
    if facts.being_built:
        raise PlanRefused(f"Index {facts.name} is being built at this moment.")
    if facts.exclusion:
        raise PlanRefused(
            f"Index {facts.name} backs an exclusion constraint: PostgreSQL cannot rebuild it CONCURRENTLY."
            " Cure: REINDEX INDEX in a quiet hour, since it blocks writes meanwhile."
        )


def _drop_leftover(remedy: RebuildIndex, site: Site, table: Table, facts: IndexFacts) -> Plan:
    if facts.constraints:
        raise PlanRefused(f"Index {facts.name} was left half dropped, and {facts.constraints[0]} stands on it.")
    shape = IndexDefinition.read(facts.definition).shape(table)
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Drop {facts.name} on {site.names[table.oid]}, left behind by a command that failed",
        remedy=remedy,
        checks=(nothing_depends_on(table.schema, facts.name),),
        steps=(drop_step(table, facts.name, shape, site.names[table.oid]),),
        needs_approval="it drops an index that a failed command left behind",
        makes=(facts.name,),
        no_inverse="It answered no query; there is nothing to take back.",
    )


async def _transient_names(site: Site, facts: IndexFacts) -> tuple[str, str]:
    """What REINDEX CONCURRENTLY will call the new index meanwhile, and the old one after the swap."""
    new = await free_relation_name(site.connection, facts.schema, facts.name, "_ccnew")
    old = await free_relation_name(site.connection, facts.schema, facts.name, "_ccold")
    return new, old


def _rebuild(table: Table, facts: IndexFacts, new: str, old: str, table_name: str) -> Step:
    text = sql.SQL("reindex index concurrently {}").format(identifier(facts.schema, facts.name))
    probe = _REBUILT.format(
        schema=sql.Literal(facts.schema),
        table=sql.Literal(table.oid),
        name=sql.Literal(facts.name),
        new=sql.Literal(new),
        old=sql.Literal(old),
    )
    catalogs = (("pg_catalog", "pg_class"), ("pg_catalog", "pg_namespace"), ("pg_catalog", "pg_index"))
    return Step(
        title=f"Rebuild index {facts.name}",
        statements=(statement(text, ast.ReindexStmt, (facts.schema, facts.name)),),
        transactional=False,
        probe=query(probe, *catalogs),
        locks=(Lock("SHARE UPDATE EXCLUSIVE", table_name),),
        cleanup=tuple(drop_statement(facts.schema, name, if_exists=True) for name in (new, old)),
        long_running=True,
    )
