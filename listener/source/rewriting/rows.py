"""The way of rows from a query to where code reads their columns, as far as it is plain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pglast import ast as sql_ast
from pglast.enums import JoinType
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ..examined import Examined
from ..extracted import Site
from ..statement_tree import tree_of
from .casting import nodes
from .certainty import Certain, Certainty
from .syntax import Syntax
from .type_change import PYTHON, family

_ONE: Final = frozenset({"fetchrow", "fetch_one"})
_MANY: Final = frozenset({"fetch", "fetch_all", "cursor", "iterate", "stream"})
_OF_CURSOR: Final = {"fetchone": True, "fetchall": False, "fetchmany": False}
_NOT_NULL: Final = """
select a.attrelid::bigint, a.attnum::integer
from rows from (pg_catalog.unnest(%(tables)s::bigint[]), pg_catalog.unnest(%(numbers)s::integer[])) as k (tbl, number)
join pg_catalog.pg_attribute as a on a.attrelid = k.tbl and a.attnum = k.number
where
    a.attnotnull
    and not exists (
        select from pg_catalog.pg_constraint as c
        where c.conrelid = a.attrelid and c.contype = 'n' and not c.convalidated and a.attnum = any (c.conkey)
    )
"""
# Before PostgreSQL 18 a NOT NULL is no constraint of its own, and always valid.


class Result(NamedTuple):
    """A column of the rows of a query: its type before and after, and whether it is surely never NULL."""

    name: str
    before: str
    after: str
    never_null: bool

    @property
    def changes(self) -> bool:
        """Whether code gets another Python type."""
        return family(self.before) != family(self.after)


@dataclass(frozen=True, slots=True)
class Query:
    """What a call returns rows of. `method` is what is called, `results` the columns."""

    call: Site
    method: str
    results: tuple[Result, ...]

    def result(self, key: object) -> Result | None:
        """The column under a name or at a place; None where there is not one."""
        if isinstance(key, int) and not isinstance(key, bool):
            return self.results[key] if -len(self.results) <= key < len(self.results) else None
        found = [each for each in self.results if each.name == key]
        return found[0] if len(found) == 1 else None


async def queries(
    connection: AsyncConnection[TupleRow],
    examined: Sequence[Examined],
    read: Mapping[int, Mapping[int, tuple[str, str]]],
) -> dict[Site, tuple[Query, ...]]:
    """What the calls of each place return; of those whose every text was described. `read` are the results whose types
    change, by the id of the statement's Examined. Types have to be known to the schema."""
    origins = {each for one in examined if one.described is not None for each in one.described.origins if each[0]}
    listed = list(origins)
    asked: dict[str, Any] = {"tables": [each[0] for each in listed], "numbers": [each[1] for each in listed]}
    rows = await (await connection.execute(_NOT_NULL.encode(), asked)).fetchall()
    filled: set[tuple[Oid, int]] = {(table, number) for table, number in rows}
    found: dict[Site, list[Query]] = {}
    unclear: set[Site] = set()
    for one in examined:
        statement = one.statement
        if one.described is None or not one.alone or statement.through or statement.adapted:
            unclear.add(statement.call)
            continue
        changed = read.get(id(one), {})
        whole = _keeps_nulls_away(one.sql)
        results: list[Result] = []
        for number, (name, oid) in enumerate(one.described.results):
            before, after = changed.get(number, (one.schema.type_name(oid), one.schema.type_name(oid)))
            origin = one.described.origins[number] if number < len(one.described.origins) else (0, 0)
            results.append(Result(name, before, after, whole and origin in filled))
        found.setdefault(statement.call, []).append(
            Query(statement.call, statement.said.rpartition(".")[2], tuple(results))
        )
    return {site: tuple(each) for site, each in found.items() if site not in unclear}


class Rows:
    """Follows rows through one file."""

    def __init__(self, syntax: Syntax, queries: Mapping[Site, Sequence[Query]]) -> None:
        self._syntax = syntax
        self._names = Certainty(syntax)
        self._by_call: dict[ast.Call, Sequence[Query]] = {}
        for site, found in queries.items():
            if site.file == syntax.file.path:
                for call in syntax.calls_at(site.line, site.column):
                    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
                    if all(each.method == name for each in found):
                        self._by_call[call] = found

    def known(self, node: ast.expr) -> Certain | None:
        """The type that an item of a row has afterwards, where it is never None."""
        found = self.read(node)
        if not found or not all(each.never_null for each in found):
            return None
        types = {PYTHON.get(family(each.after)) for each in found}
        python = types.pop() if len(types) == 1 else None
        return Certain(python, f"the query returns {found[0].after} for it") if python is not None else None

    def readings(self) -> Iterator[tuple[ast.Subscript, Sequence[Result]]]:
        """The items of rows in the file whose types change."""
        if not any(result.changes for found in self._by_call.values() for each in found for result in each.results):
            return
        for node in ast.walk(self._syntax.tree):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                found = self.read(node)
                if found and any(each.changes for each in found):
                    yield node, found

    def read(self, node: ast.expr) -> Sequence[Result]:
        """The columns that the expression is an item of a row of; nothing where it is none for sure."""
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            return ()
        queries = self._row(node.value)
        found = [each.result(node.slice.value) for each in queries]
        return [each for each in found if each is not None] if found and None not in found else ()

    def _row(self, node: ast.expr) -> Sequence[Query]:  # noqa: PLR0911 - one case for each kind of expression
        """The queries that the expression is one row of."""
        node = _plain(node)
        if isinstance(node, ast.Call):
            return self._queried(node, one=True)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, int)
        ):
            return self._rows(node.value)
        if not isinstance(node, ast.Name):
            return ()
        scope = self._syntax.scope(node, node.id)
        for generator in getattr(scope, "generators", ()):
            if isinstance(generator.target, ast.Name) and generator.target.id == node.id:
                return self._rows(generator.iter)
        binding = self._names.reaching(node)
        if binding is None:
            return ()
        if isinstance(binding.statement, ast.For | ast.AsyncFor) and binding.statement.target is binding.node:
            return self._rows(binding.statement.iter)
        return self._row(binding.value) if binding.value is not None and _is_call(binding.value) else ()

    def _rows(self, node: ast.expr) -> Sequence[Query]:
        """The queries that the expression is the rows of."""
        node = _plain(node)
        if isinstance(node, ast.Call):
            return self._queried(node, one=False)
        binding = self._names.reaching(node) if isinstance(node, ast.Name) else None
        if binding is not None and binding.value is not None and _is_call(binding.value):
            return self._rows(binding.value)
        return ()

    def _queried(self, call: ast.Call, *, one: bool) -> Sequence[Query]:
        if call in self._by_call:
            method = self._by_call[call][0].method
            # A cursor that is gone through gives its rows.
            fits = method in _ONE if one else method in _MANY or method == "execute"
            return self._by_call[call] if fits else ()
        if isinstance(call.func, ast.Attribute) and _OF_CURSOR.get(call.func.attr) is one:
            cursor = _plain(call.func.value)
            if isinstance(cursor, ast.Name):
                cursor = self._executed(cursor)
            found = self._by_call.get(cursor, ()) if isinstance(cursor, ast.Call) else ()
            return found if found and found[0].method == "execute" else ()
        return ()

    def _executed(self, cursor: ast.Name) -> ast.expr:
        """The call that made the cursor or, where statements just before name it, the last of these that it ran."""
        statement = self._syntax.statement(cursor)
        parent = self._syntax.parents[statement]
        blocks: list[list[ast.stmt]] = [getattr(parent, each, None) or [] for each in ("body", "orelse", "finalbody")]
        block = next((each for each in blocks if statement in each), [statement])
        for each in reversed(block[: block.index(statement)]):
            match each:
                case ast.Expr(value=value) if isinstance(call := _plain(value), ast.Call) and call in self._by_call:
                    if isinstance(call.func, ast.Attribute) and _is_name(call.func.value, cursor.id):
                        return call
                case _:
                    pass
            if any(_is_name(one, cursor.id) for one in ast.walk(each)):
                break
        binding = self._names.reaching(cursor)
        made = _plain(binding.value) if binding is not None and binding.value is not None else cursor
        # What is run in between shows by the cursor's name: then it is not known which rows it has.
        uses = [one for one in ast.walk(self._syntax.tree) if _is_name(one, cursor.id) and one is not cursor]
        ran = any(
            isinstance(above := self._syntax.parents[one], ast.Attribute) and above.attr == "execute" for one in uses
        )
        return cursor if ran else made


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _plain(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _is_call(node: ast.expr) -> bool:
    return isinstance(_plain(node), ast.Call)


def _keeps_nulls_away(sql: str) -> bool:
    """Whether a column that is never NULL in its table is none in a result, either."""
    for node in nodes(tree_of(sql)):
        match node:
            case sql_ast.JoinExpr(jointype=kind) if kind != JoinType.JOIN_INNER:
                return False
            case sql_ast.GroupingSet():
                return False
            case sql_ast.ColumnRef(fields=(sql_ast.String(sval="old" | "new"), *_)):
                return False
            case _:
                pass
    return True
