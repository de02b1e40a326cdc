"""The column beside the one that changes, and what keeps it in step with every write: nobody's write fails of it.

A value that has no like in the other type leaves the shadow NULL, which the end of the change finds. What is written is
judged in the writer's session and with the writer's rights: the function has no SET clause and reads nothing, and no
search_path decides what its names mean (`qualified.py`).

A row that is updated is filled by that, even where its value stays: so whatever moves after the triggers are there is
in step, and one walk over the pages that were there before them reaches all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pglast import ast
from psycopg import sql

from ...errors import PlanRefused
from ..backup_record import SCHEMA
from ..composed import identifier, query, statement, verbatim
from ..dependents import Subject
from ..dependents.definition import literal, verified
from ..names import first_free
from ..plan import Check
from ..retyping.column_change import ColumnChange
from ..retyping.column_type import ColumnType
from .qualified import qualified

_LAST = "zzzz_pgmend"
# A backfill that may act as a replica only ever fills what is NULL: for it nothing else is looked at, row by row.
_MOVED = (
    "case when old.{shadow} is null and new.{shadow} is not null"
    " and pg_catalog.current_setting('session_replication_role') operator(pg_catalog.=) 'replica' then false"
    " else (new.{shadow} is null and new.{column} is not null)"
    " or pg_catalog.record_image_ne(row(new.{column}, new.{shadow}), row(old.{column}, old.{shadow})) end"
)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The column `name` of the subject's table, to be the subject's column in the cast's target type.

    `stem` names what else it takes: two triggers and a function in schema pgmend_backup. `uncast` is the index of the
    rows in which it is still NULL and should not be.
    """

    subject: Subject
    change: ColumnChange
    name: str
    stem: str
    uncast: str

    @property
    def quoted(self) -> str:
        """Its name as a statement writes it."""
        return identifier(self.name).as_string()

    @property
    def triggers(self) -> tuple[str, str]:
        """The triggers' names: on INSERT and on UPDATE."""
        return f"{_LAST}_{self.stem}_insert", f"{_LAST}_{self.stem}_update"

    @property
    def function(self) -> str:
        """The function's name, as SQL."""
        return identifier(SCHEMA, f"sync_{self.subject.table.oid}_{self.stem}").as_string()

    def filled(self, row: str = "") -> str:
        """What the shadow is in a row: the value's like, or NULL."""
        cast, value = self.subject.cast, f"{row}{self.subject.quoted_column}"
        return cast.converted(value) if cast.always_exact else self._where_exact(value)

    def made(self, collation: str | None) -> Iterator[str]:
        """Statements that add it and keep it in step from then on."""
        target, table = self.subject.cast.target, self.subject.table_name
        collate = f" collate {collation}" if collation else ""
        yield verified(f"alter table only {table} add column {self.quoted} {target.sql}{collate}")
        yield from self.change.called(self.name).stored(target)
        comment = f"Will be column {self.subject.column.name} as {target.spelled}; pgmend fills it."
        yield verified(f"comment on column {table}.{self.quoted} is {literal(comment)}")
        yield self._function()
        yield f"revoke all on function {self.function}() from public"
        yield f"comment on function {self.function}() is {literal(f'Keeps {self.name} in step while pgmend fills it.')}"
        for name, text in zip(self.triggers, (self._on_insert(), self._on_update()), strict=True):
            yield verified(text)
            trigger = identifier(name).as_string()
            yield verified(f"alter table only {table} enable always trigger {trigger}")
            yield verified(f"comment on trigger {trigger} on {table} is {literal(f'Keeps {self.name} in step.')}")

    def no_longer_kept(self) -> Iterator[str]:
        """Statements that take away all but the column."""
        table, present = self.subject.table, self._column_number
        yield verified(f"drop index if exists {identifier(table.schema, self.uncast).as_string()}")
        for name in self.triggers:
            yield verified(f"drop trigger if exists {identifier(name).as_string()} on {self.subject.table_name}")
        yield f"drop function if exists {self.function}()"
        yield f"delete from pgmend.backfill where table_oid = {table.oid}::oid and column_number = {present}"

    def taken_away(self) -> Iterator[str]:
        """Statements that leave nothing of it; indexes and checks on it go with the column."""
        yield from self.no_longer_kept()
        yield verified(f"alter table only {self.subject.table_name} drop column if exists {self.quoted}")

    def swapped(self) -> Iterator[str]:
        """The column goes, and the shadow has its name."""
        table, column = self.subject.table_name, self.subject.quoted_column
        yield verified(f"alter table only {table} drop column {column}")
        yield verified(f"alter table only {table} rename column {self.quoted} to {column}")

    def probe(self, there: str, otherwise: str = "before") -> str:
        """A probe that says done once the column has its type, else what the case `there` says."""
        return probe(f"select case when {self.arrived} then 'done' {there} else '{otherwise}' end")

    @property
    def arrived(self) -> str:
        """Whether the subject's column has the target type, as SQL."""
        return self._is(self.subject.column.name, self.subject.cast.target)

    @property
    def present(self) -> str:
        """Whether the shadow is there, as SQL."""
        return self._is(self.name, self.subject.cast.target)

    @property
    def kept(self) -> str:
        """Whether it is there with both triggers, as SQL."""
        return f"{self.present} and 2 = (select pg_catalog.count(*) from {self._standing})"

    def in_step(self) -> Check:
        """The check that both triggers are there and always fire."""
        wanted = ", ".join(f"({literal(name)})" for name in self.triggers)
        text = (
            f"select wanted.name as trigger from (values {wanted}) as wanted (name) where not exists"
            f" (select from {self._standing} and t.tgname = wanted.name) or not {self.present}"
        )
        return Check(
            "what keeps the new column in step is there",
            query(verbatim(text), *_names_in(text)),
            "Triggers that somebody dropped, disabled or altered.",
        )

    def all_cast(self, keys: tuple[str, ...]) -> Check:
        """The check that no value is without its like; it reads the index of those."""
        column = self.subject.quoted_column
        shown = [*(identifier(key).as_string() for key in keys)] or ["ctid"]
        text = (
            f"select {', '.join(shown)}, {column}::pg_catalog.text as value from only {self.subject.table_name}"
            f" where {self.missing}"
        )
        return Check(
            f"every value has its like in {self.subject.cast.target.spelled}",
            query(verbatim(text), (self.subject.table.schema, self.subject.table.name)),
            "Values that were written meanwhile and would be lost, changed or spelled otherwise.",
        )

    @property
    def missing(self) -> str:
        """What is true of a row whose value has no like in the shadow, as SQL."""
        return f"{self.subject.quoted_column} is not null and {self.quoted} is null"

    @property
    def _standing(self) -> str:
        names = ", ".join(literal(name) for name in self.triggers)
        return (
            f"pg_catalog.pg_trigger t where t.tgrelid = {self.subject.table.oid}::oid and t.tgname in ({names})"
            f" and t.tgenabled = 'A' and t.tgfoid = pg_catalog.to_regprocedure({literal(f'{self.function}()')})"
        )

    @property
    def _column_number(self) -> str:
        return (
            f"(select a.attnum from pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attname = {literal(self.name)})"
        )

    def _is(self, name: str, of: ColumnType) -> str:
        return (
            f"exists (select from pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attname = {literal(name)} and a.atttypid = {of.oid}::oid and a.atttypmod = {of.modifier})"
        )

    def _where_exact(self, value: str) -> str:
        cast = self.subject.cast
        return f"case when {cast.exact(value)} then {cast.converted(value)} end"

    def _function(self) -> str:
        body = f"begin new.{self.quoted} := {qualified(self.filled('new.'))}; return new; end"
        text = f"create function {self.function}() returns trigger language plpgsql as {literal(body)}"
        return statement(verbatim(text), ast.CreateFunctionStmt)

    def _on_insert(self) -> str:
        return f"create trigger {self._trigger(0)} before insert on {self.subject.table_name} {self._for_each()}"

    def _on_update(self) -> str:
        moved = _MOVED.format(column=self.subject.quoted_column, shadow=self.quoted)
        return f"create trigger {self._trigger(1)} before update on {self.subject.table_name} {self._for_each(moved)}"

    def _trigger(self, place: int) -> str:
        return identifier(self.triggers[place]).as_string()

    def _for_each(self, when: str | None = None) -> str:
        return f"for each row {f'when ({when}) ' if when else ''}execute function {self.function}()"


def shadow_of(subject: Subject, change: ColumnChange, suffix: str, uncast: str) -> Shadow:
    """The shadow of the column; raises PlanRefused where a trigger of the table would see a row after ours."""
    taken = {column.name for column in subject.table.columns}
    name = first_free(subject.column.name, f"_pgmend_{suffix}", taken)
    later = [trigger.name for trigger in subject.table.triggers if trigger.name.encode() >= _LAST.encode()]
    if later:
        raise PlanRefused(
            f"Trigger {later[0]} on {subject.table_name} fires after one that would keep a new column in step, and"
            f" might change the value once more. Cure: a name that sorts before {_LAST}."
        )
    return Shadow(subject, change, name, f"{subject.column.number}_{suffix}", uncast)


def _names_in(text: str) -> list[tuple[str, str]]:
    """The catalogs that such a text reads."""
    found = ("pg_attribute", "pg_trigger", "pg_class", "pg_index", "pg_namespace", "pg_constraint")
    return [("pg_catalog", name) for name in found if f" pg_catalog.{name} " in text] + (
        [("pgmend", "backfill")] if " pgmend.backfill " in text else []
    )


def probe(text: str) -> str:
    """A probe that reads catalogs, and how far backfills are."""
    return query(verbatim(text), *_names_in(text))


def quoted(name: str) -> str:
    """A name as a statement writes it."""
    return sql.Identifier(name).as_string()
