"""Statements made of definitions that the server wrote: one statement each, and of the kind that its words promise."""

from __future__ import annotations

import pglast
from pglast import ast
from psycopg import sql

from ...errors import PlanRefused

_KINDS: dict[str, type[ast.Node]] = {
    "alter index": ast.AlterTableStmt,
    "alter policy": ast.AlterPolicyStmt,
    "alter sequence": ast.AlterSeqStmt,
    "alter statistics": ast.AlterStatsStmt,
    "alter table": ast.AlterTableStmt,
    "alter view": ast.AlterTableStmt,
    "comment on": ast.CommentStmt,
    "create constraint": ast.CreateTrigStmt,
    "create index": ast.IndexStmt,
    "create or": ast.CreateTrigStmt,
    "create rule": ast.RuleStmt,
    "create statistics": ast.CreateStatsStmt,
    "create trigger": ast.CreateTrigStmt,
    "create unique": ast.IndexStmt,
    "create view": ast.ViewStmt,
    "drop index": ast.DropStmt,
    "drop statistics": ast.DropStmt,
    "drop trigger": ast.DropStmt,
    "drop view": ast.DropStmt,
    "grant": ast.GrantStmt,
    "revoke": ast.GrantStmt,
    "set local": ast.VariableSetStmt,
}


def verified(statement: str) -> str:
    """The statement, parsed back and found to be a single one of the kind that it begins with (law 14)."""
    if "\0" in statement:
        raise PlanRefused(f"A NUL in a composed statement: {statement!r}")
    try:
        parsed = pglast.parse_sql(statement)
    except pglast.Error as error:
        raise PlanRefused(f"Composed SQL that does not parse ({error}): {statement}") from error
    words = statement.lower().split(maxsplit=2)
    wanted = _KINDS.get(" ".join(words[:2])) or _KINDS.get(words[0])
    found = [each.stmt for each in parsed]
    owner_change = len(found) == 1 and isinstance(found[0], ast.AlterOwnerStmt) and "owner to" in statement
    renaming = len(found) == 1 and isinstance(found[0], ast.RenameStmt) and " rename " in statement
    if len(found) != 1 or wanted is None or not (isinstance(found[0], wanted) or owner_change or renaming):
        raise PlanRefused(f"Composed another statement than was meant: {statement}")
    return statement


def literal(text: str) -> str:
    """The text as an SQL literal, whatever standard_conforming_strings says."""
    return sql.Literal(text).as_string().strip()
