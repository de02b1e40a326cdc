"""The CREATE INDEX statement of an index: said by the server, or composed where the fields say it all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from psycopg import sql

from .rows import OperatorClasses
from .snapshot import Index, Oid, Table

# What stands for a definition that a lock kept from being read.
UNREAD: Final = ""
_DESCENDING, _NULLS_FIRST = 1, 2


class UsualClasses:
    """The operator classes that types get without being asked for."""

    def __init__(self, read: OperatorClasses) -> None:
        self._by_type = {(method, type_oid): oid for method, type_oid, oid in zip(*read, strict=True)}
        self._all = frozenset(read.oids)

    def unasked(self, method: str, type_oid: Oid, operator_class: Oid) -> bool:
        """Whether the class goes without saying. A type that has none of its own takes that of a type it is like."""
        return self._by_type.get((method, type_oid), operator_class) == operator_class and operator_class in self._all


def says_all(index: Index, kinds: Sequence[tuple[Oid, Oid]], usual: UsualClasses) -> bool:
    """Whether the fields alone say all that pg_get_indexdef would. `kinds` are type and collation of each column; where
    there are expressions, they do not matter."""
    if index.shape is not None or index.storage or index.class_options:
        return False
    for kind, operator_class, collation in zip(kinds, index.operator_classes, index.collations, strict=True):
        type_oid, own_collation = kind
        if collation != own_collation or not usual.unasked(index.method, type_oid, operator_class):
            return False
    return True


def index_definition(table: Table, index: Index) -> str | None:
    """What would make this index again on that table; None where a lock kept its definition from being read.

    Which tablespace holds it is not told, as pg_get_indexdef does not tell it either.
    """
    if index.definition is not None:
        return index.definition or None
    words = [
        "CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX",
        _quoted(index.name),
        "ON ONLY" if table.kind == "p" else "ON",
        f"{_quoted(table.schema)}.{_quoted(table.name)}",
        f"USING {_quoted(index.method)}",
        _list(_key(name, options) for name, options in zip(table.names(index.columns), index.options, strict=True)),
    ]
    if index.included:
        words.append(f"INCLUDE {_list(map(_quoted, table.names(index.included)))}")
    if index.nulls_not_distinct:
        words.append("NULLS NOT DISTINCT")
    return " ".join(words)


def _key(name: str, options: int) -> str:
    descending, nulls_first = bool(options & _DESCENDING), bool(options & _NULLS_FIRST)
    direction = " DESC" if descending else ""
    nulls = "" if descending == nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST"
    return f"{_quoted(name)}{direction}{nulls}"


def _list(items: Iterable[str]) -> str:
    return f"({', '.join(items)})"


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()
