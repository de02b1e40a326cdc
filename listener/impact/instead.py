"""How to come to the same without keeping anybody waiting: statements with the real names, parsed back (law 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ..catalog.definition import index_definition
from ..catalog.snapshot import Index, Table
from ..errors import PlanRefused
from ..fixes.composed import identifier, relation, statement, verbatim
from ..fixes.indexes.definition import IndexDefinition
from ..fixes.names import clipped
from .commands import Sort
from .facts import Facts
from .suspicion import Suspicion

_NOT_NULL_NOT_VALID: Final = 180_000
_BRIEFLY: Final = "set lock_timeout = '50ms'"
_BATCH: Final = 5_000
_AT: Final = AlterTableType


_WRITTEN_ANEW: Final = "while nobody needs the table: PostgreSQL knows no other way to write it anew"
_WORDS: Final = {
    Sort.EXCLUSION: "while nobody writes: PostgreSQL can make an exclusion constraint of no index",
    Sort.STORAGE: _WRITTEN_ANEW,
    Sort.EXPRESSION: _WRITTEN_ANEW,
}
_AT_ANY_TIME: Final = "again until it comes through, in a transaction of its own"
_SWAP: Final = (
    "the update again until it finds no row, with a trigger that writes both columns meanwhile; then build indexes and"
    " constraints on the new one, and swap the names in one short transaction"
)


class Instead(NamedTuple):
    """Statements in their order, and what is to be said of them, or why there are none."""

    statements: tuple[str, ...] = ()
    advice: str = ""


def instead(suspicion: Suspicion, facts: Facts, server_version: int) -> Instead:
    """How to run it next time."""
    try:
        return _instead(suspicion, facts, server_version)
    except PlanRefused:
        return Instead(advice="in steps of which none holds a strong lock for long")


def _instead(suspicion: Suspicion, facts: Facts, server_version: int) -> Instead:
    sort = suspicion.command.sort
    if suspicion.index is not None and sort in _INDEXES:
        return _INDEXES[sort](suspicion, suspicion.index)
    if sort in _ROWS:
        return _ROWS[sort](suspicion, facts, server_version)
    return Instead((_BRIEFLY,), _WORDS.get(sort, _AT_ANY_TIME))


def _built(suspicion: Suspicion, index: Index) -> Instead:
    table = suspicion.after
    if table.kind == "p":
        advice = "on each partition with CONCURRENTLY, then on the parent ON ONLY, and attach them"
        return Instead(advice=advice)
    return Instead((_definition(table, index).create(table, index.name),))


def _definition(table: Table, index: Index) -> IndexDefinition:
    text = index_definition(table, index)
    if text is None:
        raise PlanRefused(f"The definition of {index.name} could not be read.")
    return IndexDefinition.read(text)


def _reindexed(suspicion: Suspicion, index: Index) -> Instead:
    table = suspicion.after
    if (suspicion.event.statement or "").lower().split()[1:2] == ["index"]:
        text = sql.SQL("reindex index concurrently {}").format(identifier(table.schema, index.name))
        return Instead((statement(text, ast.ReindexStmt, (table.schema, index.name)),))
    text = sql.SQL("reindex table concurrently {}").format(relation(table))
    return Instead((statement(text, ast.ReindexStmt, (table.schema, table.name)),))


def _dropped(suspicion: Suspicion, index: Index) -> Instead:
    table = suspicion.after
    if table.kind == "p":
        return Instead((_BRIEFLY,), "again until it comes through: that of a partitioned table knows no CONCURRENTLY")
    text = sql.SQL("drop index concurrently {}").format(identifier(table.schema, index.name))
    return Instead((statement(text, ast.DropStmt, (table.schema, index.name)),))


def _keyed(suspicion: Suspicion, index: Index) -> Instead:
    table, constraint = suspicion.after, suspicion.constraint
    if table.kind == "p" or constraint is None:
        return Instead(
            advice="as unique indexes of the partitions, built with CONCURRENTLY and attached to the parent's"
        )
    text = sql.SQL("alter table {} add constraint {} {} using index {}").format(
        relation(table),
        identifier(constraint.name),
        sql.SQL("primary key" if constraint.kind == "p" else "unique"),
        identifier(index.name),
    )
    build = _definition(table, index).create(table, index.name)
    return Instead((build, _altered(table, text, _AT.AT_AddConstraint)))


def _checked(suspicion: Suspicion, facts: Facts, _: int) -> Instead:
    constraint = suspicion.constraint
    if constraint is None or constraint.oid not in facts.constraints:
        return Instead(advice="as NOT VALID first, then VALIDATE CONSTRAINT")
    definition = facts.constraints[constraint.oid]
    return Instead(tuple(_validated(suspicion.after, constraint.name, definition, suspicion.referenced)))


def _without_nulls(suspicion: Suspicion, _: Facts, server_version: int) -> Instead:
    names = suspicion.after.names(suspicion.columns)
    return Instead(tuple(each for name in names for each in _not_null(suspicion.after, name, server_version)))


def _validated(table: Table, name: str, definition: str, referenced: Table | None = None) -> Iterator[str]:
    """The constraint for new rows first, and then for those that are there, under a lock that lets all others work."""
    text = sql.SQL("alter table {} add constraint {} {} not valid").format(
        relation(table), identifier(name), verbatim(definition)
    )
    named = {(each.schema, each.name) for each in (table, referenced) if each is not None}
    yield statement(text, ast.AlterTableStmt, *named, commands=(_AT.AT_AddConstraint,))
    text = sql.SQL("alter table {} validate constraint {}").format(relation(table), identifier(name))
    yield _altered(table, text, _AT.AT_ValidateConstraint)


def _not_null(table: Table, column: str, server_version: int) -> Iterator[str]:
    name = clipped(f"{table.name}_{column}", "_not_null")
    if server_version >= _NOT_NULL_NOT_VALID:
        yield from _validated(table, name, sql.SQL("not null {}").format(identifier(column)).as_string())
        return
    yield from _validated(table, name, sql.SQL("check ({} is not null)").format(identifier(column)).as_string())
    text = sql.SQL("alter table {} alter column {} set not null").format(relation(table), identifier(column))
    yield _altered(table, text, _AT.AT_SetNotNull)
    text = sql.SQL("alter table {} drop constraint {}").format(relation(table), identifier(name))
    yield _altered(table, text, _AT.AT_DropConstraint)


def _attached(suspicion: Suspicion, facts: Facts, _: int) -> Instead:
    partition = suspicion.after
    if partition.oid not in facts.partitions:
        return Instead(advice="with a valid CHECK on the partition that says what belongs into it")
    condition = facts.partitions[partition.oid]
    name = clipped(f"{partition.name}_partition", "_check")
    steps = tuple(_validated(partition, name, f"check ({condition})"))
    return Instead(steps, "then attach it, which reads no row any more, and drop the constraint")


def _filled(suspicion: Suspicion, facts: Facts, _: int) -> Instead:
    """A column that comes empty, and is filled in batches."""
    table = suspicion.after
    steps: list[str] = []
    for number in suspicion.columns:
        column = table.column(number)
        default = facts.defaults.get((table.oid, number))
        if column is None or default is None or column.generated or column.identity or "nextval" in default:
            return Instead((_BRIEFLY,), "while nobody needs the table: the server computes the column for each row")
        own, name, value = relation(table), identifier(column.name), verbatim(default)
        kind = verbatim(column.type_name)
        steps += [
            _altered(table, sql.SQL("alter table {} add column {} {}").format(own, name, kind), _AT.AT_AddColumn),
            _altered(
                table,
                sql.SQL("alter table {} alter column {} set default {}").format(own, name, value),
                _AT.AT_ColumnDefault,
            ),
            _batch(table, name, value, sql.SQL("{} is null").format(name)),
        ]
    return Instead(tuple(steps), "the last again until it updates no row")


def _retyped(suspicion: Suspicion, _: Facts, __: int) -> Instead:
    """A second column of the new type that takes the place of the first."""
    table = suspicion.after
    steps: list[str] = []
    for number in suspicion.columns:
        column = table.column(number)
        if column is None:
            continue
        own, old = relation(table), identifier(column.name)
        new, kind = identifier(clipped(column.name, "_new")), verbatim(column.type_name)
        value = sql.SQL("{}::{}").format(old, kind)
        steps += [
            _altered(table, sql.SQL("alter table {} add column {} {}").format(own, new, kind), _AT.AT_AddColumn),
            _batch(table, new, value, sql.SQL("{} is distinct from {}").format(new, value)),
        ]
    return Instead(tuple(steps), _SWAP)


def _batch(table: Table, column: sql.Identifier, value: sql.Composable, condition: sql.Composable) -> str:
    text = sql.SQL(
        "update {table} set {column} = {value} where ctid = any (array(select ctid from {table} where {condition}"
        " limit {batch}))"
    ).format(table=relation(table), column=column, value=value, condition=condition, batch=sql.Literal(_BATCH))
    return statement(text, ast.UpdateStmt, (table.schema, table.name))


def _altered(table: Table, text: sql.Composed, command: AlterTableType) -> str:
    return statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=(command,))


_INDEXES: Final[Mapping[Sort, Callable[[Suspicion, Index], Instead]]] = {
    Sort.INDEX: _built,
    Sort.REINDEX: _reindexed,
    Sort.DROP_INDEX: _dropped,
    Sort.KEY: _keyed,
}
_ROWS: Final[Mapping[Sort, Callable[[Suspicion, Facts, int], Instead]]] = {
    Sort.CHECK: _checked,
    Sort.FOREIGN_KEY: _checked,
    Sort.NOT_NULL: _without_nulls,
    Sort.ATTACH: _attached,
    Sort.ADD_COLUMN: _filled,
    Sort.TYPE: _retyped,
}
