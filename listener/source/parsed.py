"""The names in one parsed statement, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

import pglast
from pglast import ast
from pglast.visitors import Ancestor, Visitor

from ..nesting import NestedTooDeeply, require_shallow
from .operands import LITERAL, NULL
from .prepared import HOLE_NAME
from .statement_tree import tree_of

_DOTTED: Final = re.compile(r'(?:"(?:[^"]|"")*"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")*"|[\w$]+))*')
_QUERY: Final = re.compile(
    r"(?:[\s(]++|--[^\n]*+\n|/\*.*?\*/)*+(?:select|insert|update|delete|merge|values|table)\b",
    re.IGNORECASE | re.DOTALL,
)
# What the server looks into before it runs, and what names nothing that may lack.
_ANALYSED: Final = frozenset(
    {
        *("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"),
        *("ExplainStmt", "DeclareCursorStmt", "CreateTableAsStmt", "CallStmt", "TruncateStmt", "LockStmt"),
        *("TransactionStmt", "VariableSetStmt", "VariableShowStmt", "ConstraintsSetStmt", "DiscardStmt"),
        *(
            "ListenStmt",
            "NotifyStmt",
            "UnlistenStmt",
            "CheckPointStmt",
            "DeallocateStmt",
            "FetchStmt",
            "ClosePortalStmt",
        ),
    }
)
_TYPES: Final = frozenset(
    {
        *("text", "uuid", "json", "jsonb", "bytea", "date", "timestamptz", "inet", "name", "oid", "point", "tsvector"),
        *("serial", "bigserial", "smallserial", "serial4", "serial8", "int8", "int4", "int2", "float8", "float4"),
    }
)
_FUNCTIONS: Final = frozenset({"now", "gen_random_uuid", "clock_timestamp", "statement_timestamp", "lower", "coalesce"})
_APART: Final = (ast.RangeSubselect, ast.RangeFunction, ast.RangeTableFunc, ast.CommonTableExpr)
_UTILITIES: Final = (
    *(ast.TruncateStmt, ast.LockStmt, ast.CopyStmt, ast.AlterTableStmt, ast.IndexStmt, ast.GrantStmt, ast.VacuumStmt),
    *(ast.RefreshMatViewStmt, ast.ClusterStmt, ast.CreateTrigStmt, ast.ReindexStmt),
)
"""Statements whose relations nobody looks up before they run. Of what renames or drops one nothing is said: it may have
run already."""


class Range(NamedTuple):
    """A relation that a statement names. `target` says that the statement writes to it."""

    location: int
    schema: str | None
    name: str
    alias: str | None
    target: bool

    @property
    def called(self) -> str:
        """What columns are qualified with."""
        return self.alias or self.name


class Column(NamedTuple):
    """A column that a statement names: its parts from the qualifiers on."""

    location: int
    parts: tuple[str, ...]


class Assigned(NamedTuple):
    """A column that INSERT or UPDATE gives a value."""

    location: int
    name: str


class Cast(NamedTuple):
    """A column that is cast where it is compared with `other`."""

    location: int
    parts: tuple[str, ...]
    type: str
    operator: str
    other: Any


@dataclass(slots=True)
class Parsed:
    """What a statement names. `made` are relations that it creates, `names` those of WITH, `outputs` are columns
    that give a result its name, `sorting` where columns stand that it sorts or groups by, `operators` where operators
    do. It is `foreign` where it names types or functions that not every server has. It `copies_whole` a relation with
    COPY, without naming columns. `open_at` are the parameters within what stands at a place, with LITERAL and NULL for
    what has no type of its own either; `open_apart` are those of queries, functions and rows that it selects from: they
    may be in any of its columns."""

    kind: str
    ranges: list[Range] = field(default_factory=list[Range])
    columns: list[Column] = field(default_factory=list[Column])
    assigned: list[Assigned] = field(default_factory=list[Assigned])
    casts: list[Cast] = field(default_factory=list[Cast])
    names: set[str] = field(default_factory=set[str])
    made: set[str] = field(default_factory=set[str])
    queries: int = 0
    outputs: dict[int, str] = field(default_factory=dict[int, str])
    sorting: set[int] = field(default_factory=set[int])
    operators: set[int] = field(default_factory=set[int])
    open_at: dict[int, set[int]] = field(default_factory=dict[int, "set[int]"])
    open_apart: set[int] = field(default_factory=set[int])
    foreign: bool = False
    utility: bool = False
    copies_whole: bool = False

    @property
    def target(self) -> Range | None:
        """What the statement writes to."""
        return next((each for each in self.ranges if each.target), None)

    @property
    def relations(self) -> list[Range]:
        """The relations that have to be there."""
        return [
            each
            for each in self.ranges
            if not (each.schema is None and each.name in self.names)
            and not each.name.startswith(HOLE_NAME)
            and not (each.schema or "").startswith(HOLE_NAME)
        ]


def slices(sql: str) -> list[tuple[int, str]]:
    """The statements in the text, each with its offset; the whole where it does not parse, or is but one."""
    if ";" not in sql.rstrip().rstrip(";"):
        return [(0, sql)]
    try:
        require_shallow(sql)
        parts = pglast.split(sql, with_parser=True, only_slices=True)
    except (pglast.Error, NestedTooDeeply):
        return [(0, sql)]
    return [(part.start, sql[part]) for part in parts]


def parse(sql: str) -> Parsed | None:
    """The names in the statement; None where it does not parse."""
    tree = tree_of(sql)
    if tree is None:
        return None
    reader = _Reader(type(tree).__name__, sql)
    reader(tree)
    found = reader.found
    found.utility = isinstance(tree, _UTILITIES)
    if isinstance(tree, ast.AlterTableStmt) and tree.missing_ok:
        found.ranges.clear()
    if isinstance(tree, ast.CopyStmt):
        found.copies_whole = not tree.attlist and tree.query is None
    return found


def looked_into(sql: str) -> bool:
    """Whether the names in the statement are looked up before it runs, if it has any."""
    if _QUERY.match(sql) or not sql.strip():
        return True
    parsed = parse(sql)
    if parsed is None or parsed.kind in _ANALYSED or parsed.copies_whole:
        return True
    # A table of nothing but what every server has.
    return parsed.kind == "CreateStmt" and not parsed.ranges and not parsed.foreign


def span(sql: str, location: int) -> tuple[int, int]:
    """Where a dotted name that begins there ends."""
    match = _DOTTED.match(sql, location)
    return (location, match.end()) if match is not None else (location, location)


def _named(sql: str, start: int, name: str) -> int:
    """Where the name stands from that offset on; the offset itself where it is spelt in a way that is not known."""
    for match in _DOTTED.finditer(sql, start):
        said = match[0]
        plain = said[1:-1].replace('""', '"') if said.startswith('"') else said.lower()
        if plain == name:
            return match.start()
    return start


class _Reader(Visitor):
    """Collects names."""

    def __init__(self, kind: str, sql: str) -> None:
        super().__init__()
        self.found = Parsed(kind)
        self._sql = sql
        self._targets: set[int] = set()

    def visit_InsertStmt(self, _: object, node: ast.InsertStmt) -> None:  # noqa: N802 - pglast finds it by this name
        self._target(node.relation)
        self._assigned(node.cols)
        if node.onConflictClause is not None:
            self._assigned(node.onConflictClause.targetList)
            self._inferred(node.onConflictClause.infer)

    def visit_UpdateStmt(self, _: object, node: ast.UpdateStmt) -> None:  # noqa: N802 - as above
        self._target(node.relation)
        self._assigned(node.targetList)

    def visit_DeleteStmt(self, _: object, node: ast.DeleteStmt) -> None:  # noqa: N802 - as above
        self._target(node.relation)

    def visit_MergeStmt(self, _: object, node: ast.MergeStmt) -> None:  # noqa: N802 - as above
        self._target(node.relation)

    def visit_CopyStmt(self, _: object, node: ast.CopyStmt) -> None:  # noqa: N802 - as above
        self._target(node.relation)
        start = node.relation.location or 0 if node.relation is not None else 0
        self._placed(start, [each.sval for each in cast("tuple[Any, ...]", node.attlist or ())])

    def visit_IndexStmt(self, _: object, node: ast.IndexStmt) -> None:  # noqa: N802 - as above
        self._target(node.relation)
        start = node.relation.location or 0 if node.relation is not None else 0
        self._placed(start, [each.name for each in cast("tuple[Any, ...]", node.indexParams or ()) if each.name])

    def visit_SelectStmt(self, _: object, node: ast.SelectStmt) -> None:  # noqa: N802 - as above
        self.found.queries += 1
        self._sorting(node.groupClause)
        for each in cast("tuple[Any, ...]", node.targetList or ()):
            if isinstance(each.val, ast.ColumnRef) and each.name is None and (parts := _parts(each.val)):
                self.found.outputs[each.val.location or 0] = parts[-1]
        if node.intoClause is not None and node.intoClause.rel is not None:
            self._made(node.intoClause.rel)

    def visit_CreateStmt(self, _: object, node: ast.CreateStmt) -> None:  # noqa: N802 - as above
        self._made(node.relation)

    def visit_CreateTableAsStmt(self, _: object, node: ast.CreateTableAsStmt) -> None:  # noqa: N802 - as above
        self._made(node.into.rel if node.into is not None else None)

    def visit_ViewStmt(self, _: object, node: ast.ViewStmt) -> None:  # noqa: N802 - as above
        self._made(node.view)

    def visit_CommonTableExpr(self, _: object, node: ast.CommonTableExpr) -> None:  # noqa: N802 - as above
        self.found.names.add(cast("str", node.ctename))

    def visit_SortBy(self, _: object, node: ast.SortBy) -> None:  # noqa: N802 - as above
        self._sorting((node.node,))

    def visit_RangeVar(self, _: object, node: ast.RangeVar) -> None:  # noqa: N802 - as above
        if node.relname in self.found.made and node.schemaname is None:
            return
        alias = node.alias.aliasname if node.alias is not None else None
        target = id(node) in self._targets
        self.found.ranges.append(Range(node.location or 0, node.schemaname, cast("str", node.relname), alias, target))

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802 - as above
        parts = _parts(node)
        if parts:
            self.found.columns.append(Column(node.location or 0, parts))

    def visit_A_Expr(self, _: object, node: ast.A_Expr) -> None:  # noqa: N802 - as above
        self.found.operators.add(node.location if node.location is not None else -1)
        operator = node.name[-1].sval if node.name else ""
        for one, other in ((node.lexpr, node.rexpr), (node.rexpr, node.lexpr)):
            if isinstance(one, ast.TypeCast) and isinstance(one.arg, ast.ColumnRef):
                parts = _parts(one.arg)
                names = cast("Any", one.typeName).names if one.typeName is not None else ()
                if parts and names:
                    self.found.casts.append(Cast(one.arg.location or 0, parts, names[-1].sval, operator, other))

    def visit_SubLink(self, _: object, node: ast.SubLink) -> None:  # noqa: N802 - as above
        if node.testexpr is not None:
            self.found.operators.add(node.location if node.location is not None else -1)

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: N802 - as above
        names = [each.sval for each in cast("tuple[Any, ...]", node.names or ())]
        self.found.foreign |= not names or (names[0] != "pg_catalog" and names[-1] not in _TYPES)

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: N802 - as above
        names = [each.sval for each in cast("tuple[Any, ...]", node.funcname or ())]
        self.found.foreign |= names[-1] not in _FUNCTIONS

    def visit_ParamRef(self, ancestors: Ancestor, node: ast.ParamRef) -> None:  # noqa: N802 - as above
        self._open(ancestors, node, node.number or LITERAL)

    def visit_A_Const(self, ancestors: Ancestor, node: ast.A_Const) -> None:  # noqa: N802 - as above
        if node.isnull or isinstance(node.val, ast.String):
            self._open(ancestors, node, NULL if node.isnull else LITERAL)

    def _open(self, ancestors: Ancestor, node: ast.Node, number: int) -> None:
        above: Any = ancestors
        each: Any = node
        while above is not None:
            if isinstance(each, _APART):
                self.found.open_apart.add(number)
            if (location := getattr(each, "location", None)) is not None:
                self.found.open_at.setdefault(location, set()).add(number)
            each, above = above.node, above.parent

    def _sorting(self, nodes: Any) -> None:
        self.found.sorting |= {each.location or 0 for each in nodes or () if isinstance(each, ast.ColumnRef)}

    def _target(self, node: ast.RangeVar | None) -> None:
        if node is not None:
            self._targets.add(id(node))

    def _made(self, node: ast.RangeVar | None) -> None:
        if node is not None and node.relname:
            self.found.made.add(node.relname)

    def _inferred(self, infer: ast.InferClause | None) -> None:
        """The columns of ON CONFLICT, of which only the clause has a place."""
        elements = cast("tuple[Any, ...]", infer.indexElems or ()) if infer is not None else ()
        if infer is not None:
            self._placed(infer.location or 0, [each.name for each in elements if each.name])

    def _placed(self, start: int, names: Iterable[str]) -> None:
        """Columns of which the tree has no place: they stand from that offset on."""
        for each in names:
            start = _named(self._sql, start, each)
            self.found.assigned.append(Assigned(start, each))

    def _assigned(self, targets: Any) -> None:
        for each in targets or ():
            if isinstance(each, ast.ResTarget) and each.name:
                self.found.assigned.append(Assigned(each.location or 0, each.name))


def _parts(node: ast.ColumnRef) -> tuple[str, ...]:
    """The names; nothing where it ends in a star."""
    fields = cast("tuple[Any, ...]", node.fields or ())
    if not all(isinstance(each, ast.String) for each in fields):
        return ()
    return tuple(each.sval for each in fields)
