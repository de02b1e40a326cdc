"""Whether a statement of a plan is still to be run in some database, as a query that names objects and no OID.

A plan's own probes go by OID and hold in one database only; a migration is replayed in others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pglast
from pglast import ast
from pglast.enums import AlterTableType, ObjectType
from pglast.stream import RawStream
from psycopg import sql

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


_NOTHING_MORE = sql.SQL("")


_OF_HERE = re.compile(r"\b\d+::(?:pg_catalog\.)?oid\b|\bpgmend(?:_backup\b|\.)")


class NotPortable(ValueError):
    """What the plan does is no change that another database could be brought to follow; says why."""


def is_of_here(statement: str) -> bool:
    """Whether the statement only checks or keeps what is known of this very database: elsewhere there is no such thing.

    What checks by name goes along (values that would be lost are a reason to stop there, too). Raises NotPortable for
    another statement that names what only this database has.
    """
    (parsed,) = pglast.parse_sql(statement)
    here, node = _OF_HERE.search(statement) is not None, parsed.stmt
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
    there = sql.SQL(_INDEX).format(schema=sql.Literal(node.relation.schemaname), name=sql.Literal(node.idxname))
    return sql.SQL("not ") + there


def _drop(node: Any) -> sql.Composed | None:
    if node.removeType != ObjectType.OBJECT_INDEX:
        return None
    schema, name = (part.sval for part in node.objects[0])
    return sql.SQL(_ANY_INDEX).format(schema=sql.Literal(schema), name=sql.Literal(name))


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
    ast.AlterTableStmt: _alter_table,
    ast.DropStmt: _drop,
    ast.IndexStmt: _index,
    ast.ReindexStmt: _reindex,
}
_OF_COMMAND: dict[int, Callable[[Any, Any], sql.Composed]] = {
    AlterTableType.AT_AddConstraint: lambda table, each: sql.SQL("not ") + _constraint(table, each.def_.conname),
    AlterTableType.AT_DropConstraint: lambda table, each: _constraint(table, each.name),
    AlterTableType.AT_ValidateConstraint: lambda table, each: _constraint(table, each.name, " and not k.convalidated"),
    AlterTableType.AT_AlterColumnType: _column_type,
    AlterTableType.AT_SetNotNull: lambda table, each: _column(table, each.name, sql.SQL(" and not a.attnotnull")),
    AlterTableType.AT_DropNotNull: lambda table, each: _column(table, each.name, sql.SQL(" and a.attnotnull")),
    AlterTableType.AT_AddColumn: lambda table, each: sql.SQL("not ") + _column(table, each.def_.colname),
}
