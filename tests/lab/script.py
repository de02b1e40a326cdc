"""A schema's SQL as people keep it: plain, or from `pg_dump -s`, with psql's commands and others' roles in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from pglast import ast, parse_sql, split
from pglast.enums import RoleSpecType
from pglast.visitors import Visitor
from psycopg import sql
from psycopg.pq import TransactionStatus

# What a backslash at the start of a line may stand in without being a command of psql.
_QUOTED = r"""
  --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | (?<!\w)[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "[^"]*"
"""
_COMMAND = re.compile(rf"(?P<kept>{_QUOTED}) | (?P<command>^\\[^\n]*$)", re.DOTALL | re.MULTILINE | re.VERBOSE)


def statements(text: str) -> tuple[str, ...]:
    """The statements one by one, psql's commands left out; raises pglast's ParseError on what is no SQL."""
    plain = _COMMAND.sub(lambda found: found["kept"] or "", text)
    return tuple(split(plain))


def roles_in(texts: Sequence[str]) -> tuple[str, ...]:
    """The roles that the statements name but do not make, in alphabetical order."""
    visitor = _Roles()
    for text in texts:
        visitor(parse_sql(text))
    return tuple(sorted(visitor.named - visitor.made))


def read(paths: Sequence[Path]) -> str:
    """The files one after the other, as if they were one."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def load_text(text: str, connection: psycopg.Connection[Any]) -> None:
    """Run each statement for itself, after making the roles that they need; a transaction left open is committed."""
    several = statements(text)
    make_roles(roles_in(several), connection)
    for each in several:
        connection.execute(each.encode())
    if connection.info.transaction_status is TransactionStatus.INTRANS:
        connection.execute("commit")


def make_roles(names: Sequence[str], connection: psycopg.Connection[Any]) -> None:
    """Make those that the server does not have; they cannot log in."""
    there = {name for (name,) in connection.execute("select rolname from pg_catalog.pg_roles")}
    for name in names:
        if name not in there:
            connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))


class _Roles(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.named: set[str] = set()
        self.made: set[str] = set()

    def visit_RoleSpec(self, _: Iterator[Any], node: ast.RoleSpec) -> None:  # noqa: N802 -- pglast finds it by name
        if node.roletype == RoleSpecType.ROLESPEC_CSTRING and node.rolename:
            self.named.add(node.rolename)

    def visit_CreateRoleStmt(self, _: Iterator[Any], node: ast.CreateRoleStmt) -> None:  # noqa: N802 -- as above
        self.made.add(str(node.role))
