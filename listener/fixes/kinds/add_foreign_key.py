"""A foreign key: its supporting index first, then NOT VALID under a short lock, then VALIDATE beside the writers.

One that comes back comes alone, as it was: that it lacks an index, or that its index was dropped too, is an issue by
itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import LiteralString

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.index_state import IndexState, index_state
from ...catalog.snapshot import AttributeNumber, Column, Index, Oid, Table
from ...errors import PlanRefused
from ...remedy import AddForeignKey, CreateIndex
from ..composed import columns, identifier, relation, statement
from ..constraints.orphans import Operator, Reference
from ..constraints.steps import constraint_probe, drop_constraint_step, validate_step
from ..fix_kind import fix_kind
from ..indexes.partitioned import partitioned_index
from ..indexes.steps import create_step, drop_step, nothing_depends_on
from ..names import first_free, free_relation_name, index_stem
from ..plan import Hazard, Lock, Plan, Step
from ..site import Site
from ..staleness import foundation
from .create_index import defined, indexable

_PARTITIONED_NOT_VALID_SINCE = 180000
_SET_COLUMNS_SINCE = 150000
_ACTIONS: Mapping[str, LiteralString] = {
    "a": "no action",
    "r": "restrict",
    "c": "cascade",
    "n": "set null",
    "d": "set default",
}
_MATCHES: Mapping[str, LiteralString] = {"s": "", "f": " match full"}

# ATAddForeignKeyConstraint in tablecmds.c: the equality operator of the key's operator family for (key, referring)
# types; failing that, the key's own where the referring type is implicitly cast to it.
_OPERATORS = """
select wanted.position, n.nspname::text, o.oprname::text
from rows from (pg_catalog.unnest(%(classes)s::oid[]), pg_catalog.unnest(%(types)s::oid[]))
    with ordinality as wanted(class_oid, type_oid, position)
  join pg_catalog.pg_opclass class on class.oid = wanted.class_oid
  join pg_catalog.pg_am m on m.oid = class.opcmethod and m.amname = 'btree'
  join pg_catalog.pg_type d on d.oid = wanted.type_oid
  join pg_catalog.pg_type t on t.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
  join pg_catalog.pg_amop a
    on a.amopfamily = class.opcfamily and a.amopstrategy = 3 and a.amoplefttype = class.opcintype
  join pg_catalog.pg_operator o on o.oid = a.amopopr join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
where a.amoprighttype = t.oid
  or a.amoprighttype = class.opcintype and (
    exists (select from pg_catalog.pg_cast c
      where c.castsource = t.oid and c.casttarget = class.opcintype and c.castcontext = 'i')
    or class.opcintype in ('anyarray'::regtype, 'anyenum'::regtype, 'anyrange'::regtype, 'anymultirange'::regtype))
order by wanted.position, a.amoprighttype = t.oid desc
"""
_MAY_REFER = """
select pg_catalog.has_table_privilege(c.oid, 'references'), pg_catalog.quote_ident(current_user)
from pg_catalog.pg_class c where c.oid = %s
"""


@fix_kind(AddForeignKey)
async def add_foreign_key(remedy: AddForeignKey, site: Site) -> Plan:
    """The foreign key; one that was not there before comes with an index on the referring columns where none serves."""
    table, referenced = site.table(remedy.table), site.table(remedy.referenced_table)
    _refuse(remedy, table, referenced, site)
    await _refuse_without_right(site, referenced)
    key = _key(remedy, referenced)
    reference = Reference(
        table,
        table.names(remedy.columns),
        referenced,
        referenced.names(remedy.referenced_columns),
        await _operators(site, remedy, table, referenced, key),
        match_full=remedy.match_type == "f",
    )
    name = _constraint_name(remedy, table)
    plan = _plan(remedy, site, reference, name)
    if plan.restores or _supported(table, remedy.columns):
        return plan
    if (invalid := _to_be_rebuilt(table, remedy.columns)) is not None:
        return replace(plan, waits_for=f"the index {invalid.name}, which is invalid: a second one would double it")
    return await _with_index(plan, site, table, remedy.columns)


def _plan(remedy: AddForeignKey, site: Site, reference: Reference, name: str) -> Plan:
    table, table_name = reference.table, site.names[remedy.table]
    referenced_name = site.names[remedy.referenced_table]
    both = tuple(dict.fromkeys((table_name, referenced_name)))
    add = Step(
        title=f"Add foreign key {name}, for new rows",
        statements=(_add(remedy, reference, name),),
        transactional=True,
        probe=constraint_probe(table, name, present="done", absent="before"),
        locks=tuple(Lock("SHARE ROW EXCLUSIVE", each) for each in both),
    )
    validate = validate_step(table, name, table_name, (Lock("ROW SHARE", referenced_name),))
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Add foreign key {name} from {table_name} to {referenced_name}",
        remedy=remedy,
        checks=(reference.orphans(),) if remedy.validated else (),
        steps=(add, validate) if remedy.validated else (add,),
        inverse=(drop_constraint_step(table, name, both),),
        hazards=(Hazard.SHARE_ROW_EXCLUSIVE_LOCK, *((Hazard.FULL_SCAN,) if remedy.validated else ())),
        restores=remedy.name is not None,
        undoes_drop=remedy.name is not None,
        affected_rows=max(0, round(table.statistics.rows)),
        makes=(name,),
    )


async def _with_index(plan: Plan, site: Site, table: Table, numbers: tuple[AttributeNumber, ...]) -> Plan:
    """The plan with an index on the referring columns as its first step, and its drop as the last of the inverse."""
    index = CreateIndex(indexable(site, table.oid, in_parts=True).oid, numbers)
    definition = await defined(site.connection, table, index)
    name = await free_relation_name(site.connection, table.schema, index_stem(table, table.names(numbers)), "_idx")
    table_name, shape = site.names[table.oid], definition.shape(table)
    if table.kind == "p":
        parts = await partitioned_index(site, table, definition, name)
        makes = (*plan.makes, *parts.names)
        return replace(
            plan,
            tables=site.named(*plan.remedy.tables, *parts.tables),
            # A partition gets the foreign key along with its parent, under a name that PostgreSQL chooses.
            based_on=tuple((oid, foundation(site.table(oid), makes)) for oid in dict.fromkeys(plan.remedy.tables)),
            steps=(*parts.steps(), *plan.steps),
            inverse=(*plan.inverse, *parts.inverse()),
            inverse_checks=(*plan.inverse_checks, nothing_depends_on(table.schema, name)),
            hazards=(*plan.hazards, Hazard.INDEX_BUILD),
            makes=makes,
        )
    return replace(
        plan,
        steps=(create_step(table, name, definition.create(table, name), shape, table_name), *plan.steps),
        inverse=(*plan.inverse, drop_step(table, name, shape, table_name)),
        inverse_checks=(*plan.inverse_checks, nothing_depends_on(table.schema, name)),
        hazards=(*plan.hazards, Hazard.INDEX_BUILD),
        makes=(*plan.makes, name),
    )


def _constraint_name(remedy: AddForeignKey, table: Table) -> str:
    taken = {constraint.name for constraint in table.constraints}
    if remedy.name is None:
        return first_free(index_stem(table, table.names(remedy.columns), "_fkey"), "_fkey", taken)
    identifier(remedy.name)
    if remedy.name in taken:
        raise PlanRefused(f"{table.qualified_name} has another constraint called {remedy.name} by now.")
    return remedy.name


def _refuse(remedy: AddForeignKey, table: Table, referenced: Table, site: Site) -> None:
    version = site.snapshot.server_version
    for each, numbers in ((table, remedy.columns), (referenced, remedy.referenced_columns)):
        _present(each, numbers)
        if each.kind == "f":
            raise PlanRefused(f"{each.qualified_name} is a foreign table, which no foreign key can join.")
    if len(remedy.columns) != len(remedy.referenced_columns) or not remedy.columns:
        raise PlanRefused("A foreign key pairs each column with one of the key.")
    if table.kind == "p" and version < _PARTITIONED_NOT_VALID_SINCE:
        raise PlanRefused(
            f"{table.qualified_name} is partitioned: before PostgreSQL 18 it takes a foreign key only with all rows"
            " checked under a lock that stops writes. Cure: add one to each partition, or do it in a quiet hour."
        )
    if "t" in (table.persistence, referenced.persistence) or (
        table.persistence == "p" and referenced.persistence != "p"
    ):
        raise PlanRefused(f"A permanent table cannot refer to {referenced.qualified_name}, which is not.")
    if remedy.on_delete_columns and version < _SET_COLUMNS_SINCE:
        raise PlanRefused("ON DELETE SET NULL of some columns takes PostgreSQL 15.")
    if remedy.match_type not in _MATCHES:
        raise PlanRefused(f"PostgreSQL has no foreign keys of match type {remedy.match_type!r}.")
    for key in table.foreign_keys:
        if set(zip(key.columns, key.referenced_columns, strict=True)) == set(
            zip(remedy.columns, remedy.referenced_columns, strict=True)
        ) and (key.referenced_table == referenced.oid):
            raise PlanRefused(f"Foreign key {key.name} says so already.")


def _present(table: Table, numbers: tuple[AttributeNumber, ...]) -> tuple[Column, ...]:
    found = tuple(column for number in numbers if (column := table.column(number)) is not None)
    if len(found) != len(numbers):
        raise PlanRefused(f"A column that the foreign key needs is gone from {table.qualified_name}.")
    return found


async def _refuse_without_right(site: Site, referenced: Table) -> None:
    row = await (await site.connection.execute(_MAY_REFER, (referenced.oid,))).fetchone()
    if row is None or not row[0]:
        name, role = site.names[referenced.oid], row[1] if row else "pgmend's role"
        raise PlanRefused(f"{role} may not refer to {name}. Cure: GRANT REFERENCES ON {name} TO {role}.")


def _key(remedy: AddForeignKey, referenced: Table) -> Index:
    """The unique index that the foreign key will stand on."""
    for index in referenced.unique_keys():
        if sorted(index.columns) == sorted(remedy.referenced_columns):
            return index
    names = ", ".join(referenced.names(remedy.referenced_columns))
    raise PlanRefused(f"No unique index of {referenced.qualified_name} is on exactly ({names}).")


async def _operators(
    site: Site, remedy: AddForeignKey, table: Table, referenced: Table, key: Index
) -> tuple[Operator, ...]:
    """What compares the columns; raises PlanRefused where PostgreSQL has no way to."""
    class_of: dict[AttributeNumber, Oid] = dict(zip(key.columns, key.operator_classes, strict=False))
    referring = _present(table, remedy.columns)
    parameters = {
        "classes": [class_of[number] for number in remedy.referenced_columns],
        "types": [column.type_oid for column in referring],
    }
    found: dict[int, Operator] = {}
    for position, schema, operator in await (await site.connection.execute(_OPERATORS, parameters)).fetchall():
        found.setdefault(position, (schema, operator))
    for position, (column, target) in enumerate(
        zip(referring, _present(referenced, remedy.referenced_columns), strict=True), start=1
    ):
        if position not in found:
            raise PlanRefused(
                f"{table.qualified_name}.{column.name} is {column.type_name} and"
                f" {referenced.qualified_name}.{target.name} is {target.type_name}: the types must be mended first."
            )
    return tuple(found[position] for position in sorted(found))


def _supported(table: Table, numbers: tuple[AttributeNumber, ...]) -> bool:
    """Whether an index finds the referring rows of one key: the columns lead it, in any order, and it has all rows."""
    return any(index_state(table, index) is IndexState.USABLE for index in _leading(table, numbers))


def _to_be_rebuilt(table: Table, numbers: tuple[AttributeNumber, ...]) -> Index | None:
    """The index that will find them once it is valid."""
    coming = (IndexState.ABANDONED, IndexState.UNDER_WAY)
    return next((index for index in _leading(table, numbers) if index_state(table, index) in coming), None)


def _leading(table: Table, numbers: tuple[AttributeNumber, ...]) -> Iterator[Index]:
    for index in table.indexes:
        serves = index.method == "btree" or (index.method == "hash" and len(numbers) == 1)
        if serves and index.shape is None and set(index.columns[: len(numbers)]) == set(numbers):
            yield index


def _add(remedy: AddForeignKey, reference: Reference, name: str) -> str:
    table, referenced = reference.table, reference.referenced
    some = columns(table.names(remedy.on_delete_columns))
    text = sql.SQL(
        "alter table {only}{table} add constraint {name} foreign key ({columns}) references {referenced}"
        " ({keys}){match} on update {on_update} on delete {on_delete}{some}{deferrable} not valid"
    ).format(
        only=sql.SQL("" if table.kind == "p" else "only "),
        table=relation(table),
        name=identifier(name),
        columns=columns(reference.columns),
        referenced=relation(referenced),
        keys=columns(reference.referenced_columns),
        match=sql.SQL(_MATCHES[remedy.match_type]),
        on_update=sql.SQL(_ACTIONS[remedy.on_update]),
        on_delete=sql.SQL(_ACTIONS[remedy.on_delete]),
        some=sql.SQL(" ({})").format(some) if remedy.on_delete_columns else sql.SQL(""),
        deferrable=sql.SQL(
            " deferrable initially deferred" if remedy.deferred else " deferrable" if remedy.deferrable else ""
        ),
    )
    objects = {(table.schema, table.name), (referenced.schema, referenced.name)}
    return statement(text, ast.AlterTableStmt, *objects, commands=(AlterTableType.AT_AddConstraint,))
