"""FOREIGN KEY: made as `kinds/add_foreign_key.py` makes them, here in words of names."""

from __future__ import annotations

from dataclasses import replace

from ...catalog.read import read_snapshot
from ...catalog.snapshot import AttributeNumber, Table
from ...errors import PlanRefused, PlanWaits
from ...remedy import AddForeignKey
from ..kinds.add_foreign_key import add_foreign_key
from ..plan import Lock, Plan
from ..site import Site
from ..staleness import foundation
from .constraint_definition import ConstraintDefinition, names_in
from .standing_constraint import APPROVAL, exchange, read_standing, until
from .subject import Subject

_OID = """
select c.oid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relname = %s and c.relkind in ('r', 'p')
"""


async def restore_foreign_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The foreign key where there is none of its name, with an index on the referring columns where none serves."""
    site, referenced = await _with_referenced(subject, definition)
    plan = await add_foreign_key.plan(_remedy(definition, referenced, definition.name), site)
    comment = definition.comment(definition.name, subject.expected.comment)
    steps = [
        replace(step, statements=(*step.statements, *comment)) if step.title.startswith("Add foreign key") else step
        for step in plan.steps
    ]
    return _founded(subject.adopted(replace(plan, steps=tuple(steps))), site, referenced)


async def replace_foreign_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The foreign key made beside the one of its name, and put in its place once it is valid."""
    site, referenced = await _with_referenced(subject, definition)
    standing = await read_standing(subject)
    old, name = standing.definition, definition.name
    before, formerly = await _with_referenced(subject, old)
    coming = await add_foreign_key.plan(_remedy(definition, referenced, standing.coming), _without(site, subject))
    returning = await add_foreign_key.plan(_remedy(old, formerly, standing.returning), _without(before, subject))
    both = dict.fromkeys((subject.table_name, site.names[referenced.oid], before.names[formerly.oid]))
    turn = exchange(
        subject,
        standing,
        len(coming.steps) + 1,
        there=(old.drop(name), definition.rename(standing.coming, name), *definition.comment(name, standing.comment)),
        back=(definition.drop(name), old.rename(standing.returning, name), *definition.comment(name, standing.comment)),
        locks=tuple(Lock("ACCESS EXCLUSIVE", each) for each in both),
    )
    plan = replace(
        coming,
        summary=f"Change {subject.said} to what is expected",
        steps=(*(until(step, turn.left) for step in coming.steps), turn.step()),
        inverse=(
            *(until(step, turn.taken_back) for step in returning.steps if step.transactional),
            turn.inverse(),
            *coming.inverse,
        ),
        inverse_checks=(*returning.checks, *coming.inverse_checks),
        makes=(*coming.makes, *standing.makes),
        tables=tuple({**dict(before.named(formerly.oid)), **dict(site.named(referenced.oid))}.items()),
    )
    return _founded(subject.adopted(plan, APPROVAL), site, referenced)


def _remedy(definition: ConstraintDefinition, referenced: Table, name: str) -> AddForeignKey:
    parsed, table = definition.parsed, definition.table
    keys = names_in(parsed.pk_attrs) or table_key(referenced)
    return AddForeignKey(
        table.oid,
        _numbers(table, names_in(parsed.fk_attrs)),
        referenced.oid,
        _numbers(referenced, keys),
        on_update=parsed.fk_upd_action,
        on_delete=parsed.fk_del_action,
        on_delete_columns=_numbers(table, names_in(parsed.fk_del_set_cols)),
        match_type=parsed.fk_matchtype,
        deferrable=bool(parsed.deferrable),
        deferred=bool(parsed.initdeferred),
        validated=definition.validated,
        name=name,
    )


def table_key(table: Table) -> tuple[str, ...]:
    """The columns of its primary key, which a foreign key without a list refers to."""
    return table.names(table.primary_key.columns) if table.primary_key else ()


def _numbers(table: Table, names: tuple[str, ...]) -> tuple[AttributeNumber, ...]:
    found = [column.number for name in names if (column := table.column_named(name)) is not None]
    if len(found) != len(names):
        raise PlanRefused(f"A column that the foreign key needs is gone from {table.qualified_name}.")
    return tuple(found)


async def _with_referenced(subject: Subject, definition: ConstraintDefinition) -> tuple[Site, Table]:
    """The site with the table that is referred to, and that table; raises PlanWaits where it is not there."""
    site, var = subject.site, definition.parsed.pktable
    row = await (await site.connection.execute(_OID, (var.schemaname, var.relname))).fetchone()
    if row is None:
        raise PlanWaits(f"table {var.schemaname}.{var.relname}, which is missing")
    oid, name = row
    part = await read_snapshot(site.connection, [oid])
    snapshot = site.snapshot.replaced(part, frozenset({oid})) if oid != subject.table.oid else site.snapshot
    site = replace(site, snapshot=snapshot, names={**site.names, oid: name})
    return site, site.table(oid)


def _without(site: Site, subject: Subject) -> Site:
    """The site as if the constraint that goes were gone: another one on the same columns may come."""
    table = site.table(subject.table.oid)
    rest = tuple(each for each in table.constraints if each.name != subject.name.name)
    tables = {**site.snapshot.tables, table.oid: table._replace(constraints=rest)}
    return replace(site, snapshot=replace(site.snapshot, tables=tables))


def _founded(plan: Plan, site: Site, referenced: Table) -> Plan:
    tables = dict([*site.named(*plan.remedy.tables), *site.named(referenced.oid), *plan.tables])
    based_on = tuple((oid, foundation(site.table(oid), plan.makes)) for oid in tables if oid in site.snapshot.tables)
    return replace(plan, tables=tuple(tables.items()), based_on=based_on)
