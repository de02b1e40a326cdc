"""Whether all rows were written anew: the table's file says so, and the types where nobody saw the file before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ..catalog.snapshot import Oid, Snapshot, Table
from ..relations.families import FIRST_OWN_OID
from .commands import Command, Sort

_Type = tuple[Oid, int, Oid]
# Between these a type can change and every stored value stay as it is, or under some settings.
_ALIKE: Final = (
    frozenset({25, 1042, 1043, 19}),  # text, character, varchar, name
    frozenset({1114, 1184}),  # timestamps, where the time zone is UTC
    frozenset({1560, 1562}),  # bits
    frozenset({650, 869}),  # cidr, inet
    frozenset({23, 26, 24, 2202, 2203, 2204, 2205, 2206, 4089, 4096, 3734, 3769}),  # integer, oid and their aliases
    frozenset({25, 142, 114}),  # text, xml, json
)


def was_rewritten(oid: Oid, before: Mapping[Oid, Table], after: Snapshot) -> bool | None:
    """Whether the table, or a partition of it, has another file than before; None where that is not known."""
    known = False
    for each in with_partitions(oid, after):
        was, now = before.get(each), after.tables.get(each)
        if was is None or now is None or now.kind != "r":
            continue
        if not was.statistics.file or not now.statistics.file:
            return None
        if was.statistics.file != now.statistics.file:
            return True
        known = True
    return False if known else None


def may_rewrite(command: Command, before: Table, after: Table) -> bool:
    """Whether the command can have written anew what became of the table."""
    match command.sort:
        case Sort.ADD_COLUMN:
            column = after.column_named(command.columns[0])
            if column is None or before.column(column.number) is not None or column.generated == "v":
                return False
            # A domain may have a constraint, which PostgreSQL checks by writing the rows.
            return column.default is not None or bool(column.identity) or column.type_oid >= FIRST_OWN_OID
        case Sort.TYPE:
            return any(was != now for was, now in _types(command, before, after))
        case _:
            return True


def surely_rewrites(command: Command, before: Table, after: Table) -> bool:
    """Whether it cannot have done without."""
    if command.sort is Sort.TYPE:
        return any(_differ(was[0], now[0]) for was, now in _types(command, before, after))
    if command.name in ("LOGGED", "UNLOGGED"):
        return before.persistence != after.persistence
    return command.surely


def _types(command: Command, before: Table, after: Table) -> Iterator[tuple[_Type, _Type]]:
    """What the type of each column was, and what it is."""
    for name in command.columns:
        now = after.column_named(name)
        was = before.column(now.number) if now is not None else None
        if was is not None and now is not None:
            yield (was.type_oid, was.type_modifier, was.collation), (now.type_oid, now.type_modifier, now.collation)


def _differ(was: Oid, now: Oid) -> bool:
    """Whether values of the two types are stored otherwise, whatever they are."""
    if was == now or max(was, now) >= FIRST_OWN_OID:
        return False
    return not any({was, now} <= alike for alike in _ALIKE)


def with_partitions(oid: Oid, snapshot: Snapshot) -> Iterator[Oid]:
    """The table and all its partitions that the snapshot has."""
    table = snapshot.tables.get(oid)
    if table is not None:
        yield oid
    if table is not None and table.kind == "p":
        for child in snapshot.children.get(oid, ()):
            yield from with_partitions(child, snapshot)
