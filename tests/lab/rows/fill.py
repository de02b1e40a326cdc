"""Rows for a whole database: tables filled parents first, cycles closed at the end, every foreign key counted after."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from .draft import Draft, Drafts, parent_rows
from .order import Order, order_of
from .shape import ForeignKey, Shape, Table, read_shape

ROWS = 12
_TRIES_A_ROW = 40
_LEFT_OPEN_SHARE = 0.1
# What a row's values may be refused for; anything else that the server says is no matter of this row.
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.RaiseException)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many rows a table has got; where it has none, why."""

    table: str
    rows: int
    reason: str | None = None


def fill(connection: psycopg.Connection[Any], seed: int, rows: int = ROWS) -> list[Filled]:
    """Fill every table with up to so many rows that all constraints allow; the same seed, the same rows.

    Neither triggers nor rules run, and no foreign key is checked, until in the end none has an orphan.
    """
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("set local row_security = off")
        return _Filler(connection, read_shape(connection), seed, rows).fill()


class _Filler:
    def __init__(self, connection: psycopg.Connection[Any], shape: Shape, seed: int, rows: int) -> None:
        self._connection = connection
        self._shape = shape
        self._order: Order = order_of(shape)
        self._seed = seed
        self._rows = rows
        self._reasons: dict[int, str] = {}

    def fill(self) -> list[Filled]:
        tables = [table for table in self._order.tables if table.kind == "r"]
        for table in tables:
            self._fill_table(table)
        for table in tables:
            for key in table.foreign_keys:
                if self._order.is_late(table, key):
                    self._close(table, key)
        self._drop_orphans(tables)
        others = [Filled(str(table), 0, "it is a foreign table") for table in self._order.tables if table.kind == "f"]
        return [self._filled(table) for table in tables] + others

    def _random(self, table: Table, purpose: str = "") -> Random:
        """A generator for each table: another one more does not change this one's rows."""
        return Random(zlib.crc32(f"{self._seed} {table} {purpose}".encode()))

    def _fill_table(self, table: Table) -> None:
        drafts = Drafts(self._connection, self._shape, self._order, table, self._random(table))
        made = tried = 0
        while made < self._rows and tried < self._rows * _TRIES_A_ROW:
            tried += 1
            draft = drafts.draw()
            if draft is None:
                self._reasons[table.oid] = "no row of a parent table fits its foreign keys"
            else:
                made += self._inserted(table, draft)

    def _inserted(self, table: Table, draft: Draft) -> bool:
        columns = [column for column in table.columns if column.number in draft]
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            table.identifier,
            sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            sql.SQL(", ").join(
                sql.SQL("{}::{}").format(draft[column.number], sql.SQL(column.type_name)) for column in columns
            ),
        )
        if not columns:
            statement = sql.SQL("insert into {} default values").format(table.identifier)
        with self._refusable(table) as done:
            self._connection.execute(statement)
            done.append(True)
        return bool(done)

    @contextmanager
    def _refusable(self, table: Table) -> Iterator[list[bool]]:
        """A savepoint; what the server refuses is put down as the table's reason."""
        done: list[bool] = []
        try:
            with self._connection.transaction():
                yield done
        except _REFUSED as error:
            done.clear()
            self._reasons[table.oid] = f"{error.sqlstate}: {error.diag.message_primary}"

    def _close(self, table: Table, key: ForeignKey) -> None:
        """Point each row at a parent, now that there are some; some rows at none, where that may be."""
        random = self._random(table, key.name)
        parents = parent_rows(self._connection, self._shape, key)
        nullable = any(not table.column(number).not_null for number in key.columns)
        others = {number for other in table.foreign_keys if other is not key for number in other.columns}
        free = [place for place, number in enumerate(key.columns) if number not in others]
        if not parents or not free:
            return
        columns = [table.column(key.columns[place]) for place in free]
        shared = [(place, number) for place, number in enumerate(key.columns) if place not in free]
        for where, *agreed in self._rows_of(table, [number for _, number in shared]):
            if nullable and random.random() < _LEFT_OPEN_SHARE:
                continue
            fitting = [row for row in parents if [row[place] for place, _ in shared] == agreed]
            for parent in random.sample(fitting, len(fitting)):
                pairs = sql.SQL(", ").join(
                    sql.SQL("{} = {}::{}").format(sql.Identifier(column.name), parent[place], sql.SQL(column.type_name))
                    for place, column in zip(free, columns, strict=True)
                )
                with self._refusable(table) as done:
                    self._connection.execute(
                        sql.SQL("update only {} set {} where ctid = {}::tid").format(table.identifier, pairs, where)
                    )
                    done.append(True)
                if done:
                    break

    def _rows_of(self, table: Table, columns: list[int]) -> list[tuple[Any, ...]]:
        names = [sql.SQL(", {}::text").format(sql.Identifier(table.column(number).name)) for number in columns]
        query = sql.SQL("select ctid::text{} from only {} order by ctid").format(sql.Composed(names), table.identifier)
        return self._connection.execute(query).fetchall()

    def _drop_orphans(self, tables: list[Table]) -> None:
        """Delete rows without their parent, and then those that thereby lost theirs, until no foreign key has any."""
        while sum(self._drop_orphans_of(table, key) for table in tables for key in table.foreign_keys):
            pass

    def _drop_orphans_of(self, table: Table, key: ForeignKey) -> int:
        parent = self._shape.tables.get(key.parent)
        set_columns = [sql.Identifier("child", table.column(number).name) for number in key.columns]
        is_set = sql.SQL(" and " if not key.whole else " or ").join(
            sql.SQL("{} is not null").format(column) for column in set_columns
        )
        there = sql.SQL("false")
        if parent is not None:
            theirs = [sql.Identifier("parent", parent.column(number).name) for number in key.parent_columns]
            there = sql.SQL("exists (select from {} {} as parent where {})").format(
                sql.SQL("" if parent.kind == "p" else "only"),
                parent.identifier,
                sql.SQL(" and ").join(
                    sql.SQL("{} = {}").format(*pair) for pair in zip(theirs, set_columns, strict=True)
                ),
            )
        deleted = self._connection.execute(
            sql.SQL("delete from only {} as child where ({}) and not {}").format(table.identifier, is_set, there)
        ).rowcount
        if deleted:
            self._reasons[table.oid] = f"no rows of {parent or 'an unknown table'} for {key.name}"
        return deleted

    def _filled(self, table: Table) -> Filled:
        row = self._connection.execute(sql.SQL("select count(*) from only {}").format(table.identifier)).fetchone()
        assert row is not None
        return Filled(str(table), row[0], None if row[0] else self._reasons.get(table.oid, "no row was tried"))
