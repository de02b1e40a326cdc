"""CREATE INDEX CONCURRENTLY; or an index that was there, under its old name and definition.

That of a partitioned table is built in parts, see `indexes/partitioned.py`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid, Table
from ...errors import PlanRefused
from ...remedy import CreateIndex
from ..composed import columns, identifier, relation
from ..fix_kind import fix_kind
from ..indexes.definition import IndexDefinition
from ..indexes.partitioned import PartitionedIndex, partitioned_index
from ..indexes.steps import create_step, drop_step, nothing_depends_on
from ..names import free_relation_name, index_stem
from ..plan import Hazard, Plan
from ..site import Site

# GetDefaultOpClass in indexcmds.c: the type itself, one it is binary coercible to, or its polymorphic class.
_WITHOUT_ORDER = """
select pg_catalog.format_type(t.oid, null) from pg_catalog.unnest(%s::oid[]) as wanted(type_oid)
  join pg_catalog.pg_type d on d.oid = wanted.type_oid
  join pg_catalog.pg_type t on t.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
where not exists (
  select from pg_catalog.pg_opclass o join pg_catalog.pg_am m on m.oid = o.opcmethod
  where m.amname = 'btree' and o.opcdefault and (
    o.opcintype = t.oid
    or exists (
      select from pg_catalog.pg_cast c
      where c.castsource = t.oid and c.casttarget = o.opcintype and c.castmethod = 'b' and c.castcontext = 'i')
    or o.opcintype = case
      when t.typcategory = 'A' then 'anyarray'::regtype
      when t.typtype = 'e' then 'anyenum'::regtype
      when t.typtype = 'r' then 'anyrange'::regtype
      when t.typtype = 'm' then 'anymultirange'::regtype
      when t.typtype = 'c' then 'record'::regtype end))
"""

# pg_index.indoption: 1 is DESC, 2 is NULLS FIRST.
_ORDERS: tuple[LiteralString, ...] = ("", " desc nulls last", " nulls first", " desc")


@fix_kind(CreateIndex)
async def create_index(remedy: CreateIndex, site: Site) -> Plan:
    """An index on those columns, or the very index that was there."""
    table = indexable(site, remedy.table, in_parts=True)
    if remedy.definition is None:
        definition = await defined(site.connection, table, remedy)
    else:
        definition = IndexDefinition.read(remedy.definition)
    shape, table_name = definition.shape(table), site.names[table.oid]
    if set(remedy.columns) - set(shape.columns):
        raise PlanRefused(f"Columns of {table.qualified_name} were renamed since index {remedy.name} was there.")
    name, duplicates = await _free_name(site, table, remedy), definition.duplicates(table)
    plan = Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Create index {name} on {table_name} without blocking writes",
        remedy=remedy,
        checks=(duplicates,) if duplicates else (),
        steps=(create_step(table, name, definition.create(table, name), shape, table_name),),
        inverse=(drop_step(table, name, shape, table_name),),
        inverse_checks=(nothing_depends_on(table.schema, name),),
        hazards=(Hazard.INDEX_BUILD,),
        restores=remedy.name is not None,
        undoes_drop=remedy.name is not None,
        affected_rows=max(0, round(table.statistics.rows)),
        makes=(name,),
    )
    return plan if table.kind != "p" else _in_parts(plan, site, await partitioned_index(site, table, definition, name))


def _in_parts(plan: Plan, site: Site, index: PartitionedIndex) -> Plan:
    """The plan for all tables of the tree."""
    return replace(
        plan,
        tables=site.named(*index.tables),
        steps=tuple(index.steps()),
        inverse=tuple(index.inverse()),
        hazards=(*plan.hazards, Hazard.ACCESS_EXCLUSIVE_LOCK),
        affected_rows=index.rows,
        makes=index.names,
        notes=(
            "Writes through the partitioned table wait while the index is begun on it alone, which takes no time: it"
            " has no rows. To undo it everybody waits while it is dropped, of all partitions at once.",
        ),
    )


def indexable(site: Site, oid: Oid, *, in_parts: bool = False) -> Table:
    """The table, if an index can be built on it without blocking writes; else raises PlanRefused.

    With `in_parts` it may be a partitioned one.
    """
    table = site.table(oid)
    name = table.qualified_name
    if table.kind == "p" and not in_parts:
        raise PlanRefused(
            f"{name} is partitioned: PostgreSQL builds no index on it CONCURRENTLY. Cure: CREATE INDEX … ON ONLY it,"
            " then one CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION."
        )
    if table.kind == "f":
        raise PlanRefused(f"{name} is a foreign table: an index belongs on the server that holds its rows.")
    if table.persistence == "t":
        raise PlanRefused(f"{name} is a temporary table of another session.")
    return table


async def defined(connection: AsyncConnection[TupleRow], table: Table, remedy: CreateIndex) -> IndexDefinition:
    """The index that the remedy's fields tell; raises PlanRefused where PostgreSQL has no such index."""
    for number in (*remedy.columns, *remedy.included):
        if table.column(number) is None:
            raise PlanRefused(f"A column that {table.qualified_name} was to be indexed on is gone.")
    if remedy.method == "btree":
        await _refuse_unordered(connection, table, remedy.columns)
    keys = zip_longest(table.names(remedy.columns), remedy.options[: len(remedy.columns)], fillvalue=0)
    text = sql.SQL("create {}index on {} using {} ({}){}{}").format(
        sql.SQL("unique " if remedy.unique else ""),
        relation(table),
        identifier(remedy.method),
        sql.SQL(", ").join(identifier(str(name)) + sql.SQL(_ORDERS[int(options)]) for name, options in keys),
        sql.SQL(" include ({})").format(columns(table.names(remedy.included))) if remedy.included else sql.SQL(""),
        sql.SQL(" nulls not distinct" if remedy.nulls_not_distinct else ""),
    )
    return IndexDefinition.read(text.as_string())


async def _refuse_unordered(connection: AsyncConnection[TupleRow], table: Table, numbers: tuple[int, ...]) -> None:
    types = [column.type_oid for column in table.columns if column.number in numbers]
    rows = await (await connection.execute(_WITHOUT_ORDER, (types,))).fetchall()
    if rows or not numbers:
        raise PlanRefused(f"Type {rows[0][0] if rows else 'of no column'} has no operator class for a btree index.")


async def _free_name(site: Site, table: Table, remedy: CreateIndex) -> str:
    if remedy.name is None:
        stem = index_stem(table, table.names(remedy.columns))
        return await free_relation_name(site.connection, table.schema, stem, "_idx")
    identifier(remedy.name)
    if await free_relation_name(site.connection, table.schema, remedy.name, "") != remedy.name:
        raise PlanRefused(f"Something else in schema {table.schema} is called {remedy.name} by now.")
    return remedy.name
