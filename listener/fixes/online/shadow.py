"""The column beside the one that changes, and what keeps it in step with every write: nobody's write fails of it.

A value that has no like in the other type, or on which something that stands on the column would fail there, leaves
the shadow NULL, which the end of the change finds. What is written is judged in the writer's session and with the
writer's rights: the function has no SET clause and reads nothing, and no search_path decides what its names mean
(`qualified.py`). Whatever fails in it, a column that somebody has renamed included, fails in a block of its own.

A row that is updated is filled by that, even where its value stays: so whatever moves after the triggers are there is
in step, and one walk over the pages that were there before them reaches all the rest.

What was made is told apart by its numbers, which stand in `pgmend.backfill`: names are anybody's to change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pglast import ast
from psycopg import sql

from ...catalog.snapshot import AttributeNumber
from ..backup_record import SCHEMA
from ..composed import identifier, query, statement, verbatim
from ..dependents import Subject
from ..dependents.definition import literal, verified
from ..names import first_free
from ..plan import Check
from ..retyping.column_change import ColumnChange
from .qualified import qualified
from .standing import Footing, asking, fingerprint, in_the_way, untouched
from .trial import Trial

LAST = "zzzz_pgmend"
# What the backfill writes as a replica is found right where it is written, without a call for each row; whatever else
# is written is judged anew.
_FILLED = (
    "case when old.{shadow} is null and new.{shadow} is not null"
    " and pg_catalog.current_setting('session_replication_role') operator(pg_catalog.=) 'replica'"
    " then pg_catalog.record_image_ne(row(new.{shadow}, new.{column}), row({filled}, old.{column})) else {moved} end"
)
_MOVED = "(new.{shadow} is null and new.{column} is not null) or pg_catalog.record_image_ne(row({now}), row({before}))"
# What is caught costs a subtransaction that takes no number: 64 of those with one would be the server's worry.
_BODY = """{declared}begin
  new.{shadow} := {filled};
{tried}  return new;
exception when others then
  begin
    new.{shadow} := null;
  exception when others then
    null;
  end;
  return new;
end"""


@dataclass(frozen=True, slots=True)
class Shadow:
    """The column `name` of the subject's table, to be the subject's column in the cast's target type.

    `stem` names what else it takes: two triggers and a function in schema pgmend_backup. `uncast` is the index of the
    rows in which it is still NULL and should not be. `origin` is the number of the column that the plan was made for,
    and `back` says that it brings back what that was. `trial` is what has to be tried on it first.
    """

    subject: Subject
    change: ColumnChange
    footing: Footing
    name: str
    stem: str
    uncast: str
    origin: AttributeNumber
    back: bool
    trial: Trial

    @property
    def quoted(self) -> str:
        """Its name as a statement writes it."""
        return identifier(self.name).as_string()

    @property
    def number(self) -> str:
        """Its number, as SQL; NULL where there is none."""
        return (
            f"(select b.column_number from pgmend.backfill b where b.table_oid = {self._table}"
            f" and b.origin = {self.origin} and b.back = {self._back})"
        )

    @property
    def replaces(self) -> str:
        """The number of the column whose place it takes, as SQL; after a way there and back it is another one."""
        return (
            "coalesce((select b.column_number from pgmend.backfill b join pg_catalog.pg_attribute a on a.attrelid ="
            f" b.table_oid and a.attnum = b.column_number where b.table_oid = {self._table}"
            f" and b.origin = {self.origin} and b.swapped_at is not null and not a.attisdropped),"
            f" {self.origin}::pg_catalog.int2)"
        )

    @property
    def triggers(self) -> tuple[str, str]:
        """The triggers' names: on INSERT and on UPDATE."""
        return f"{LAST}_{self.stem}_insert", f"{LAST}_{self.stem}_update"

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

    def noted(self) -> Iterator[str]:
        """Statements that write down by number what was made, and what it stands on."""
        listed = ", ".join(literal(name) for name in self.triggers)
        yield (
            f"delete from pgmend.backfill where table_oid = {self._table} and origin = {self.origin}"
            f" and back = {self._back} and swapped_at is not null"
        )
        yield (
            "insert into pgmend.backfill (table_oid, column_number, fix_id, file, next_page, end_page, origin, back,"
            " replaces, triggers, function_oid)"
            " select a.attrelid, a.attnum, o.fix_id, pg_catalog.pg_relation_filenode(a.attrelid), 0,"
            " pg_catalog.pg_relation_size(a.attrelid) / pg_catalog.current_setting('block_size')::pg_catalog.int8,"
            f" {self.origin}, {self._back}, {self.replaces},"
            " array(select t.oid from pg_catalog.pg_trigger t where t.tgrelid = a.attrelid and"
            f" t.tgname in ({listed})), pg_catalog.to_regprocedure({literal(f'{self.function}()')})"
            " from pg_catalog.pg_attribute a cross join pgmend.own_backend o"
            f" where a.attrelid = {self._table} and a.attname = {literal(self.name)}"
            " and o.backend_pid = pg_catalog.pg_backend_pid()"
            " and o.transaction_id = pg_catalog.pg_current_xact_id()"
        )
        yield (
            f"update pgmend.backfill set stands_on = {fingerprint(self.footing, self.replaces, self.number)}"
            f" where table_oid = {self._table} and column_number = {self.number}"
        )

    def no_longer_kept(self) -> str:
        """The statement that takes away what keeps it in step."""
        return f"select pgmend.stop_keeping_column({self._table}, {self.number})"

    def taken_away(self) -> str:
        """The statement that leaves nothing of it; indexes and checks on it go with the column."""
        return f"select pgmend.take_back_column({self._table}, {self.number})"

    def swapped(self) -> Iterator[str]:
        """The column goes, and the shadow has its name."""
        table, column = self.subject.table_name, self.subject.quoted_column
        yield verified(f"alter table only {table} drop column {column}")
        yield verified(f"alter table only {table} rename column {self.quoted} to {column}")
        yield (
            "update pgmend.backfill set swapped_at = pg_catalog.clock_timestamp(), triggers = default,"
            f" function_oid = null where table_oid = {self._table} and column_number = {self.number}"
        )

    def probe(self, there: str, otherwise: str = "before") -> str:
        """A probe that says done once the column has its type, else what the case `there` says."""
        return asking(f"select case when {self.arrived} then 'done' {there} else '{otherwise}' end")

    @property
    def arrived(self) -> str:
        """Whether it is in the column's place, or the one that it would bring back still is, as SQL; whatever it is
        called."""
        target = self.subject.cast.target
        typed = f"a.atttypid = {target.oid}::oid and a.atttypmod = {target.modifier}"
        swapped = (
            "exists (select from pgmend.backfill b join pg_catalog.pg_attribute a on a.attrelid = b.table_oid"
            f" and a.attnum = b.column_number where b.table_oid = {self._table} and b.origin = {self.origin}"
            f" and b.back = {self._back} and b.swapped_at is not null and {typed})"
        )
        if not self.back:
            return swapped
        still = f"a.attrelid = {self._table} and a.attnum = {self.origin} and {typed}"
        return f"({swapped} or exists (select from pg_catalog.pg_attribute a where {still}))"

    @property
    def present(self) -> str:
        """Whether it was made and has not taken its place, as SQL."""
        return (
            f"exists (select from pgmend.backfill b where b.table_oid = {self._table} and b.origin = {self.origin}"
            f" and b.back = {self._back} and b.swapped_at is null)"
        )

    @property
    def kept(self) -> str:
        """Whether it is present, and what was to keep it in step is there, as SQL."""
        return (
            "exists (select from pgmend.backfill b join pg_catalog.pg_class c on c.oid = b.table_oid where"
            f" b.table_oid = {self._table} and b.origin = {self.origin} and b.back = {self._back}"
            " and b.swapped_at is null"
            " and (exists (select from pg_catalog.pg_trigger t where t.oid = any(b.triggers))"
            " or exists (select from pg_catalog.pg_proc p where p.oid = b.function_oid)))"
        )

    def free(self, *, told: bool = True) -> Check:
        """The check that nothing is in the way of making it; `told` says that other changes are told of."""
        return in_the_way(self.footing, LAST, told=told)

    def untouched(self) -> Check:
        """The check that nobody has touched what it stands on, and so every write since was in step."""
        return untouched(self.footing, self.replaces, self.number)

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
            "Values that were written meanwhile and would be lost, changed or spelled otherwise"
            f"{', or that something on the column does not take' if self.trial else ''}.",
        )

    @property
    def missing(self) -> str:
        """What is true of a row whose value has no like in the shadow, as SQL."""
        return f"{self.subject.quoted_column} is not null and {self.quoted} is null"

    @property
    def _back(self) -> str:
        return "true" if self.back else "false"

    @property
    def _table(self) -> str:
        return f"{self.subject.table.oid}::oid"

    def _where_exact(self, value: str) -> str:
        cast = self.subject.cast
        return f"case when {cast.exact(value)} then {cast.converted(value)} end"

    def _function(self) -> str:
        body = _BODY.format(
            declared="declare\n  ignored boolean;\n" if self.trial.computed else "",
            shadow=self.quoted,
            filled=qualified(self.filled("new.")),
            tried="".join(self.trial.statements(self.name)),
        )
        text = f"create function {self.function}() returns trigger language plpgsql as {literal(body)}"
        return statement(verbatim(text), ast.CreateFunctionStmt)

    def _on_insert(self) -> str:
        """Both triggers name both columns: who drops one of these drops both."""
        when = f"new.{self.subject.quoted_column} is not null or new.{self.quoted} is not null"
        return f"create trigger {self._trigger(0)} before insert on {self.subject.table_name} {self._for_each(when)}"

    def _on_update(self) -> str:
        columns = (
            self.subject.quoted_column,
            self.quoted,
            *(identifier(each).as_string() for each in self.trial.columns),
        )
        now, before = (", ".join(f"{row}.{column}" for column in columns) for row in ("new", "old"))
        names = {"column": self.subject.quoted_column, "shadow": self.quoted}
        when = _MOVED.format(now=now, before=before, **names)
        if not self.trial:
            when = _FILLED.format(filled=self.filled("new."), moved=when, **names)
        return f"create trigger {self._trigger(1)} before update on {self.subject.table_name} {self._for_each(when)}"

    def _trigger(self, place: int) -> str:
        return identifier(self.triggers[place]).as_string()

    def _for_each(self, when: str) -> str:
        return f"for each row when ({when}) execute function {self.function}()"


def name_of(subject: Subject, suffix: str) -> str:
    """A name that no column of the table has."""
    return first_free(subject.column.name, f"_pgmend_{suffix}", {column.name for column in subject.table.columns})


def quoted(name: str) -> str:
    """A name as a statement writes it."""
    return sql.Identifier(name).as_string()
