"""Drafts of one table's rows: a value for each column, foreign keys pointing at rows that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from .candidates import candidates
from .order import Order
from .shape import Column, ForeignKey, Shape, Table
from .values import Values

_NULL_SHARE = 0.15
_DEFAULT_SHARE = 0.4
_CANDIDATE_SHARE = 0.75
_MOST_PARENTS = 200

Draft = Mapping[int, str | None]
ParentRows = Sequence[tuple[str | None, ...]]


class Drafts:
    """Draws drafts of one table's rows; a column that is missing in one takes its default."""

    def __init__(
        self, connection: psycopg.Connection[Any], shape: Shape, order: Order, table: Table, random: Random
    ) -> None:
        self._random = random
        self._table = table
        self._values = Values(random, shape.types)
        self._keys = [key for key in table.foreign_keys if not order.is_late(table, key)]
        self._late = {number for key in table.foreign_keys if order.is_late(table, key) for number in key.columns}
        self._parents = {key.name: parent_rows(connection, shape, key) for key in self._keys}
        self._candidates = {
            column.number: _accepted(connection, column, _suggested(table, column, shape, random))
            for column in table.columns
        }

    def draw(self) -> Draft | None:
        """A draft; None where two foreign keys found no rows that agree, or a parent that must be there has none."""
        values: dict[int, str | None] = {}
        for key in self._keys:
            if not self._tie(key, values):
                return None
        for column in self._table.columns:
            if column.number in values or column.automatic:
                continue
            nullable = not column.not_null
            if nullable and (column.number in self._late or self._random.random() < _NULL_SHARE):
                values[column.number] = None
            elif not (column.has_default and self._random.random() < _DEFAULT_SHARE):
                values[column.number] = self._value(column)
        return values

    def _value(self, column: Column) -> str:
        suggested = self._candidates[column.number]
        if suggested and self._random.random() < _CANDIDATE_SHARE:
            return self._random.choice(suggested)
        return self._values.of(column.type_oid, column.modifier)

    def _tie(self, key: ForeignKey, values: dict[int, str | None]) -> bool:
        """Point at a row of the parent that agrees with what is drawn already, or at none."""
        fitting = [
            row
            for row in self._parents[key.name]
            if all(values.get(number, there) == there for number, there in zip(key.columns, row, strict=True))
        ]
        nullable = [number for number in key.columns if not self._table.column(number).not_null]
        can_be_none = len(nullable) == len(key.columns) if key.whole else bool(nullable)
        open_still = can_be_none and not values.keys() & set(key.columns)
        if open_still and (not fitting or self._random.random() < _NULL_SHARE):
            values.update(dict.fromkeys(nullable))
            return True
        if fitting:
            values.update(zip(key.columns, self._random.choice(fitting), strict=True))
        return bool(fitting)


def parent_rows(connection: psycopg.Connection[Any], shape: Shape, key: ForeignKey) -> ParentRows:
    """The keys that a foreign key may point at, as text, in an order that does not depend on where they lie."""
    parent = shape.tables.get(key.parent)
    if parent is None:
        return ()
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(parent.column(each).name)) for each in key.parent_columns
    )
    query = sql.SQL("select {} from {} {} order by {} limit {}").format(
        columns,
        sql.SQL("" if parent.kind == "p" else "only"),
        parent.identifier,
        sql.SQL(", ").join(sql.SQL(str(place + 1)) for place in range(len(key.parent_columns))),
        sql.Literal(_MOST_PARENTS),
    )
    rows = connection.execute(query).fetchall()
    return [row for row in rows if None not in row]


def _suggested(table: Table, column: Column, shape: Shape, random: Random) -> list[str]:
    texts = list(shape.types[column.type_oid].checks)
    for check in table.checks:
        if column.number in check.columns if check.columns else column.name in check.text:
            texts.append(check.text)
    return [each for text in texts for each in candidates(text, random)]


def _accepted(connection: psycopg.Connection[Any], column: Column, suggested: Sequence[str]) -> list[str]:
    """Those that the column's type, and a domain's own checks, take."""
    accepted: list[str] = []
    for each in dict.fromkeys(suggested):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("select {}::{}").format(each, sql.SQL(column.type_name)))
        except (psycopg.DataError, psycopg.IntegrityError):
            continue
        accepted.append(each)
    return accepted
