"""Everything that hangs on a column, and how it survives another type of the column (law 9). One kind per file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ..composed import identifier
from ..plan import Check, Lock
from .constraint import constraints
from .dependent import Dependent, Subject
from .description import Description, Row, as_before, as_left, as_planned, unchanged
from .function import functions
from .generated import generated_columns
from .index import indexes
from .lineage import lineage
from .newcomer import no_newcomers
from .policy import policies
from .publication import publications
from .rereading import Rereading
from .row_type import row_type_users
from .rule import rules
from .sequence import sequences
from .statistics import statistics
from .strange_code import strange_code
from .strip import Strip
from .trigger import triggers
from .unknown import unknown
from .view import View, fallen_views, held, reread
from .view import dependents as view_dependents

__all__ = ["Dependent", "Dependents", "Subject", "read_dependents"]

# The table as it will look, without a row: what stored expressions are read on.
_COLUMNS = """
select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnum = %(column)s,
  case when a.attcollation <> t.typcollation then pg_catalog.format('%%I.%%I', n.nspname, c.collname) end
from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_collation c on c.oid = a.attcollation
  left join pg_catalog.pg_namespace n on n.oid = c.collnamespace
where a.attrelid = %(table)s::oid and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


@dataclass(frozen=True, slots=True)
class Dependents:
    """All dependents of a column in the order in which they are taken down.

    `held` locks the views among them. `described` is what the description says now.
    """

    subject: Subject
    found: tuple[Dependent, ...]
    held: tuple[str, ...]
    strip: Strip
    description: Description
    described: tuple[Row, ...]

    @property
    def refusals(self) -> tuple[str, ...]:
        """What can't be preserved, with the reason."""
        return tuple(each.refusal for each in self.found if each.refusal)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        return tuple(each.note for each in self.found if each.note)

    @property
    def recreated(self) -> tuple[str, ...]:
        """Names of those that are taken down and put back."""
        return tuple(each.described for each in self.found if each.recreated)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """Locks besides that on the table."""
        return tuple(dict.fromkeys(lock for each in self.found for lock in each.locks))

    @property
    def tables(self) -> tuple[tuple[Oid, str], ...]:
        """Other tables that are altered along, by OID."""
        return tuple(dict.fromkeys(table for each in self.found for table in each.tables))

    @property
    def ms_per_row(self) -> float:
        """What renewing them costs for each row of the table."""
        return sum(each.ms_per_row for each in self.found)

    @property
    def down(self) -> tuple[str, ...]:
        """What goes before the type changes."""
        return tuple(statement for each in self.found for statement in each.down)

    @property
    def up(self) -> tuple[str, ...]:
        """What comes back after it."""
        mended = [statement for each in self.found for statement in each.mended]
        return (*mended, *(statement for each in reversed(self.found) for statement in each.up))

    @property
    def undo_down(self) -> tuple[str, ...]:
        """What goes before the type changes back."""
        return tuple(
            statement for each in self.found for statement in (each.down if each.undo_down is None else each.undo_down)
        )

    @property
    def undo_up(self) -> tuple[str, ...]:
        """What comes back after that, as it was before the fix."""
        mended = [statement for each in self.found for statement in each.mended if each.undo_down is None]
        again = [each.up if each.undo_up is None else each.undo_up for each in reversed(self.found)]
        return (*mended, *(statement for statements in again for statement in statements))

    @property
    def unchanged(self) -> Check:
        """The check that all is described after the change as before it."""
        return unchanged(self.strip)

    @property
    def as_planned(self) -> Check | None:
        """The check that what is taken down is still what was read when the plan was made."""
        return as_planned(self.described, self.recreated) if self.recreated else None

    @property
    def as_left(self) -> Check | None:
        """The check that what undo takes down is still as the fix left it."""
        return as_left(self.described, self._remade_by_undo, self.strip) if self._remade_by_undo else None

    @property
    def as_before(self) -> Check | None:
        """The check that what undo made anew is as it was before the fix."""
        return as_before(self.described, self._remade_by_undo) if self._remade_by_undo else None

    @property
    def no_newcomers(self) -> Check:
        """The check that nothing else has come to stand on the column."""
        return no_newcomers(self.subject.table.oid, self.subject.column.number, {each.described for each in self.found})

    @property
    def _remade_by_undo(self) -> tuple[str, ...]:
        return tuple(each.described for each in self.found if each.recreated or each.undo_down)


async def read_dependents(connection: AsyncConnection[TupleRow], subject: Subject) -> Dependents:
    """Everything that hangs on the column; nothing is locked and nothing of anybody's code runs."""
    views = await fallen_views(connection, subject)
    strip = Strip(subject.cast, frozenset({subject.column.name, *(name for view in views for name in view.retyped)}))
    rereading, objections = await reread(views, await _table_with_new_type(connection, subject, strip))
    oids = [view.oid for view in views]
    found = (
        *await lineage(connection, subject),
        # A policy may select from a view: it is closed before the view goes.
        *await policies(connection, subject, oids, rereading),
        *await triggers(connection, subject, rereading),
        *view_dependents(views, objections, subject),
        *await rules(connection, subject, oids),
        *await constraints(connection, subject, rereading, strip),
        *await indexes(connection, subject, rereading, strip),
        *await statistics(connection, subject, rereading, strip),
        *await sequences(connection, subject),
        *await generated_columns(connection, subject),
        *await functions(connection, subject),
        *await publications(connection, subject),
        *await row_type_users(connection, subject),
        *await strange_code(connection, subject),
        *await unknown(connection, subject),
    )
    return await _described(connection, subject, found, views, strip)


async def _described(
    connection: AsyncConnection[TupleRow],
    subject: Subject,
    found: tuple[Dependent, ...],
    views: tuple[View, ...],
    strip: Strip,
) -> Dependents:
    others = tuple(oid for each in found for oid, _ in each.tables)
    names = tuple(view.name for view in views)
    description = Description(subject.table.oid, subject.column.number, names, others)
    return Dependents(subject, found, held(views), strip, description, await description.read(connection))


async def _table_with_new_type(connection: AsyncConnection[TupleRow], subject: Subject, strip: Strip) -> Rereading:
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    columns: Mapping[str, str] = {
        name: _null(subject.cast.target.sql if itself else type_name, None if itself else collation)
        for name, type_name, itself, collation in await (await connection.execute(_COLUMNS, parameters)).fetchall()
    }
    row = ", ".join(f"{value} as {identifier(name).as_string()}" for name, value in columns.items())
    return Rereading(connection, strip, {(subject.table.schema, subject.table.name): f"select {row}"})


def _null(type_name: str, collation: str | None) -> str:
    return f"null::{type_name}" + (f" collate {collation}" if collation else "")
