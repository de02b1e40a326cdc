"""Statements that were parsed back and found to name what was meant, and nothing else (law 14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pglast
from pglast import ast
from pglast.enums import AlterTableType, ObjectType
from pglast.visitors import Visitor
from psycopg import sql

from ..catalog.snapshot import Table
from ..errors import PlanRefused

MAX_NAME_BYTES = 63

Name = tuple[str, ...]


def identifier(*names: str) -> sql.Identifier:
    """A quoted, dotted name; raises PlanRefused for one that PostgreSQL would cut, or psycopg at a NUL."""
    for name in names:
        if "\0" in name:
            raise PlanRefused(f"The name {name!r} has a NUL in it; no such object can exist.")
        if not name or len(name.encode()) > MAX_NAME_BYTES:
            raise PlanRefused(f"The name {name!r} is empty or longer than {MAX_NAME_BYTES} bytes; PostgreSQL cuts it.")
    return sql.Identifier(*names)


def relation(table: Table) -> sql.Identifier:
    """The table's qualified name."""
    return identifier(table.schema, table.name)


def columns(names: tuple[str, ...]) -> sql.Composed:
    """Column names with commas between them."""
    return sql.SQL(", ").join(identifier(name) for name in names)


def statement(
    text: sql.Composable, node: type[ast.Node], *objects: Name, commands: tuple[AlterTableType, ...] = ()
) -> str:
    """The SQL, if it is one statement of that kind and names exactly those objects; else raises PlanRefused.

    `objects` are (schema, name) of every relation and index in it. `commands` are the parts of an ALTER TABLE.
    """
    composed = text.as_string()
    parsed = _only(composed)
    if type(parsed) is not node:
        raise PlanRefused(f"Composed {type(parsed).__name__} where {node.__name__} was meant: {composed}")
    if isinstance(parsed, ast.AlterTableStmt):
        found = tuple(command.subtype for command in parsed.cmds or () if isinstance(command, ast.AlterTableCmd))
        if found != commands:
            raise PlanRefused(f"Composed another ALTER TABLE than was meant: {composed}")
    named = named_objects(parsed)
    if named != frozenset(objects):
        raise PlanRefused(f"Composed a statement on {sorted(named)} where {sorted(objects)} was meant: {composed}")
    return composed


def query(text: sql.Composable, *objects: Name) -> str:
    """The query, if it is one SELECT from exactly those relations; else raises PlanRefused."""
    return statement(text, ast.SelectStmt, *objects)


def lock(relation_name: str, mode: str) -> str:
    """LOCK TABLE of the relation, which is named as `format('%I.%I')` writes it."""
    text = f"lock table {relation_name} in {mode} mode"
    parsed = _only(text)
    if not isinstance(parsed, ast.LockStmt) or len(named_objects(parsed)) != 1 or parsed.nowait:
        raise PlanRefused(f"Composed another statement than LOCK TABLE: {text}")
    return text


def verbatim(text: str) -> sql.SQL:
    """SQL of a plan, composed and parsed back when it was made, or that the server itself wrote."""
    return sql.SQL(text)  # pyright: ignore[reportArgumentType] - not literal, yet no input of anybody's


def named_objects(node: ast.Node) -> frozenset[Name]:
    """Every relation that the statement names, and the index or object that it makes, drops or comments on."""
    relations = _Relations()
    relations(node)
    return frozenset(relations.found) | frozenset(_targets(node))


def _only(composed: str) -> ast.Node:
    if "\0" in composed:
        raise PlanRefused(f"A NUL in a composed statement: {composed!r}")
    try:
        statements: tuple[Any, ...] = pglast.parse_sql(composed)
    except pglast.Error as error:
        raise PlanRefused(f"Composed SQL that does not parse ({error}): {composed}") from error
    if len(statements) != 1:
        raise PlanRefused(f"Composed {len(statements)} statements where one was meant: {composed}")
    return statements[0].stmt


def _targets(node: ast.Node) -> Iterator[Name]:
    if isinstance(node, ast.IndexStmt) and node.relation is not None:
        yield _dotted(node.relation.schemaname, node.idxname)
    elif isinstance(node, ast.DropStmt):
        for each in cast("tuple[object, ...]", node.objects or ()):
            yield _strings(each)
    elif isinstance(node, ast.CommentStmt):
        yield _strings(node.object)
    elif isinstance(node, ast.AlterFunctionStmt) and node.func is not None:
        yield _strings(node.func.objname)
    elif isinstance(node, ast.GrantStmt) and node.objtype is ObjectType.OBJECT_SCHEMA:
        for each in cast("tuple[object, ...]", node.objects or ()):
            yield _strings((each,))


def _strings(parts: object) -> Name:
    """The name in a list of String nodes; empty for other objects (types, functions with arguments)."""
    listed = cast("tuple[object, ...]", parts) if isinstance(parts, tuple) else ()
    return _dotted(*(part.sval for part in listed if isinstance(part, ast.String)))


def _dotted(*parts: str | None) -> Name:
    return tuple(part for part in parts if part)


class _Relations(Visitor):
    """Collects the names of all relations in a statement, common table expressions included."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[Name] = set()

    def visit_RangeVar(self, _: object, node: ast.RangeVar) -> None:  # noqa: N802 - pglast finds it by this name
        self.found.add(_dotted(node.schemaname, node.relname))
