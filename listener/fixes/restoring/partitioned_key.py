"""UNIQUE and PRIMARY KEY of a partitioned table, which PostgreSQL makes of no index that was built before.

Each partition gets the key first, on an index that is built beside its writers. ADD CONSTRAINT on the whole then builds
nothing: DefineIndex (indexcmds.c) attaches what each partition has that is alike, if a constraint stands on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from pglast.enums import ConstrType

from ...catalog.snapshot import Table
from ...errors import PlanRefused
from ..names import free_relation_name, index_stem
from ..plan import Lock, Plan, Step
from ..site import Site
from .constraint_definition import ConstraintDefinition, names_in
from .place import quote
from .subject import Subject
from .unique_key import UniqueKey


async def restore_partitioned_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint on all partitions and on the whole; raises PlanRefused where a partition cannot have it, or has
    one of its own that would become a part of it."""
    site, name = subject.site, definition.name
    tree = list(_tree(site, definition.table))
    parts = [part async for part in _parts(site, tree, definition)]
    whole = UniqueKey(site, definition, subject.table_name, name)
    locks = tuple(Lock("ACCESS EXCLUSIVE", site.names[table.oid]) for table in tree)
    add = definition.adding(
        definition.add(name, valid=True),
        locks,
        subject.expected.comment,
        title=f"Add constraint {name} on the partitioned table, which attaches those of its partitions",
        compares=not whole.not_nulls,
    )
    drop = definition.dropping(locks, f"Drop constraint {name}, with those of the partitions")
    return subject.plan(
        f"Add {subject.said} without blocking writes, partition by partition",
        [
            *whole.made_not_null(),
            *(replace(step, compares=add.compares) for part in parts for step in (part.build(), part.add())),
            add,
        ],
        [drop, *(step for part in parts for step in (part.drop(), part.unbuild())), *_nullable_again(whole, parts)],
        checks=whole.checks,
        hazards=whole.hazards,
        affected_rows=sum(max(0, round(each.statistics.rows)) for each in tree if each.kind != "p"),
        tables=site.named(*(table.oid for table in tree)),
        makes=(name, *(part.index_name for part in parts), *(each.check for each in whole.not_nulls)),
    )


def _tree(site: Site, table: Table) -> Iterator[Table]:
    yield table
    for oid in site.snapshot.children.get(table.oid, ()):
        yield from _tree(site, site.table(oid))


async def _parts(site: Site, tree: list[Table], definition: ConstraintDefinition) -> AsyncIterator[UniqueKey]:
    """The key of each partition with rows, called as PostgreSQL would call it."""
    taken: dict[str, set[str]] = {}
    for table in tree:
        if table.kind == "f":
            raise PlanRefused(
                f"Partition {table.qualified_name} is a foreign table, on which there is no key: PostgreSQL lets"
                f" {definition.table.qualified_name} have none as long as it is a part of it."
            )
        if table.kind == "p":
            continue
        if own := _own_key(table, definition):
            raise PlanRefused(
                f"Partition {table.qualified_name} has constraint {own} of its own, which would become a part of"
                f" {definition.name} and go with it. Cure: alter table {site.names[table.oid]} drop constraint"
                f" {quote(own)}; then this fix makes it anew without blocking writes."
            )
        columns = (*definition.key, *names_in(definition.parsed.including))
        stem, suffix = (
            (table.name, "_pkey") if _is_primary(definition) else (index_stem(table, columns, "_key"), "_key")
        )
        names = taken.setdefault(table.schema, set())
        held = names | {each.name for each in table.constraints}
        name = await free_relation_name(site.connection, table.schema, stem, suffix, held)
        names.add(name)
        own_definition = ConstraintDefinition.read(table, name, definition.text)
        yield UniqueKey(site, own_definition, site.names[table.oid], name)


def _own_key(table: Table, definition: ConstraintDefinition) -> str | None:
    """The constraint that PostgreSQL would attach or stumble over."""
    for index in table.indexes:
        constraint = table.constraint(index.constraint)
        if constraint is None or constraint.parent or index.exclusion:
            continue
        if _is_primary(definition) and index.primary:
            return constraint.name
        if table.names(index.columns) == definition.key and index.primary == _is_primary(definition):
            return constraint.name
    return None


def _nullable_again(whole: UniqueKey, parts: list[UniqueKey]) -> Iterator[Step]:
    """The whole first; a key of a partition made NOT NULL the partition's own as well, so that it would stay there."""
    yield from whole.nullable_again()
    for part in parts:
        yield from (each.dropped() for each in part.not_nulls)


def _is_primary(definition: ConstraintDefinition) -> bool:
    return definition.kind is ConstrType.CONSTR_PRIMARY
