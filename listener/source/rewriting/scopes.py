"""Every column that a statement names, with the relations that it may be of where it stands.

What PostgreSQL looks through for a name: the relations of the query around it, then of the query around that. Columns
that give a result its name are told apart, for who reads the rows knows them by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

from pglast import ast, parser
from pglast.enums import SetOperation, SubLinkType

from ..statement_tree import tree_of

_ENDS: Final = frozenset(
    {
        *("FROM", "INTO", "WHERE", "GROUP_P", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT"),
        *("OFFSET", "FETCH", "FOR", "ASCII_44", "ASCII_59"),
    }
)
_OPEN: Final = frozenset({"ASCII_40", "ASCII_91", "CASE"})
_CLOSE: Final = frozenset({"ASCII_41", "ASCII_93", "END_P"})
_PARENTHESIS, _CLOSED = "ASCII_40", "ASCII_41"


class Ranged(NamedTuple):
    """What columns can be of: a relation, or (without a name) a query or function whose columns are its own matter.
    One that stands `apart` is met only by its name before the column's. Of a query it is known what its columns are
    called, `labels` but for those that a `*` gives of what is `within`."""

    called: str
    schema: str | None
    name: str | None
    location: int = -1
    alias: bool = False
    apart: bool = False
    labels: frozenset[str] | None = None
    within: tuple[Ranged, ...] = ()


@dataclass(slots=True)
class Scope:
    """One query: what it selects from, what is around it, and the names of its results that ORDER BY knows."""

    around: Scope | None
    ranges: list[Ranged] = field(default_factory=list[Ranged])
    labels: set[str] = field(default_factory=set[str])

    @property
    def outwards(self) -> Iterator[Scope]:
        """This one, and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.around


class Reference(NamedTuple):
    """A column that is named: `location` is where the dotted name begins. Its value is `assigned` where the statement
    writes to it. It gives a result its name where `labelled`; the expression of that ends there. ORDER BY means a
    result by it where `sorts`."""

    location: int
    parts: tuple[str, ...]
    scope: Scope
    assigned: bool = False
    labelled: int | None = None
    sorts: bool = False


class _Select(NamedTuple):
    """Where a query stands: what is around it, and whether somebody knows its columns by name."""

    around: Scope | None
    named: bool


def references(sql: str) -> tuple[Reference, ...] | None:
    """The columns that the one statement names; None where it does not parse."""
    tree = tree_of(sql)
    if tree is None:
        return None
    reader = _Reader(sql)
    reader.read(tree, None, named=True)
    return tuple(reader.found)


class _Reader:
    def __init__(self, sql: str) -> None:
        self.found: list[Reference] = []
        self._sql = sql
        self._with: dict[str, Ranged] = {}
        self._labelled: dict[int, int] = {}
        self._sorting: set[int] = set()
        self._scanned: list[Any] | None = None

    def read(self, node: Any, scope: Scope | None, *, named: bool) -> None:
        match node:
            case ast.SelectStmt():
                self._select(node, _Select(scope, named))
            case ast.InsertStmt() | ast.UpdateStmt() | ast.DeleteStmt() | ast.MergeStmt():
                self._write(node, scope, named=named)
            case ast.ColumnRef():
                self._column(node, scope or Scope(None))
            case ast.SubLink():
                self._sublink(node, scope)
            case ast.RangeSubselect():
                self.read(node.subquery, scope if node.lateral or scope is None else scope.around, named=True)
            case ast.Node():
                self._below(node, scope, named=named)
            case tuple():
                for each in cast("tuple[Any, ...]", node):
                    self.read(each, scope, named=named)
            case _:
                pass

    def _below(self, node: ast.Node, scope: Scope | None, *, named: bool, but: Iterable[str] = ()) -> None:
        for attribute in cast("Iterable[str]", node):
            if attribute not in but:
                self.read(getattr(node, attribute), scope, named=named)

    def _sublink(self, node: ast.SubLink, scope: Scope | None) -> None:
        self.read(node.testexpr, scope, named=False)
        # Nobody knows the columns of EXISTS and IN by name.
        unnamed = (SubLinkType.EXISTS_SUBLINK, SubLinkType.ANY_SUBLINK, SubLinkType.ALL_SUBLINK)
        self.read(node.subselect, scope, named=node.subLinkType not in unnamed)

    def _select(self, node: ast.SelectStmt, where: _Select) -> None:
        self._queries(node.withClause, where.around)
        if node.op is not None and node.op != SetOperation.SETOP_NONE:
            # Only the first query of several names the columns.
            self._select(cast("ast.SelectStmt", node.larg), where)
            self._select(cast("ast.SelectStmt", node.rarg), where._replace(named=False))
            self._below(node, where.around, named=False, but=("withClause", "larg", "rarg", "sortClause"))
            return
        scope = Scope(where.around)
        for each in node.fromClause or ():
            self._ranges(each, scope)
        self._labels(node.targetList, scope, named=where.named)
        self._sorts(node)
        self._below(node, scope, named=False, but=("withClause",))

    def _write(self, node: Any, around: Scope | None, *, named: bool) -> None:
        self._queries(node.withClause, around)
        scope = Scope(around)
        self._ranges(node.relation, scope)
        target = scope.ranges[0]
        if isinstance(node, ast.InsertStmt):
            self.read(node.selectStmt, around, named=False)
            self._conflict(node, scope)
            beside = ("excluded",)
        else:
            beside = ()
            for each in (getattr(node, "fromClause", None), getattr(node, "usingClause", None)):
                for one in each or ():
                    self._ranges(one, scope)
            if isinstance(node, ast.MergeStmt):
                self._ranges(node.sourceRelation, scope)
        self._assigned(node, Scope(None, [target]))
        scope.ranges += [target._replace(called=each, alias=True, apart=True) for each in beside]
        returning = getattr(node, "returningClause", None)
        if returning is not None:
            rows = [target._replace(called=each, alias=True, apart=True) for each in ("old", "new")]
            within = Scope(around, [*(each for each in scope.ranges if each.called not in beside), *rows])
            self._labels(returning.exprs, within, named=named)
            self._below(returning, within, named=False)
        self._below(node, scope, named=False, but=("withClause", "selectStmt", "cols", "returningClause"))

    def _assigned(self, node: Any, target: Scope) -> None:
        lists = [getattr(node, "cols", None), getattr(node, "targetList", None)]
        if getattr(node, "onConflictClause", None) is not None:
            lists.append(node.onConflictClause.targetList)
        lists += [each.targetList for each in getattr(node, "mergeWhenClauses", None) or ()]
        for each in (one for listed in lists for one in listed or ()):
            if isinstance(each, ast.ResTarget) and each.name:
                self.found.append(Reference(each.location or 0, (each.name,), target, assigned=True))

    def _conflict(self, node: ast.InsertStmt, scope: Scope) -> None:
        """The columns of ON CONFLICT (…): the grammar keeps no place of them, the scanner does."""
        infer = node.onConflictClause.infer if node.onConflictClause is not None else None
        names = {cast("str", each.name) for each in (infer.indexElems or () if infer is not None else ()) if each.name}
        if infer is None or not names:
            return
        depth = 0
        for token in self._tokens_from(infer.location or 0):
            depth += {_PARENTHESIS: 1, _CLOSED: -1}.get(token.name, 0)
            said = self._sql[token.start : token.end + 1]
            name = said[1:-1].replace('""', '"') if said.startswith('"') else said.lower()
            if depth == 1 and name in names:
                self.found.append(Reference(token.start, (name,), Scope(None, scope.ranges[:1]), assigned=True))
            if depth == 0:
                return

    def _queries(self, clause: ast.WithClause | None, around: Scope | None) -> None:
        for each in (clause.ctes or ()) if clause is not None else ():
            name = cast("str", each.ctename)
            self.read(each.ctequery, around, named=True)
            self._with[name] = self._given(name, each.ctequery, renamed=bool(each.aliascolnames))

    def _ranges(self, node: Any, scope: Scope) -> None:
        match node:
            case ast.RangeVar():
                alias = node.alias.aliasname if node.alias is not None else None
                name, called = cast("str", node.relname), alias or cast("str", node.relname)
                renamed = node.alias is not None and node.alias.colnames
                if node.schemaname is None and name in self._with:
                    scope.ranges.append(
                        Ranged(called, None, None) if renamed else self._with[name]._replace(called=called)
                    )
                else:
                    known = None if renamed else name
                    scope.ranges.append(Ranged(called, node.schemaname, known, node.location or 0, alias is not None))
            case ast.RangeSubselect() if node.alias is not None:
                renamed = bool(node.alias.colnames)
                scope.ranges.append(self._given(cast("str", node.alias.aliasname), node.subquery, renamed=renamed))
            case ast.RangeTableSample():
                self._ranges(node.relation, scope)
            case ast.JoinExpr():
                self._ranges(node.larg, scope)
                self._ranges(node.rarg, scope)
                if node.alias is not None:
                    scope.ranges.append(Ranged(cast("str", node.alias.aliasname), None, None))
            case _:
                alias = getattr(node, "alias", None)
                scope.ranges.append(Ranged(alias.aliasname if alias is not None else "", None, None))

    def _given(self, called: str, query: Any, *, renamed: bool) -> Ranged:
        """What a query gives, as far as its columns' names are known."""
        while isinstance(query, ast.SelectStmt) and query.op is not None and query.op != SetOperation.SETOP_NONE:
            query = query.larg
        if renamed or not isinstance(query, ast.SelectStmt) or query.targetList is None or query.withClause is not None:
            return Ranged(called, None, None)
        scope = Scope(None)
        for each in query.fromClause or ():
            self._ranges(each, scope)
        labels: set[str] = set()
        within: list[Ranged] = []
        for each in query.targetList:
            fields = each.val.fields if isinstance(each.val, ast.ColumnRef) else ()
            if fields and isinstance(fields[-1], ast.A_Star):
                qualifier = fields[-2].sval if len(fields) > 1 else None
                within += [one for one in scope.ranges if qualifier in (None, one.called)]
            elif each.name:
                labels.add(each.name)
            elif (column := _naming(each.val)) is not None:
                labels.add(cast("Any", column).fields[-1].sval)
            elif isinstance(each.val, ast.FuncCall):
                labels.add(cast("Any", each.val.funcname)[-1].sval)
        return Ranged(called, None, None, labels=frozenset(labels), within=tuple(within))

    def _labels(self, targets: Any, scope: Scope, *, named: bool) -> None:
        for each in targets or ():
            if not isinstance(each, ast.ResTarget):
                continue
            if each.name:
                scope.labels.add(each.name)
            elif (column := _naming(each.val)) is not None and named:
                scope.labels.add(cast("Any", column).fields[-1].sval)
                self._labelled[column.location or 0] = self._end(column.location or 0)

    def _end(self, location: int) -> int:
        """Where the expression of a result ends that has the column at that place in it."""
        depth, end = 0, location
        for token in self._tokens_from(location):
            if depth <= 0 and (token.name in _ENDS or token.name == _CLOSED):
                break
            depth += (token.name in _OPEN) - (token.name in _CLOSE)
            end = token.end + 1
        return end

    def _sorts(self, node: ast.SelectStmt) -> None:
        sorts = [each.node for each in node.sortClause or ()]
        distinct = node.distinctClause or ()
        for each in (*sorts, *distinct):
            if isinstance(each, ast.ColumnRef) and len(each.fields or ()) == 1:
                self._sorting.add(each.location or 0)

    def _column(self, node: ast.ColumnRef, scope: Scope) -> None:
        fields = cast("tuple[Any, ...]", node.fields or ())
        location = node.location or 0
        parts = tuple("*" if isinstance(each, ast.A_Star) else cast("str", each.sval) for each in fields)
        self.found.append(
            Reference(location, parts, scope, labelled=self._labelled.get(location), sorts=location in self._sorting)
        )

    def _tokens_from(self, location: int) -> Iterator[Any]:
        if self._scanned is None:
            self._scanned = list(cast("Iterable[Any]", parser.scan(self._sql)))
        return (each for each in self._scanned if each.start >= location and "COMMENT" not in each.name)


def _naming(node: Any) -> ast.ColumnRef | None:
    """The column that a result without a name of its own is called by (FigureColname of PostgreSQL's parser)."""
    match node:
        case ast.ColumnRef(fields=fields) if fields and all(isinstance(each, ast.String) for each in fields):
            return node
        case ast.TypeCast(arg=inner) | ast.CollateClause(arg=inner) | ast.CaseExpr(defresult=inner):
            return _naming(inner)
        case ast.A_Indirection(arg=inner, indirection=steps):
            return _naming(inner) if all(isinstance(each, ast.A_Indices) for each in steps or ()) else None
        case _:
            return None
