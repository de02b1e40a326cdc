"""Statements that were parsed back and found to name what was meant, and nothing else (law 14)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pglast
from pglast import ast
from pglast.enums import AlterTableType
from pglast.parser import parse_sql_json
from psycopg import sql

from ..catalog.snapshot import Table
from ..errors import PlanRefused

MAX_NAME_BYTES = 63

Name = tuple[str, ...]
_Node = Mapping[str, Any]
_STRING = r'"(?:[^"\\]|\\.)*"'
_RANGE_VAR = re.compile(rf'(?:"schemaname":({_STRING}),)?"relname":({_STRING})')


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
    kind, parsed, tree = _only(composed)
    if kind != node.__name__:
        raise PlanRefused(f"Composed {kind} where {node.__name__} was meant: {composed}")
    if node is ast.AlterTableStmt:
        found = tuple(each["AlterTableCmd"]["subtype"] for each in parsed["cmds"])
        if found != tuple(command.name for command in commands):
            raise PlanRefused(f"Composed another ALTER TABLE than was meant: {composed}")
    named = _named_objects(kind, parsed, tree)
    if named != frozenset(objects):
        raise PlanRefused(f"Composed a statement on {sorted(named)} where {sorted(objects)} was meant: {composed}")
    return composed


def query(text: sql.Composable, *objects: Name) -> str:
    """The query, if it is one SELECT from exactly those relations; else raises PlanRefused."""
    return statement(text, ast.SelectStmt, *objects)


def lock(relation_name: str, mode: str) -> str:
    """LOCK TABLE of the relation, which is named as `format('%I.%I')` writes it."""
    text = f"lock table {relation_name} in {mode} mode"
    kind, parsed, tree = _only(text)
    if kind != "LockStmt" or len(_named_objects(kind, parsed, tree)) != 1 or parsed.get("nowait"):
        raise PlanRefused(f"Composed another statement than LOCK TABLE: {text}")
    return text


def verbatim(text: str) -> sql.SQL:
    """SQL of a plan, composed and parsed back when it was made, or that the server itself wrote."""
    return sql.SQL(text)  # pyright: ignore[reportArgumentType] - not literal, yet no input of anybody's


def _only(composed: str) -> tuple[str, _Node, str]:
    """The kind of the one statement, and its parse tree: read, and as libpg_query writes it in JSON.

    A tenth of the time that a tree of Python's objects takes, and a plan parses some ten statements.
    """
    if "\0" in composed:
        raise PlanRefused(f"A NUL in a composed statement: {composed!r}")
    try:
        tree = parse_sql_json(composed)
        statements: list[Any] = json.loads(tree).get("stmts", [])
    except pglast.Error as error:
        raise PlanRefused(f"Composed SQL that does not parse ({error}): {composed}") from error
    except RecursionError as error:
        raise PlanRefused(
            "A statement is nested too deeply to be parsed back: hundreds of operators in a row."
        ) from error
    if len(statements) != 1:
        raise PlanRefused(f"Composed {len(statements)} statements where one was meant: {composed}")
    ((kind, node),) = statements[0]["stmt"].items()
    return kind, node, tree


def _named_objects(kind: str, node: _Node, tree: str) -> frozenset[Name]:
    """Every relation that the statement names, and the index or object that it makes, drops or comments on."""
    return frozenset(_relations(tree)) | frozenset(_targets(kind, node))


def _relations(tree: str) -> Iterator[Name]:
    """The name in each RangeVar, common table expressions included; nothing else that is parsed has a relname.

    Read off the text of the tree, which takes a tenth of walking through it. Within a string of the tree each quote has
    a backslash before it, so that no name and no literal can look like a field.
    """
    for schema, name in _RANGE_VAR.findall(tree):
        yield _dotted(schema and json.loads(schema), json.loads(name))


def _targets(kind: str, node: _Node) -> Iterator[Name]:
    match kind:
        case "IndexStmt":
            yield _dotted(node["relation"].get("schemaname"), node.get("idxname"))
        case "DropStmt":
            yield from (_strings(each) for each in node["objects"])
        case "CommentStmt":
            yield _strings(node["object"])
        case "AlterFunctionStmt":
            yield _words(node["func"]["objname"])
        case "GrantStmt" if node["objtype"] == "OBJECT_SCHEMA":
            yield from (_words([each]) for each in node["objects"])
        case _:
            pass


def _strings(named: _Node) -> Name:
    """The name in a list of strings; empty for other objects (types, functions with arguments)."""
    return _words(named["List"]["items"]) if "List" in named else ()


def _words(strings: list[_Node]) -> Name:
    return _dotted(*(each["String"]["sval"] for each in strings if "String" in each))


def _dotted(*parts: object) -> Name:
    return tuple(part for part in parts if isinstance(part, str) and part)
