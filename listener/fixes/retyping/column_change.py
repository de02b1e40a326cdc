"""The statements that give a column another type and the old one back, and the queries that tell how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...catalog.snapshot import Column, Oid
from ..composed import query, statement, verbatim
from ..dependents import Subject
from ..dependents.definition import literal
from ..plan import Check
from .backup import key_columns
from .column_type import ColumnType

_STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_ATTRIBUTES = """
select a.attstorage::text, a.attcompression::text, a.attcollation::bigint, a.attstattarget = 0,
  (select t.typcollation from pg_catalog.pg_type t where t.oid = %(old)s::oid)::bigint,
  (select t.typcollation from pg_catalog.pg_type t where t.oid = %(new)s::oid)::bigint,
  case when a.attcollation <> 0 then (select pg_catalog.format('%%I.%%I', n.nspname, c.collname)
    from pg_catalog.pg_collation c join pg_catalog.pg_namespace n on n.oid = c.collnamespace
    where c.oid = a.attcollation) end
from pg_catalog.pg_attribute a where a.attrelid = %(table)s::oid and a.attnum = %(column)s
"""


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """One column between its old type and its new one, with what ALTER TYPE forgets of it.

    `collation_before` and `collation_after` are SQL where they are not the type's own.
    """

    subject: Subject
    storage: str
    compression: str
    collation_before: str | None
    collation_after: str | None
    without_statistics: bool

    def there(self) -> Iterator[str]:
        """The new type, for every value by the cast that was proved."""
        cast, value = self.subject.cast, self.subject.quoted_column
        yield self._alter_type(cast.target, cast.converted(value), self.collation_after)
        yield from self.stored(cast.target)

    def back(self, restored: str | None) -> Iterator[str]:
        """The old type; `restored` is an expression that knows the old spellings."""
        cast, value = self.subject.cast, self.subject.quoted_column
        yield self._alter_type(cast.source, restored or cast.back.converted(value), self.collation_before)
        yield from self.stored(cast.source)

    def analyzed(self) -> Iterator[str]:
        """What the planner knew of the column's values: ALTER TYPE throws it away."""
        if not self.without_statistics:
            yield f"analyze {self.subject.table_name} ({self.subject.quoted_column})"

    def called(self, name: str) -> ColumnChange:
        """The same of another column, which is to be as this one."""
        return replace(self, subject=replace(self.subject, column=self.subject.column._replace(name=name)))

    def probe(self, done: ColumnType, before: ColumnType) -> str:
        """Whether the column has the one type or the other."""
        text = (
            "select coalesce((select case"
            f" when {_is(done)} then 'done' when {_is(before)} then 'before' else 'partial' end"
            f" from pg_catalog.pg_attribute a where {self._attribute} and not a.attisdropped), 'partial')"
        )
        return query(verbatim(text), ("pg_catalog", "pg_attribute"))

    def arrived(self, at: ColumnType, collation: str | None) -> Check:
        """The check that the column has that type and collation."""
        expected = f"{literal(collation)}::pg_catalog.regcollation" if collation else str(_own_collation(at))
        arrived = f"{_is(at)} and a.attcollation = {expected}"
        text = (
            "select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attcollation as collation"
            f" from pg_catalog.pg_attribute a where {self._attribute} and not ({arrived})"
        )
        return Check(
            f"the column is {at.spelled}",
            query(verbatim(text), ("pg_catalog", "pg_attribute")),
            "The type and collation that it has instead.",
            in_transaction=True,
        )

    @property
    def _attribute(self) -> str:
        return f"a.attrelid = {self.subject.table.oid}::oid and a.attnum = {self.subject.column.number}"

    def _alter_type(self, to: ColumnType, using: str, collation: str | None) -> str:
        column = self.subject.quoted_column
        collate = f" collate {collation}" if collation else ""
        return self._altered(
            f"alter column {column} type {to.sql}{collate} using {using}", AlterTableType.AT_AlterColumnType
        )

    def stored(self, at: ColumnType) -> Iterator[str]:
        """Storage and compression as somebody had set them, where the type has any."""
        column = self.subject.quoted_column
        if at.storage != "p" and self.storage != self.subject.cast.source.storage:
            yield self._altered(
                f"alter column {column} set storage {_STORAGE[self.storage]}", AlterTableType.AT_SetStorage
            )
        if at.storage != "p" and self.compression in _COMPRESSION:
            yield self._altered(
                f"alter column {column} set compression {_COMPRESSION[self.compression]}",
                AlterTableType.AT_SetCompression,
            )

    def _altered(self, command: str, node: AlterTableType) -> str:
        table = self.subject.table
        text = verbatim(f"alter table only {self.subject.table_name} {command}")
        return statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=(node,))


async def column_change(connection: AsyncConnection[TupleRow], subject: Subject) -> ColumnChange:
    """The change of that column, with its storage, compression and collation as they are."""
    cast = subject.cast
    parameters = {
        "table": subject.table.oid,
        "column": subject.column.number,
        "old": cast.source.oid,
        "new": cast.target.oid,
    }
    row = await (await connection.execute(_ATTRIBUTES, parameters)).fetchone()
    assert row is not None
    storage, compression, collation, without_statistics, old_own, new_own, name = row
    return ColumnChange(
        subject,
        storage,
        compression,
        name if collation != old_own else None,
        name if collation != new_own and cast.target.collatable and cast.source.collatable else None,
        bool(without_statistics),
    )


def still_called(subject: Subject, columns: Sequence[Column]) -> Check:
    """The check that the columns' names are still theirs: statements find them by name."""
    pairs = ", ".join(f"({column.number}, {literal(column.name)})" for column in columns)
    text = (
        "select wanted.name, a.attname as is_called"
        f" from (values {pairs}) as wanted (number, name)"
        f" left join pg_catalog.pg_attribute a on a.attrelid = {subject.table.oid}::oid and a.attnum = wanted.number"
        " where a.attname is distinct from wanted.name"
    )
    return Check(
        "the columns are called as they were",
        query(verbatim(text), ("pg_catalog", "pg_attribute")),
        "Columns that were renamed or dropped.",
    )


def values_that_are(subject: Subject, condition: str, name: str, meaning: str) -> Check:
    """The check that no value of the column meets the condition; shows each that does with its row's key."""
    value = subject.quoted_column
    keys = [sql.Identifier(column.name).as_string() for column in key_columns(subject.table)] or ["ctid"]
    becomes = f"case when {subject.cast.castable(value)} then {subject.cast.converted(value)}::pg_catalog.text end"
    shown = [*keys, f"{value}::pg_catalog.text as value", f"{becomes} as becomes"]
    text = f"select {', '.join(shown)} from only {subject.table_name} where {condition}"
    return Check(name, query(verbatim(text), (subject.table.schema, subject.table.name)), meaning)


def _is(wanted: ColumnType) -> str:
    return f"a.atttypid = {wanted.oid}::oid and a.atttypmod = {wanted.modifier}"


def _own_collation(of: ColumnType) -> Oid:
    return 100 if of.collatable else 0
