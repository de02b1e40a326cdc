"""Whether a stored expression can still be read once columns have other types; asked of the server, without a lock.

The server parses the expression on rows of NULLs in the new types. PREPARE does parse analysis and nothing more:
nobody's function runs, and no table is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pglast
import psycopg
from pglast import ast
from pglast.parser import scan
from pglast.visitors import Visitor
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ..composed import verbatim
from .plain_use import is_used_plainly
from .strip import Strip

# No such function or operator, ambiguous ones, types or collations that do not go together. Other errors (grouping by a
# primary key, system columns) come of our rows of NULLs and say nothing about the expression.
_UNREADABLE = frozenset({"42883", "42725", "42804", "42846", "42P21", "42P22"})
_PREPARED = "pgmend_rereading"

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rereading:
    """What each relation that changes will look like, by (schema, name): a query in its place."""

    connection: AsyncConnection[TupleRow]
    strip: Strip
    instead: Mapping[Name, str]

    def with_relation(self, name: Name, query: str) -> Rereading:
        """The same with one more relation."""
        return Rereading(self.connection, self.strip, {**self.instead, name: query})

    def rewritten(self, query: str) -> str | None:
        """The query on what the relations will look like; None where that cannot be written so."""
        return substituted(query, self.instead)

    async def objection_to(self, query: str) -> str | None:
        """Why the query could no longer be read, in the server's words, or would no longer say the same."""
        if not self.strip.cast.keeps_text and not is_used_plainly(self.strip(query), self.strip.names):
            return "what it makes of the column may depend on the type"
        text = self.rewritten(query)
        return None if text is None else await self._objection(text)

    async def objection_to_expression(self, expression: str, *rows: tuple[Name, str]) -> str | None:
        """The same for an expression on rows of relations; each row goes by a name (`new`, `old`, the table's)."""
        aliases = [f"({self.instead[name]}) as {sql.Identifier(alias).as_string()}" for name, alias in rows]
        return await self.objection_to(f"select {expression} from {', '.join(aliases)}")

    async def _objection(self, query: str) -> str | None:
        try:
            async with self.connection.transaction():
                await self.connection.execute(verbatim(f"prepare {_PREPARED} as {query}"))
                await self.connection.execute(f"deallocate {_PREPARED}")
        except psycopg.DatabaseError as error:
            if error.sqlstate in _UNREADABLE:
                return error.diag.message_primary or str(error)
            if self.connection.closed:
                raise
        return None


def substituted(query: str, instead: Mapping[Name, str]) -> str | None:
    """The query with other relations in the place of those; every other byte stays. None after ONLY."""
    try:
        (parsed,) = pglast.parse_sql(query)
    except pglast.Error:
        return None
    tokens = [token for token in scan(query) if token.name not in {"SQL_COMMENT", "C_COMMENT"}]
    starts = {token.start: position for position, token in enumerate(tokens)}
    for mention in _mentions(parsed, instead):
        if mention.only or mention.start not in starts:
            return None
        end = tokens[starts[mention.start] + 2].end + 1
        alias = "" if mention.aliased else f" as {sql.Identifier(mention.name[1]).as_string()}"
        query = f"{query[: mention.start]}({instead[mention.name]}){alias}{query[end:]}"
    return query


class _Mention(NamedTuple):
    """A place in a query that names a relation."""

    start: int
    name: Name
    aliased: bool
    only: bool


def _mentions(parsed: ast.Node, wanted: Mapping[Name, str]) -> list[_Mention]:
    """Where those relations are named, last first."""
    visitor = _Mentions()
    visitor(parsed)
    return sorted((mention for mention in visitor.found if mention.name in wanted), reverse=True)


class _Mentions(Visitor):
    """Collects every place where a query names a relation with its schema."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Mention] = []

    def visit_RangeVar(self, _: object, node: ast.RangeVar) -> None:  # noqa: N802 - pglast finds it by this name
        if node.schemaname and node.relname and node.location is not None:
            name = (node.schemaname, node.relname)
            self.found.append(_Mention(node.location, name, node.alias is not None, not node.inh))
