"""What is gone only because something else is gone: that is told once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import pglast
from pglast import ast
from pglast.visitors import Visitor

from .difference import RELATIONS
from .portrait import ObjectKind, Portrayed

_PART: Final = re.compile(r'"(?:[^"]|"")*"|[^."]+')


class Consequences:
    """Knows all that is missing, and says of one of them whether another took it along."""

    def __init__(self, missing: Iterable[Portrayed]) -> None:
        self._schemas: set[str] = set()
        self._relations: set[tuple[str, ...]] = set()
        self._columns: dict[tuple[str, ...], set[str]] = {}
        for each in missing:
            name = each.name
            if name.kind is ObjectKind.SCHEMA:
                self._schemas.add(name.name)
            elif name.kind in RELATIONS:
                self._relations.add((name.schema, name.name))
            elif name.kind is ObjectKind.COLUMN:
                self._columns.setdefault((name.schema, name.relation), set()).add(name.name)

    def covers(self, each: Portrayed) -> bool:
        """Whether it went with its schema, its table or its column, and comes back after that."""
        name = each.name
        if name.schema in self._schemas or (name.schema, name.relation) in self._relations:
            return True
        match name.kind:
            case ObjectKind.TABLE:
                return unquoted(each.fields.get("partition_of", "")) in self._relations
            case ObjectKind.SEQUENCE:
                *table, column = unquoted(each.fields.get("owned_by", "")) or ("",)
                owner = tuple(table)
                return owner in self._relations or column in self._columns.get(owner, ())
            case ObjectKind.INDEX | ObjectKind.CONSTRAINT | ObjectKind.STATISTICS:
                gone = self._columns.get((name.schema, name.relation))
                return bool(gone) and not gone.isdisjoint(_columns_of(each))
            case _:
                return False


def _columns_of(each: Portrayed) -> set[str]:
    """The columns of its own table that an index, a constraint or statistics name."""
    text = each.definition
    if each.name.kind is ObjectKind.CONSTRAINT:
        text = f"alter table x add {text}"
    try:
        statements: tuple[Any, ...] = pglast.parse_sql(text)
    except pglast.Error:
        return set()
    names = _Columns()
    for statement in statements:
        names(statement.stmt)
    return names.found


class _Columns(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_ColumnRef(self, _: object, node: Any) -> None:  # noqa: N802 - pglast finds it by this name
        self.found.update(part.sval or "" for part in node.fields[-1:] if isinstance(part, ast.String))

    def visit_IndexElem(self, _: object, node: Any) -> None:  # noqa: N802
        self.found.update([node.name] if node.name else [])

    def visit_StatsElem(self, _: object, node: Any) -> None:  # noqa: N802
        self.found.update([node.name] if node.name else [])

    def visit_Constraint(self, _: object, node: Any) -> None:  # noqa: N802
        for part in (node.keys, node.fk_attrs, node.including):
            self.found.update(each.sval for each in part or ())


def unquoted(name: str) -> tuple[str, ...]:
    """The parts of a dotted name that `quote_ident` wrote."""
    return tuple(
        part[1:-1].replace('""', '"') if part.startswith('"') else part for part in _PART.findall(name) if part
    )
