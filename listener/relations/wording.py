"""How tables and columns are written for people."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog.snapshot import AttributeNumber, Column, Table


def columns_at(table: Table, numbers: tuple[AttributeNumber, ...]) -> tuple[Column, ...]:
    """The columns with those numbers, those that are there; in most tables a column stands at its number."""
    columns = table.columns
    if len(numbers) == 1 and numbers[0] <= len(columns) and columns[numbers[0] - 1].number == numbers[0]:
        return (columns[numbers[0] - 1],)
    found: list[Column] = []
    for number in numbers:
        if 0 < number <= len(columns) and columns[number - 1].number == number:
            found.append(columns[number - 1])
        else:
            found += [column for column in columns if column.number == number]
    return tuple(found)


def columns_of(table: Table, numbers: tuple[AttributeNumber, ...]) -> str:
    """`schema.table(column, column)`."""
    return f"{table.qualified_name}({', '.join(column.name for column in columns_at(table, numbers))})"


def dotted(table: Table, numbers: tuple[AttributeNumber, ...]) -> str:
    """`table.column` for one, `table(column, column)` for several."""
    names = table.names(numbers)
    return f"{table.name}.{names[0]}" if len(names) == 1 else f"{table.name}({', '.join(names)})"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(parts: Iterable[str], conjunction: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *head, last = parts
    return f"{', '.join(head)} {conjunction} {last}" if head else last
