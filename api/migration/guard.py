"""Whether a statement of a plan is still to be run in some database, as a query that names objects and no OID.

A plan's own probes go by OID and hold in one database only; a migration is replayed in others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, LiteralString

import pglast
from pglast import ast
from pglast.enums import AlterTableType, ObjectType
from pglast.stream import RawStream
from psycopg import sql

from .switches import SWITCHES, grant, setting, signature

_INDEX = """exists (
  select from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {name} and i.indisvalid)"""
_ANY_INDEX = """exists (
  select from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {name})"""
_CONSTRAINT = """exists (
  select from pg_catalog.pg_constraint as k
  join pg_catalog.pg_class as c on c.oid = k.conrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {table} and k.conname = {name}{more})"""
_COLUMN = """exists (
  select from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as c on c.oid = a.attrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {table} and a.attname = {name} and not a.attisdropped{more})"""


_OF_TABLE = """exists (
  select from {catalog} as o
  join pg_catalog.pg_class as c on c.oid = o.{of}
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {table} and o.{column} = {name})"""
_RELATION = """exists (
  select from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {name})"""
_NOT_POPULATED = """exists (
  select from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {name} and c.relkind = 'm' and not c.relispopulated)"""
_STATISTICS = """exists (
  select from pg_catalog.pg_statistic_ext as s
  join pg_catalog.pg_namespace as n on n.oid = s.stxnamespace
  where n.nspname = {schema} and s.stxname = {name})"""
_TYPE = """exists (
  select from pg_catalog.pg_type as t
  join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
  where n.nspname = {schema} and t.typname = {name})"""
_SCHEMA = "exists (select from pg_catalog.pg_namespace as n where n.nspname = {name})"
# The catalog of each, its column for the name, and for the table.
_PARTS_OF_TABLES: Mapping[ObjectType, tuple[str, str, str]] = {
    ObjectType.OBJECT_COLUMN: ("pg_attribute", "attname", "attrelid"),
    ObjectType.OBJECT_TABCONSTRAINT: ("pg_constraint", "conname", "conrelid"),
    ObjectType.OBJECT_TRIGGER: ("pg_trigger", "tgname", "tgrelid"),
    ObjectType.OBJECT_POLICY: ("pg_policy", "polname", "polrelid"),
    ObjectType.OBJECT_RULE: ("pg_rewrite", "rulename", "ev_class"),
}
_BY_SCHEMA: Mapping[ObjectType, LiteralString] = {
    ObjectType.OBJECT_STATISTIC_EXT: _STATISTICS,
    ObjectType.OBJECT_TYPE: _TYPE,
    ObjectType.OBJECT_DOMAIN: _TYPE,
}
_SCHEMA_AND_NAME = 2
_ROUTINES = frozenset({ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_PROCEDURE, ObjectType.OBJECT_ROUTINE})
_RELATIONS = frozenset(
    {
        *(ObjectType.OBJECT_TABLE, ObjectType.OBJECT_FOREIGN_TABLE, ObjectType.OBJECT_VIEW),
        *(ObjectType.OBJECT_MATVIEW, ObjectType.OBJECT_SEQUENCE, ObjectType.OBJECT_INDEX),
    }
)


_NOTHING_MORE = sql.SQL("")


_OF_HERE = re.compile(
    r"\b\d+::(?:pg_catalog\.)?(?:oid|reg[a-z]+)\b|\}'+(?:::int\d\[\])?::(?:pg_catalog\.)?oid\[\]|\bpgmend(?:_backup\b|\.)"
)


class NotPortable(ValueError):
    """What the plan does is no change that another database could be brought to follow; says why."""


def names_what_is_here(text: str) -> bool:
    """Whether the SQL names OIDs, or what pgmend keeps in this database."""
    return _OF_HERE.search(text) is not None


def is_of_here(statement: str) -> bool:
    """Whether the statement only checks or keeps what is known of this very database: elsewhere there is no such thing.

    What checks by name goes along (values that would be lost are a reason to stop there, too). Raises NotPortable for
    another statement that names what only this database has.
    """
    (parsed,) = pglast.parse_sql(statement)
    node = parsed.stmt
    here = names_what_is_here(statement) or isinstance(node, ast.ExecuteStmt)
    relation = node.relation if isinstance(node, ast.AlterTableStmt) else None
    if here and relation is not None and relation.schemaname != "pgmend_backup":
        raise NotPortable("it reads or writes what pgmend keeps for the undo in this database")
    return here


def still_to_be_done(statement: str) -> str | None:
    """A condition that is true where the statement has something to do; None for one that says nothing of that.

    Raises NotPortable where it changes no schema.
    """
    (parsed,) = pglast.parse_sql(statement)
    node: Any = parsed.stmt
    made = next((make for kind, make in _OF_NODE.items() if isinstance(node, kind)), None)
    condition = None if made is None else made(node)
    return None if condition is None else condition.as_string()


def _index(node: Any) -> sql.Composed:
    # On a partitioned table ONLY it is valid once each partition's is attached.
    found = _INDEX if node.relation.inh else _ANY_INDEX
    there = sql.SQL(found).format(schema=sql.Literal(node.relation.schemaname), name=sql.Literal(node.idxname))
    return sql.SQL("not ") + there


def _drop(node: Any) -> sql.Composed | None:
    if node.removeType != ObjectType.OBJECT_INDEX:
        return None
    schema, name = (part.sval for part in node.objects[0])
    return sql.SQL(_ANY_INDEX).format(schema=sql.Literal(schema), name=sql.Literal(name))


def _rename(node: Any) -> sql.Composed | None:
    """Whether what has the name before is there."""
    return _named(node, node.renameType)


def _move(node: Any) -> sql.Composed | None:
    return _named(node, node.objectType)


def _named(node: Any, kind: ObjectType) -> sql.Composed | None:
    """Whether the object that a statement names is there, by the kind that it says it is."""
    table = node.relation
    if kind in _PARTS_OF_TABLES:
        return _part(table, kind, node.subname)
    if kind in _RELATIONS and table is not None:
        return sql.SQL(_RELATION).format(schema=sql.Literal(table.schemaname), name=sql.Literal(table.relname))
    if kind is ObjectType.OBJECT_SCHEMA:
        return sql.SQL(_SCHEMA).format(name=sql.Literal(node.subname))
    if kind in _ROUTINES:
        return _routine(node.object)
    parts = [part.sval for part in node.object or () if isinstance(part, ast.String)]
    if kind in _BY_SCHEMA and len(parts) == _SCHEMA_AND_NAME:
        return sql.SQL(_BY_SCHEMA[kind]).format(schema=sql.Literal(parts[0]), name=sql.Literal(parts[1]))
    return None


def _routine(named: Any) -> sql.Composed:
    return sql.SQL("pg_catalog.to_regprocedure({}) is not null").format(sql.Literal(signature(named)))


def _refresh(node: Any) -> sql.Composed:
    return sql.SQL(_NOT_POPULATED).format(
        schema=sql.Literal(node.relation.schemaname), name=sql.Literal(node.relation.relname)
    )


def _part(table: Any, kind: ObjectType, name: str) -> sql.Composed:
    if kind is ObjectType.OBJECT_COLUMN:
        return _column(table, name)
    catalog, column, of = _PARTS_OF_TABLES[kind]
    return sql.SQL(_OF_TABLE).format(
        catalog=sql.Identifier("pg_catalog", catalog),
        of=sql.Identifier(of),
        column=sql.Identifier(column),
        schema=sql.Literal(table.schemaname),
        table=sql.Literal(table.relname),
        name=sql.Literal(name),
    )


def _reindex(_: Any) -> sql.Composed:
    raise NotPortable("an index that was left invalid is a state of this database, and no part of its schema")


def _alter_table(node: Any) -> sql.Composed | None:
    found = [condition for command in node.cmds if (condition := _command(node.relation, command)) is not None]
    return sql.SQL(" or ").join(found) if found else None


def _command(table: Any, command: Any) -> sql.Composed | None:
    made = _OF_COMMAND.get(command.subtype)
    return None if made is None else made(table, command)


def _column_type(table: Any, command: Any) -> sql.Composed:
    wanted = RawStream()(command.def_.typeName)
    more = sql.SQL(" and pg_catalog.format_type(a.atttypid, a.atttypmod) <> {wanted}").format(
        wanted=sql.SQL("pg_catalog.format_type({type}::pg_catalog.regtype, {modifier})").format(
            type=sql.Literal(_bare(command.def_.typeName)), modifier=sql.Literal(_modifier(wanted))
        )
    )
    return _column(table, command.name, more)


def _bare(type_name: Any) -> str:
    """The type without its modifier, as regtype reads it."""
    bare = ast.TypeName(
        names=type_name.names, arrayBounds=type_name.arrayBounds, typemod=-1, setof=False, pct_type=False
    )
    return RawStream()(bare)


def _modifier(written: str) -> int | None:
    """The modifier as pg_attribute has it; None where the type has none."""
    opened, _, inside = written.partition("(")
    numbers = [int(each) for each in inside.partition(")")[0].split(",")] if inside else []
    base = opened.strip().split(".")[-1].lower()
    match base, numbers:
        case _, []:
            return None
        case (("varchar" | "character varying" | "char" | "character" | "bpchar"), [length]):
            return length + 4
        case (("numeric" | "decimal"), [precision, *scale]):
            return ((precision << 16) | ((scale[0] if scale else 0) & 0x7FF)) + 4
        case _, [only]:
            return only
        case _:
            raise NotPortable(f"nobody can tell how {written} is written in another database's catalog")


def _column(table: Any, name: str, more: sql.Composable = _NOTHING_MORE) -> sql.Composed:
    return sql.SQL(_COLUMN).format(
        schema=sql.Literal(table.schemaname), table=sql.Literal(table.relname), name=sql.Literal(name), more=more
    )


def _constraint(table: Any, name: str, more: str = "") -> sql.Composed:
    return sql.SQL(_CONSTRAINT).format(
        schema=sql.Literal(table.schemaname),
        table=sql.Literal(table.relname),
        name=sql.Literal(name),
        more=sql.SQL(more),  # pyright: ignore[reportArgumentType] - one of the words above
    )


_OF_NODE: dict[type[ast.Node], Callable[[Any], sql.Composed | None]] = {
    ast.AlterFunctionStmt: setting,
    ast.AlterTableStmt: _alter_table,
    ast.DropStmt: _drop,
    ast.GrantStmt: grant,
    ast.IndexStmt: _index,
    ast.ReindexStmt: _reindex,
    ast.RefreshMatViewStmt: _refresh,
    ast.RenameStmt: _rename,
    ast.AlterObjectSchemaStmt: _move,
}
_OF_COMMAND: dict[int, Callable[[Any, Any], sql.Composed]] = {
    AlterTableType.AT_AddConstraint: lambda table, each: sql.SQL("not ") + _constraint(table, each.def_.conname),
    AlterTableType.AT_DropConstraint: lambda table, each: _constraint(table, each.name),
    AlterTableType.AT_ValidateConstraint: lambda table, each: _constraint(table, each.name, " and not k.convalidated"),
    AlterTableType.AT_AlterColumnType: _column_type,
    AlterTableType.AT_SetNotNull: lambda table, each: _column(table, each.name, sql.SQL(" and not a.attnotnull")),
    AlterTableType.AT_DropNotNull: lambda table, each: _column(table, each.name, sql.SQL(" and a.attnotnull")),
    AlterTableType.AT_AddColumn: lambda table, each: sql.SQL("not ") + _column(table, each.def_.colname),
    **SWITCHES,
}
