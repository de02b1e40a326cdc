"""What `pg_get_indexdef` says of an index, read and written again with CONCURRENTLY in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import pglast
from pglast import ast
from pglast.parser import scan
from pglast.stream import RawStream
from pglast.visitors import Visitor
from psycopg import sql

from ...catalog.snapshot import AttributeNumber, Table
from ...errors import PlanRefused
from ..composed import identifier, query, relation, statement, verbatim
from ..plan import Check

_EXPRESSION: AttributeNumber = 0


@dataclass(frozen=True, slots=True)
class IndexShape:
    """As much of an index as tells it from another of the same name: what a probe compares.

    `columns` are the key columns (0 for an expression), then the included ones.
    """

    method: str
    unique: bool
    columns: tuple[AttributeNumber, ...]
    key_columns: int
    partial: bool


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A CREATE INDEX statement, as `pg_get_indexdef` writes it under search_path `pg_catalog`."""

    text: str
    parsed: ast.IndexStmt

    @staticmethod
    def read(text: str) -> IndexDefinition:
        """The definition; raises PlanRefused where the text is no CREATE INDEX."""
        try:
            statements = pglast.parse_sql(text)
        except pglast.Error as error:
            raise PlanRefused(f"The index definition does not parse ({error}): {text}") from error
        parsed = cast("ast.Node", statements[0].stmt) if len(statements) == 1 else None
        if not isinstance(parsed, ast.IndexStmt):
            raise PlanRefused(f"This is no definition of an index: {text}")
        return IndexDefinition(text, parsed)

    def create(self, table: Table, name: str, *, tablespace: str | None = None, only: bool = False) -> str:
        """The statement that makes it CONCURRENTLY under that name, on the table as it is called now.

        All from USING on is kept to the letter; parsed back, nothing but CONCURRENTLY, names and tablespace differ.
        `only` makes it, not CONCURRENTLY, on a partitioned table ONLY, which has no rows of its own.
        """
        where = self._position("WHERE") if self.parsed.whereClause else len(self.text)
        parts = [
            sql.SQL("create unique index" if self.parsed.unique else "create index"),
            *([] if only else [sql.SQL("concurrently")]),
            identifier(name),
            sql.SQL("on only" if only else "on"),
            relation(table),
            verbatim(self.text[self._position("USING") : where].rstrip()),
            *([sql.SQL("tablespace"), identifier(tablespace)] if tablespace else []),
            *([verbatim(self.text[where:])] if self.parsed.whereClause else []),
        ]
        text = sql.SQL(" ").join(parts)
        composed = statement(text, ast.IndexStmt, (table.schema, table.name), (table.schema, name))
        self._compare(composed, table, name, tablespace, only=only)
        return composed

    def shape(self, table: Table) -> IndexShape:
        """Its shape on the table; raises PlanRefused where it names a column that the table does not have."""
        keys, included = _elements(self.parsed.indexParams), _elements(self.parsed.indexIncludingParams)
        return IndexShape(
            method=self.parsed.accessMethod or "btree",
            unique=bool(self.parsed.unique),
            columns=tuple(_number(table, element.name) for element in (*keys, *included)),
            key_columns=len(keys),
            partial=self.parsed.whereClause is not None,
        )

    def duplicates(self, table: Table) -> Check | None:
        """The check that no two rows have the same key; None where the index is not unique.

        None, too, where an expression calls what is not PostgreSQL's own: it would run with our rights (law 14). Then
        only the build itself finds duplicates, and it runs such code as the table's owner.
        """
        where = self.parsed.whereClause
        keys = [_expression(element) for element in _elements(self.parsed.indexParams)]
        if not self.parsed.unique or not is_builtin([self.parsed]):
            return None
        written = [verbatim(key) for key in keys]
        conditions = [verbatim(RawStream()(where))] if where else []
        if not self.parsed.nulls_not_distinct:
            conditions += [sql.SQL("({}) is not null").format(key) for key in written]
        text = sql.SQL(
            "select {keys}, pg_catalog.count(*) as rows from {only}{table}{where} group by {keys} {}"
        ).format(
            sql.SQL("having pg_catalog.count(*) > 1"),
            keys=sql.SQL(", ").join(written),
            only=sql.SQL("only " if table.kind == "r" else ""),
            table=relation(table),
            where=sql.SQL(" where {}").format(sql.SQL(" and ").join(conditions)) if conditions else sql.SQL(""),
        )
        return Check(
            "no duplicates", query(text, (table.schema, table.name)), "Rows that a unique index cannot hold together."
        )

    def _position(self, keyword: str) -> int:
        """Where that keyword stands outside all parentheses."""
        depth = 0
        for token in scan(self.text):
            depth += {"ASCII_40": 1, "ASCII_41": -1}.get(token.name, 0)
            if depth == 0 and token.name == keyword:
                return token.start
        raise PlanRefused(f"No {keyword} in the definition of the index: {self.text}")

    def _compare(self, composed: str, table: Table, name: str, tablespace: str | None, *, only: bool) -> None:
        meant = IndexDefinition.read(self.text).parsed
        meant.concurrent, meant.idxname, meant.tableSpace = not only, name, tablespace
        target = IndexDefinition.read(composed).parsed.relation
        wanted = (table.schema, table.name, not only)
        if target is not None and (target.schemaname, target.relname, bool(target.inh)) == wanted:
            meant.relation = target
        if IndexDefinition.read(composed).parsed != meant:
            raise PlanRefused(f"Composed another index than was meant: {composed}")


def is_builtin(nodes: Iterable[ast.Node]) -> bool:
    """Whether nothing in there is named with a schema other than pg_catalog.

    Holds for texts that the server wrote under search_path `pg_catalog`: what it left unqualified is PostgreSQL's own.
    """
    qualified = _Qualified()
    for node in nodes:
        qualified(node)
    return not qualified.foreign


class _Qualified(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.foreign = False

    def _see(self, names: object) -> None:
        parts = cast("tuple[ast.String, ...]", names or ())
        self.foreign |= len(parts) > 1 and parts[0].sval != "pg_catalog"

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: N802 - pglast finds it by this name
        self._see(node.funcname)

    def visit_A_Expr(self, _: object, node: ast.A_Expr) -> None:  # noqa: N802
        self._see(node.name)

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: N802
        self._see(node.names)

    def visit_CollateClause(self, _: object, node: ast.CollateClause) -> None:  # noqa: N802
        self._see(node.collname)


def _elements(params: object) -> tuple[ast.IndexElem, ...]:
    return cast("tuple[ast.IndexElem, ...]", params or ())


def _number(table: Table, name: str | None) -> AttributeNumber:
    if name is None:
        return _EXPRESSION
    column = table.column_named(name)
    if column is None:
        raise PlanRefused(f"The index has a column {name!r}, which {table.qualified_name} has no more.")
    return column.number


def _expression(element: ast.IndexElem) -> str:
    """The key as a query writes it, under the collation of the index where it names one."""
    if element.name:
        written = identifier(element.name).as_string()
    else:
        written = f"({RawStream()(cast('ast.Node', element.expr))})"
    if element.collation:
        parts = cast("tuple[ast.String, ...]", element.collation)
        written += " collate " + identifier(*(part.sval or "" for part in parts)).as_string()
    return written
