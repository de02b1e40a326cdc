"""Definitions of the expected schema: each one statement, of the kind and on the object that is meant (law 14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

import pglast
from pglast import ast
from pglast.parser import scan

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, Portrayed
from .place import described, own_name

# Where a statement tells the relation that it makes or makes something on, and the name of that.
_RELATION_IN: Mapping[type[ast.Node], tuple[str, ...]] = {
    ast.ViewStmt: ("view",),
    ast.CreateTableAsStmt: ("into.rel",),
    ast.CreateSeqStmt: ("sequence",),
    ast.CompositeTypeStmt: ("typevar",),
    ast.CreateStmt: ("relation",),
    ast.CreateForeignTableStmt: ("base.relation",),
    ast.IndexStmt: ("relation",),
    ast.CreateTrigStmt: ("relation",),
    ast.CreatePolicyStmt: ("table",),
    ast.RuleStmt: ("relation",),
}
_NAME_IN: Mapping[type[ast.Node], tuple[str, ...]] = {
    ast.CreateFunctionStmt: ("funcname",),
    ast.DefineStmt: ("defnames",),
    ast.CreateTrigStmt: ("trigname",),
    ast.CreatePolicyStmt: ("policy_name",),
    ast.RuleStmt: ("rulename",),
    ast.IndexStmt: ("idxname",),
    ast.CreateEnumStmt: ("typeName",),
    ast.CreateRangeStmt: ("typeName",),
    ast.CreateDomainStmt: ("domainname",),
    ast.CreateStatsStmt: ("defnames",),
    ast.CreateSchemaStmt: ("schemaname",),
    ast.CreateExtensionStmt: ("extname",),
}


def parsed(text: str, *nodes: type[ast.Node]) -> ast.Node:
    """The statement, if the text is a single one of those kinds; else raises PlanRefused."""
    if "\0" in text:
        raise PlanRefused(f"A NUL in a statement: {text!r}")
    try:
        statements: tuple[Any, ...] = pglast.parse_sql(text)
    except pglast.Error as error:
        raise PlanRefused(f"SQL that does not parse ({error}): {text}") from error
    if len(statements) != 1 or not isinstance(statements[0].stmt, nodes):
        wanted = " or ".join(node.__name__ for node in nodes)
        raise PlanRefused(f"This is not a single {wanted}: {text}")
    return statements[0].stmt


def verified(text: str, *nodes: type[ast.Node]) -> str:
    """The text, if it is a single statement of those kinds; else raises PlanRefused."""
    parsed(text, *nodes)
    return text


def definition(expected: Portrayed, *nodes: type[ast.Node]) -> tuple[str, Any]:
    """The statement that makes the object, and what it parses to; raises PlanRefused where it makes another one."""
    text = expected.definition.strip().removesuffix(";").rstrip()
    node = parsed(text, *nodes)
    named, wanted = tuple(_named(node)), _wanted(expected)
    if named != wanted or getattr(node, "schemaElts", None):
        raise PlanRefused(
            f"The expected definition of {described(expected.name)} makes {'.'.join(named) or 'something else'}."
        )
    return text, node


def position(text: str, keyword: str, start: int = 0) -> int:
    """Where that keyword stands outside all parentheses, from `start` on."""
    depth = 0
    for token in scan(text):
        depth += {"ASCII_40": 1, "ASCII_41": -1}.get(token.name, 0)
        if depth == 0 and token.name == keyword and token.start >= start:
            return token.start
    raise PlanRefused(f"No {keyword} in the definition: {text}")


def _wanted(expected: Portrayed) -> tuple[str, ...]:
    kind, schema, relation, name = expected.name
    if kind is ObjectKind.STATISTICS:
        return own_name(expected.name)
    plain = name.partition("(")[0] if kind is ObjectKind.FUNCTION else name
    return tuple(part for part in (schema, relation, plain) if part)


def _named(node: ast.Node) -> Iterator[str]:
    """The name of what the statement makes, with its schema and relation."""
    for attribute in _RELATION_IN.get(type(node), ()):
        yield from _relation(attrgetter(attribute)(node))
    for attribute in _NAME_IN.get(type(node), ()):
        value = getattr(node, attribute)
        yield from [value] if isinstance(value, str) else [part.sval for part in value or ()]


def _relation(var: Any) -> Iterator[str]:
    if var is not None:
        yield var.schemaname or ""
        yield var.relname
