"""What a statement did whose text was withheld, as far as the catalogs show it: several commands in one string, a DO
block, a call. CONCURRENTLY runs in none of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..catalog.snapshot import Column, Constraint, Table
from .commands import Command, Sort
from .impact import Lock


def commands_seen(before: Table, after: Table, told: Collection[str], *, alone: bool) -> Iterator[Command]:
    """What became of the table's constraints, indexes and columns, without those that texts have `told` of.

    `alone` says that the statement did nothing else: then it may be a CONCURRENTLY whose text is not kept.
    """
    # What was made anew along with a column's type has its name still.
    was = {each.name for each in before.constraints}
    new = [each for each in after.constraints if each.name not in was | set(told) and not each.parent]
    for constraint in new:
        yield from _added(constraint, before, after)
    backing = {each.index_oid for each in after.constraints}
    indexes = {each.name for each in before.indexes}
    for index in after.indexes:
        is_new = index.name not in indexes and index.oid not in backing and not index.parent
        if is_new and index.valid and index.name not in told and not alone:
            yield Command(Sort.INDEX, Lock.SHARE, name=index.name)
    keyed = {number for each in new if each.kind == "p" for number in each.columns}
    for column in after.columns:
        earlier = before.column(column.number)
        if earlier is None or column.name in told:
            continue
        if column.not_null and not earlier.not_null and column.number not in keyed:
            yield Command(Sort.NOT_NULL, Lock.ACCESS_EXCLUSIVE, (column.name,))
        if (column.type_oid, column.type_modifier) != (earlier.type_oid, earlier.type_modifier):
            yield Command(Sort.TYPE, Lock.ACCESS_EXCLUSIVE, (column.name,))
    for column in (each for each in _come(before, after) if each.name not in told):
        yield Command(Sort.ADD_COLUMN, Lock.ACCESS_EXCLUSIVE, (column.name,), surely=bool(column.identity))


def _come(before: Table, after: Table) -> Iterator[Column]:
    known = {column.number for column in before.columns}
    return (column for column in after.columns if column.number not in known)


def _added(constraint: Constraint, before: Table, after: Table) -> Iterator[Command]:
    columns = after.names(constraint.columns)
    if not constraint.validated or not constraint.enforced:
        return
    match constraint.kind:
        case "c":
            yield Command(Sort.CHECK, Lock.ACCESS_EXCLUSIVE, name=constraint.name)
        case "f" if not all(_is_empty(before, after, number) for number in constraint.columns):
            yield Command(Sort.FOREIGN_KEY, Lock.SHARE_ROW_EXCLUSIVE, columns, constraint.name)
        case "p" | "u" if before.index(constraint.index_oid) is None:
            yield Command(Sort.KEY, Lock.ACCESS_EXCLUSIVE, columns, constraint.name)
        case "x":
            yield Command(Sort.EXCLUSION, Lock.ACCESS_EXCLUSIVE, name=constraint.name)
        case _:
            pass


def _is_empty(before: Table, after: Table, number: int) -> bool:
    """Whether the column came without a value for the rows that are there: then nothing is looked up."""
    column = after.column(number)
    return before.column(number) is None and column is not None and column.default is None
