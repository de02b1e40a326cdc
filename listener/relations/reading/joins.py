"""Joins: the equalities between columns of relations that a statement asks for, as sightings.

Only what must hold for every row of a join counts: terms joined by AND in ON, WHERE and USING, `IN (select …)`, and the
conditions of correlated subqueries. Terms under OR or NOT do not, nor does a join of rows that a selector picks
(`owner_type = 'User'`): it says what some rows mean. A name that leads to nothing known leads to no sighting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, SubLinkType

from ..naming import SELECTORS, words_of
from ..sighting import Sighting
from .names import Columns, Names, Origin

_DEEPEST = 100


class _Item(NamedTuple):
    """Something in FROM, under its alias; `columns` is None where nothing is known of it."""

    number: int
    columns: Columns | None


class _Side(NamedTuple):
    item: int
    origin: Origin


class Scope(NamedTuple):
    """What names mean at one place: items by alias, the outer scope, and the WITH queries in sight."""

    items: Mapping[str, _Item]
    outer: Scope | None
    queries: Mapping[str, Columns | None]

    def find(self, path: tuple[str, ...]) -> _Side | None:
        """The column of that name: the innermost scope that has it decides, and only if it has it once."""
        *qualifier, name = path
        scope: Scope | None = self
        while scope is not None:
            if qualifier:
                item = scope.items.get(qualifier[-1])
                if item is not None:
                    return _side(item, name)
            else:
                having = [item for item in scope.items.values() if item.columns is None or name in item.columns]
                if having:
                    return _side(having[0], name) if len(having) == 1 else None
            scope = scope.outer
        return None


def _side(item: _Item, name: str) -> _Side | None:
    origin = item.columns.get(name) if item.columns is not None else None
    return None if origin is None else _Side(item.number, origin)


class Joins:
    """Reads statements under one search_path. `given` are items that are there without FROM, such as NEW and OLD."""

    def __init__(self, names: Names, search_path: tuple[str, ...], given: Mapping[str, Columns] | None = None) -> None:
        self._names = names
        self._path = search_path
        self._count = 0
        self._found: set[Sighting] = set()
        self._read: dict[int, Columns] = {}
        items = {alias: self._item(columns) for alias, columns in (given or {}).items()}
        self._given = Scope(items, None, {})

    def read(self, statement: ast.Node) -> Columns:
        """Take in one parsed statement; the columns that it gives."""
        self._read.clear()
        return self._statement(statement, self._given, 0)

    def sightings(self) -> frozenset[Sighting]:
        """What was compared in all that was read."""
        return frozenset(self._found)

    def _item(self, columns: Columns | None) -> _Item:
        self._count += 1
        return _Item(self._count, columns)

    def _statement(self, node: Any, outer: Scope, depth: int) -> Columns:
        """The columns that a query gives; each is read once, however often it is come across."""
        found = self._read.get(id(node))
        if found is None:
            self._read[id(node)] = {}
            found = self._read[id(node)] = self._outputs_of(node, outer, depth) if depth <= _DEEPEST else {}
        return found

    def _outputs_of(self, node: Any, outer: Scope, depth: int) -> Columns:
        queries = dict(outer.queries)
        items: dict[str, _Item] = {}
        here = Scope(items, outer, queries)
        self._with(getattr(node, "withClause", None), queries, here, depth)
        if _is(node, ast.SelectStmt) and node.larg is not None:
            left = self._statement(node.larg, here, depth + 1)
            right = list(self._statement(node.rarg, here, depth + 1).values())
            return {
                name: origin if place < len(right) and right[place] == origin else None
                for place, (name, origin) in enumerate(left.items())
            }
        terms: list[tuple[Any, Scope]] = []
        for each in _sources(node):
            self._from(each, items, here, terms, depth)
        terms += [(getattr(node, name, None), here) for name in ("joinCondition", "whereClause")]
        self._compare(terms, depth)
        self._descend(node, here, depth, skip={"withClause", "fromClause", "usingClause", "relation"})
        return self._outputs(node, here) if _is(node, ast.SelectStmt) else {}

    def _with(self, clause: Any, queries: dict[str, Columns | None], here: Scope, depth: int) -> None:
        if clause is None:
            return
        for query in clause.ctes:
            aliases = [each.sval for each in query.aliascolnames or ()]
            first = getattr(query.ctequery, "larg", None)
            if clause.recursive and first is not None:
                # What the query says of itself is of the rows that it begins with.
                queries[query.ctename] = _renamed(self._statement(first, here, depth + 1), aliases)
            queries[query.ctename] = _renamed(self._statement(query.ctequery, here, depth + 1), aliases)

    def _from(
        self, node: Any, items: dict[str, _Item], here: Scope, terms: list[tuple[Any, Scope]], depth: int
    ) -> None:
        """Enter what FROM names; the conditions of joins go to `terms`."""
        alias = getattr(node, "alias", None)
        if _is(node, ast.RangeVar):
            items[node.relname if alias is None else alias.aliasname] = self._item(self._named(node, here))
        elif _is(node, ast.JoinExpr):
            self._join(node, items, here, terms, depth)
        elif _is(node, ast.RangeSubselect) and alias is not None:
            # Only LATERAL sees its neighbours; to see them anyway finds no name that is not there.
            columns = self._statement(node.subquery, here, depth + 1)
            items[alias.aliasname] = self._item(_renamed(columns, [each.sval for each in alias.colnames or ()]))
        else:
            items[f" {self._count}" if alias is None else alias.aliasname] = self._item(None)

    def _join(
        self, node: Any, items: dict[str, _Item], here: Scope, terms: list[tuple[Any, Scope]], depth: int
    ) -> None:
        left, right = dict[str, _Item](), dict[str, _Item]()
        self._from(node.larg, left, Scope(left, here, here.queries), terms, depth)
        self._from(node.rarg, right, Scope(dict(left), here, here.queries), terms, depth)
        both = left | right
        if node.quals is not None:
            inside = Scope(both, here.outer, here.queries)
            terms.append((node.quals, inside))
            self._descend((node.quals,), inside, depth)
        for column in node.usingClause or ():
            ours, theirs = _first(left, column.sval), _first(right, column.sval)
            if ours is not None and theirs is not None:
                self._pair([(ours, theirs)])
        items.update({node.alias.aliasname: self._item(None)} if node.alias is not None else both)

    def _named(self, node: Any, here: Scope) -> Columns | None:
        if node.schemaname is None and node.relname in here.queries:
            return here.queries[node.relname]
        columns = self._names.columns(node.schemaname, node.relname, self._path)
        if columns is None or node.alias is None or not node.alias.colnames:
            return columns
        return _renamed(columns, [each.sval for each in node.alias.colnames])

    def _compare(self, terms: Iterable[tuple[Any, Scope]], depth: int) -> None:
        """Take in the pairs of one list of terms that hold together."""
        pairs: list[tuple[_Side, _Side]] = []
        picked: set[int] = set()
        for term, here in _conjuncts(terms):
            for left, right in _equal(term):
                ours, theirs = self._column(left, here), self._column(right, here)
                if ours is not None and theirs is not None:
                    pairs.append((ours, theirs))
                else:
                    picked |= _selected(left, ours) | _selected(right, theirs)
            inner = _members(term)
            if inner is not None:
                ours = self._column(inner[0], here)
                columns = list(self._statement(inner[1], here, depth + 1).values())
                if ours is not None and len(columns) == 1 and columns[0] is not None:
                    pairs.append((ours, _Side(self._item(None).number, columns[0])))
        self._pair((ours, theirs) for ours, theirs in pairs if picked.isdisjoint((ours.item, theirs.item)))

    def _pair(self, pairs: Iterable[tuple[_Side, _Side]]) -> None:
        """Sightings of the pairs, those of the same two items together."""
        together: dict[tuple[int, int], set[tuple[Origin, Origin]]] = {}
        for ours, theirs in map(sorted, pairs):
            if ours.item != theirs.item and ours.origin != theirs.origin:
                together.setdefault((ours.item, theirs.item), set()).add((ours.origin, theirs.origin))
        for found in together.values():
            by_tables: dict[tuple[int, int], list[tuple[int, int]]] = {}
            for ours, theirs in sorted(found):
                by_tables.setdefault((ours.table, theirs.table), []).append((ours.number, theirs.number))
            for (table, other), numbers in by_tables.items():
                told = Sighting(table, tuple(a for a, _ in numbers), other, tuple(b for _, b in numbers))
                self._found.add(min(told, told.turned()))

    def _column(self, node: Any, here: Scope) -> _Side | None:
        path = _path(node)
        return None if path is None else here.find(path)

    def _descend(self, node: Any, here: Scope, depth: int, skip: Iterable[str] = ()) -> None:
        """Read the queries within expressions."""
        if isinstance(node, tuple):
            for each in cast("tuple[Any, ...]", node):
                self._descend(each, here, depth + 1)
        elif isinstance(node, ast.Node) and depth <= _DEEPEST:
            for name in node:
                value = None if name in skip else getattr(node, name)
                if isinstance(value, ast.SelectStmt):
                    self._statement(value, here, depth + 1)
                elif isinstance(value, (tuple, ast.Node)):
                    self._descend(value, here, depth + 1)

    def _outputs(self, node: Any, here: Scope) -> Columns:
        found: dict[str, Origin | None] = {}
        for target in node.targetList or ():
            path = _path(target.val)
            if path is None and _is(target.val, ast.ColumnRef):
                qualifier = [each.sval for each in target.val.fields[:-1]]
                for alias, item in here.items.items():
                    if not qualifier or alias == qualifier[-1]:
                        found |= {
                            name: None if name in found else origin for name, origin in (item.columns or {}).items()
                        }
                continue
            name = target.name or (path[-1] if path is not None else None)
            if name is not None:
                side = self._column(target.val, here) if path is not None else None
                found[name] = side.origin if side is not None and name not in found else None
        return found


def _renamed(columns: Columns, aliases: list[str]) -> Columns:
    if not aliases:
        return columns
    names = [*aliases, *list(columns)[len(aliases) :]]
    return dict(zip(names, columns.values(), strict=False))


def _sources(node: Any) -> Iterator[Any]:
    """What a statement reads or changes: FROM, USING, and the target of UPDATE, DELETE and MERGE."""
    if not _is(node, ast.InsertStmt) and isinstance(getattr(node, "relation", None), ast.RangeVar):
        yield node.relation
    yield from getattr(node, "fromClause", None) or ()
    yield from getattr(node, "usingClause", None) or ()
    if _is(node, ast.MergeStmt):
        yield node.sourceRelation


def _first(items: Mapping[str, _Item], name: str) -> _Side | None:
    """The first that has the column, as USING merges them."""
    return next((side for item in items.values() if (side := _side(item, name)) is not None), None)


def _conjuncts(terms: Iterable[tuple[Any, Scope]]) -> Iterator[tuple[Any, Scope]]:
    for term, here in terms:
        if _is(term, ast.BoolExpr) and term.boolop == BoolExprType.AND_EXPR:
            yield from _conjuncts((each, here) for each in term.args)
        elif term is not None:
            yield term, here


def _equal(term: Any) -> Iterator[tuple[Any, Any]]:
    """What the term says is equal, row constructors in pairs."""
    if _is(term, ast.A_Expr) and term.kind == A_Expr_Kind.AEXPR_OP and term.name[-1].sval == "=":
        left, right = term.lexpr, term.rexpr
        if _is(left, ast.RowExpr) and _is(right, ast.RowExpr):
            yield from zip(left.args, right.args, strict=False)
        elif left is not None:
            yield left, right


def _members(term: Any) -> tuple[Any, Any] | None:
    """What `column in (select …)` compares."""
    if not _is(term, ast.SubLink) or term.subLinkType != SubLinkType.ANY_SUBLINK or term.testexpr is None:
        return None
    return (term.testexpr, term.subselect) if term.operName is None or term.operName[-1].sval == "=" else None


def _is(node: Any, kind: type[ast.Node]) -> bool:
    """isinstance, of nodes whose fields pglast types as what they may lack."""
    return isinstance(node, kind)


def _path(node: Any) -> tuple[str, ...] | None:
    """The names of a column reference, a cast around it or not; None for anything else, `*` too."""
    while _is(node, ast.TypeCast) or _is(node, ast.CollateClause):
        node = node.arg
    if _is(node, ast.ColumnRef) and all(_is(each, ast.String) for each in node.fields):
        return tuple(each.sval for each in node.fields)
    return None


def _selected(column: Any, side: _Side | None) -> set[int]:
    """The item whose rows are picked where a selector such as `owner_type` is compared with what is no column."""
    path = _path(column)
    words = words_of(path[-1]) if path is not None else ()
    return {side.item} if side is not None and words and words[-1] in SELECTORS else set()
