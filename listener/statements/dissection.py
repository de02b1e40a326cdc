"""Text taken apart: the queries in it, and what relations each of them names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import pglast
from pglast import ast
from pglast.stream import RawStream
from pglast.visitors import Visitor

from ..nesting import NestedTooDeeply, require_shallow
from .touched import Touched

MOST_CHARACTERS: Final = 200_000
"""Of one text: a parser takes a tenth of a second for so much."""

_AROUND: Final = (
    ast.ExplainStmt,
    ast.DeclareCursorStmt,
    ast.PrepareStmt,
    ast.CreateTableAsStmt,
    ast.CopyStmt,
)
_QUERIES: Final = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


class NotTakenApart(Exception):
    """Text that nobody can describe; the message says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `relations` are (schema or None, name), `functions` and `types` unqualified names.

    `uncast` is the query without its casts of columns, where it has any.
    """

    text: str
    relations: frozenset[tuple[str | None, str]]
    functions: frozenset[str]
    types: frozenset[str]
    uncast: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """The relations' names without their schemas."""
        return frozenset(name for _, name in self.relations)

    def touches(self, touched: Touched) -> bool:
        """Whether it names one of them; an unqualified name may lead anywhere, and so leads there."""
        if self.functions & touched.functions or self.types & touched.names:
            return True
        return any(
            name in touched.names if schema is None else (schema, name) in touched.by_name
            for schema, name in self.relations
        )


def dissect(text: str) -> tuple[Query, ...]:
    """The queries of the text; those in EXPLAIN, DECLARE CURSOR, PREPARE, COPY, CREATE TABLE AS and SELECT INTO without
    these.

    What is no query and holds none is left out. Raises NotTakenApart.
    """
    if "\0" in text:
        raise NotTakenApart("it has a NUL in it")
    if len(text) > MOST_CHARACTERS:
        raise NotTakenApart(f"it has {len(text)} characters, more than {MOST_CHARACTERS}")
    try:
        require_shallow(text)
        statements = cast("tuple[Any, ...]", pglast.parse_sql(text))
        return tuple(query for each in statements for query in _queries_in(each.stmt, text, each))
    except NestedTooDeeply as error:
        raise NotTakenApart(str(error)) from error
    except pglast.Error as error:
        raise NotTakenApart(f"it does not parse ({error.args[0] if error.args else error})") from error
    except RecursionError as error:
        raise NotTakenApart("it may be nested too deeply") from error
    except NotImplementedError as error:
        raise NotTakenApart(f"its query cannot be written out ({error})") from error


def named_in_function(definition: str) -> frozenset[tuple[str | None, str]]:
    """The relations (schema or None, name) in a SQL function's body, given its definition. Raises NotTakenApart."""
    names = _Names()
    try:
        require_shallow(definition)
        (statement,) = cast("tuple[Any, ...]", pglast.parse_sql(definition))
        names(statement.stmt)
        for option in statement.stmt.options or ():
            if option.defname == "as":
                require_shallow(option.arg[0].sval)
                names(pglast.parse_sql(option.arg[0].sval))
    except pglast.Error as error:
        raise NotTakenApart(f"it does not parse ({error.args[0] if error.args else error})") from error
    return frozenset(names.relations)


def _queries_in(node: Any, text: str, raw: Any = None) -> Iterator[Query]:
    if isinstance(node, ast.DoStmt):
        raise NotTakenApart("a DO block runs what it likes")
    if isinstance(node, ast.SelectStmt) and (first := _first_of(node)).intoClause is not None:
        # SELECT INTO: to describe it tells nothing of what it makes.
        first.intoClause = None
        raw = None
    if isinstance(node, (*_QUERIES, ast.CallStmt)):
        yield _query(node, _slice(text, raw) if raw is not None else RawStream()(node))
    elif isinstance(node, ast.CopyStmt) and node.relation is not None:
        yield _query(node, _copied(node))
    elif isinstance(node, _AROUND) and node.query is not None:
        yield from _queries_in(node.query, text)


def _first_of(node: ast.SelectStmt) -> ast.SelectStmt:
    """The first of several SELECTs, which has the INTO of them all."""
    while node.larg is not None:
        node = node.larg
    return node


def _slice(text: str, raw: Any) -> str:
    """The statement's own part of the text; PostgreSQL counts bytes, pglast characters."""
    start = raw.stmt_location or 0
    end = start + raw.stmt_len if raw.stmt_len else len(text)
    return text[start:end].strip().rstrip(";")


def _copied(node: ast.CopyStmt) -> str:
    """What COPY reads or writes of a table, as a query."""
    columns = cast("tuple[ast.String, ...]", node.attlist or ())
    wanted = ast.SelectStmt(
        targetList=tuple(
            ast.ResTarget(val=ast.ColumnRef(fields=(each,))) for each in columns or (cast("Any", ast.A_Star()),)
        ),
        fromClause=(node.relation,),
    )
    return RawStream()(wanted)


def _query(node: Any, text: str) -> Query:
    names = _Names()
    names(node)
    uncast = _uncast(text) if names.types else None
    return Query(text, frozenset(names.relations), frozenset(names.functions), frozenset(names.types), uncast)


def _uncast(text: str) -> str | None:
    (statement,) = cast("tuple[Any, ...]", pglast.parse_sql(text))
    casts = _Casts()
    casts(statement.stmt)
    return RawStream()(statement.stmt) if casts.found else None


class _Casts(Visitor):
    """Puts columns in the place of their casts."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def visit_TypeCast(self, _: object, node: ast.TypeCast) -> object:  # noqa: N802 - pglast finds it by this name
        if not isinstance(node.arg, ast.ColumnRef):
            return None
        self.found = True
        return node.arg


class _Names(Visitor):
    """Collects the names of relations, functions and types."""

    def __init__(self) -> None:
        super().__init__()
        self.relations: set[tuple[str | None, str]] = set()
        self.functions: set[str] = set()
        self.types: set[str] = set()

    def visit_RangeVar(self, _: object, node: ast.RangeVar) -> None:  # noqa: N802 - pglast finds it by this name
        if node.relname:
            self.relations.add((node.schemaname, node.relname))

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: N802 - as above
        self.functions |= _last(node.funcname)

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: N802 - as above
        self.types |= _last(node.names)


def _last(names: Any) -> set[str]:
    return {names[-1].sval} if names and isinstance(names[-1], ast.String) else set()
