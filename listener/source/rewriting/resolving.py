"""Which columns of a statement are those that change, and what it assigns to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pglast import ast

from ..examined import Examined
from ..parsed import span
from ..schema import Relation
from ..statement_tree import tree_of
from .casting import Cut, nodes
from .scopes import Reference, references
from .type_change import TypeChange


@dataclass(slots=True)
class Resolved:
    """By the place of a column in the text: `at` are those that change, `plain` others with their relation. `values`
    are the expressions that changed columns get, `assigned` the casts among these by their place. `stand_ins` are what
    the server is shown in the place of changed columns. Where not all is sure, `doubt` says what."""

    at: dict[int, TypeChange] = field(default_factory=dict[int, TypeChange])
    plain: dict[int, tuple[Relation, str]] = field(default_factory=dict[int, "tuple[Relation, str]"])
    values: list[tuple[Any, TypeChange]] = field(default_factory=list[tuple[Any, TypeChange]])
    assigned: dict[int, TypeChange] = field(default_factory=dict[int, TypeChange])
    stand_ins: list[tuple[Cut, str]] = field(default_factory=list[tuple[Cut, str]])
    doubt: str | None = None

    def keep_assigned(self) -> None:
        """Show the server the column itself where it is just assigned to one that changes, too."""
        own = {each.location for each, _ in self.values if isinstance(each, ast.ColumnRef)}
        self.stand_ins = [each for each in self.stand_ins if each[0].start not in own]


class _Doubtful(Exception):
    pass


def resolve(one: Examined, changes: Sequence[TypeChange]) -> Resolved | None:
    """The statement's columns; None where it names none of the tables."""
    by_relation: defaultdict[str, dict[str, TypeChange]] = defaultdict(dict)
    for each in changes:
        by_relation[f"{each.schema}.{each.relation}"][each.column] = each
    if not any(each.qualified in by_relation for each in one.relations()):
        return None
    found = references(one.sql)
    tree = tree_of(one.sql)
    if found is None or tree is None:
        return Resolved(doubt="it could not be parsed")
    reader = _Resolver(one, by_relation)
    try:
        reader.read(found)
        reader.assignments(tree)
        reader.joins(tree)
        reader.found.keep_assigned()
    except _Doubtful as doubt:
        reader.found.doubt = str(doubt)
    return reader.found


class _Resolver:
    def __init__(self, one: Examined, changes: Mapping[str, Mapping[str, TypeChange]]) -> None:
        self.found = Resolved()
        self._one, self._changes = one, changes
        self._columns = {column for columns in changes.values() for column in columns}

    def read(self, found: Sequence[Reference]) -> None:
        """Find every column that changes; raises _Doubtful."""
        for each in found:
            name = each.parts[-1]
            if each.assigned or name == "*":
                continue
            self._no_row(each)
            for relation in self._of(each):
                change = self._changes.get(relation.qualified, {}).get(name)
                if change is None:
                    self.found.plain[each.location] = relation, name
                    continue
                self.found.at[each.location] = change
                self._stand_in(each, change)
                break

    def assignments(self, tree: Any) -> None:
        """Find what the columns get; raises _Doubtful."""
        for node in nodes(tree):
            match node:
                case ast.InsertStmt():
                    self._insert(node)
                case ast.UpdateStmt():
                    self._update(self._relation(node.relation), node.targetList)
                case ast.MergeStmt() if self._relation(node.relation) in self._changes:
                    raise _Doubtful("what MERGE does is not followed")
                case _:
                    pass

    def joins(self, tree: Any) -> None:
        """Look at joins that name columns without saying of which relation; raises _Doubtful."""
        for node in nodes(tree):
            if not isinstance(node, ast.JoinExpr) or not (node.usingClause or node.isNatural):
                continue
            used = {each.sval for each in node.usingClause or ()}
            for name in self._columns & used if not node.isNatural else self._columns:
                having = [each for each in self._one.relations() if name in each.columns]
                if any(name not in self._changes.get(each.qualified, {}) for each in having):
                    raise _Doubtful(f"it joins by {name} of several tables")

    def _of(self, reference: Reference) -> Iterator[Relation]:
        """The relation that the column is of; raises _Doubtful where it may be one of ours, and is not sure."""
        *qualifier, name = reference.parts
        ours = name in self._columns
        for scope in reference.scope.outwards:
            there = [each for each in scope.ranges if not qualifier or each.called == qualifier[-1]]
            known = [
                self._one.schema.relations.get((each.schema, each.name)) for each in there if each.name is not None
            ]
            having = [each for each in known if each is not None and name in each.columns]
            opaque = len(known) < len(there) or None in known
            if opaque and (qualifier or not having) and there:
                if ours and not self._is_result(reference, scope.labels):
                    raise _Doubtful(f"{'.'.join(reference.parts)} is of a query within, or of what is not there yet")
                return
            if having:
                yield from self._sole(having, name, ours=ours)
                return
            if not qualifier and opaque:
                return
        return

    def _no_row(self, reference: Reference) -> None:
        """Raises _Doubtful for a whole row of one of the tables (`select o from orders o`)."""
        for scope in reference.scope.outwards if len(reference.parts) == 1 else ():
            there = [self._one.schema.relations.get((each.schema, each.name or "")) for each in scope.ranges]
            if any(each is not None and reference.parts[0] in each.columns for each in there):
                return
            for each, relation in zip(scope.ranges, there, strict=True):
                if each.called == reference.parts[0] and relation is not None and relation.qualified in self._changes:
                    raise _Doubtful(f"it uses {each.called} as a whole row")

    def _sole(self, having: Sequence[Relation], name: str, *, ours: bool) -> Iterator[Relation]:
        wanted = {each.qualified: each for each in having}
        after = {self._changes.get(each, {}).get(name) for each in wanted}
        if ours and len(after) > 1 and len({each and each.after for each in after}) > 1:
            raise _Doubtful(f"{name} may be of several tables")
        yield from wanted.values()

    @staticmethod
    def _is_result(reference: Reference, labels: set[str]) -> bool:
        return reference.sorts and reference.parts[-1] in labels

    def _stand_in(self, reference: Reference, change: TypeChange) -> None:
        here = Cut(*span(self._one.sql, reference.location))
        self.found.stand_ins.append((here, f"(null::{change.after})"))
        if reference.labelled is not None:
            label = change.column.replace('"', '""')
            self.found.stand_ins.append((Cut(reference.labelled, reference.labelled), f' as "{label}"'))

    def _relation(self, node: ast.RangeVar | None) -> str:
        found = self._one.schema.relations.get((node.schemaname, node.relname or "")) if node is not None else None
        return found.qualified if found is not None else ""

    def _insert(self, node: ast.InsertStmt) -> None:
        name = self._relation(node.relation)
        if name not in self._changes:
            return
        relation = next(each for each in self._one.relations() if each.qualified == name)
        listed: list[str] = [each.name for each in node.cols] if node.cols else list(relation.columns)
        columns = [self._changes[name].get(each) for each in listed]
        select = node.selectStmt
        if any(columns) and isinstance(select, ast.SelectStmt):
            rows = select.valuesLists or ()
            if not rows and (select.op or not select.targetList):
                raise _Doubtful("what is inserted is a union, or a whole table")
            grouped = select.distinctClause or select.groupClause or select.sortClause
            if grouped and any(isinstance(each.val, ast.ParamRef) for each in select.targetList or ()):
                raise _Doubtful("a value that is inserted is sorted or grouped by, which gives it a type of its own")
            for row in rows or (tuple(each.val for each in select.targetList or ()),):
                if any(isinstance(each, ast.ColumnRef) and not _named(each) for each in row):
                    raise _Doubtful("what is inserted is not listed column by column")
                for change, value in zip(columns, row, strict=False):
                    self._assign(change, value)
        if node.onConflictClause is not None:
            self._update(name, node.onConflictClause.targetList)

    def _update(self, name: str, targets: Any) -> None:
        for each in targets or ():
            change = self._changes.get(name, {}).get(each.name)
            if change is not None and isinstance(each.val, ast.MultiAssignRef):
                raise _Doubtful(f"{change.column} is assigned together with others")
            self._assign(change, each.val)

    def _assign(self, change: TypeChange | None, value: Any) -> None:
        if change is None:
            return
        self.found.values.append((value, change))
        if isinstance(value, ast.TypeCast):
            self.found.assigned[value.location or 0] = change


def _named(node: ast.ColumnRef) -> bool:
    return all(isinstance(each, ast.String) for each in node.fields or ())
