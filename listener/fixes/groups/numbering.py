"""The sequences that number columns of a group: they get its type, and the end that goes with it.

An identity's own sequence follows its column. One that somebody gave an end of its own keeps that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...catalog.snapshot import AttributeNumber, Oid
from ...errors import PlanRefused
from ..composed import identifier, query, verbatim
from ..dependents.definition import literal, verified
from ..execution.guard import guard
from ..plan import Check
from ..retyping.column_type import ColumnType
from ..sqlstates import MOVED

_BITS = {"int2": 15, "int4": 31, "int8": 63}
_SEQUENCES = """
with member (table_oid, number) as (
  select * from rows from (pg_catalog.unnest(%(tables)s::oid[]), pg_catalog.unnest(%(columns)s::int2[])) as each
)
select c.oid::bigint, n.nspname::text, c.relname::text, t.typname::text, s.seqmin, s.seqmax,
  pg_catalog.pg_has_role(c.relowner, 'usage')
from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_type t on t.oid = s.seqtypid
where exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'a'
      and d.refclassid = 'pg_catalog.pg_class'::regclass and (d.refobjid, d.refobjsubid) in (table member))
  or exists (
    select from pg_catalog.pg_depend d join pg_catalog.pg_attrdef f on f.oid = d.objid
    where d.classid = 'pg_catalog.pg_attrdef'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid = c.oid and (f.adrelid, f.adnum) in (table member))
order by c.oid
"""


class Place(Protocol):
    """A column, by table and number."""

    @property
    def table(self) -> Oid: ...

    @property
    def number(self) -> AttributeNumber: ...


class Numbering(NamedTuple):
    """A sequence with its type and ends as they are, and as they are to be. Types are pg_type's names."""

    oid: Oid
    schema: str
    name: str
    before: str
    least: int
    greatest: int
    after: str
    least_after: int
    greatest_after: int

    @property
    def sql(self) -> str:
        """Its qualified name."""
        return identifier(self.schema, self.name).as_string()

    @property
    def there(self) -> tuple[str, ...]:
        """The statements that give it the new type and ends, where it is as the plan saw it."""
        altered = self._altered(self.after, self.least_after, self.greatest_after)
        return self._held, guard(self.is_as_planned, MOVED), altered

    @property
    def back(self) -> tuple[str, ...]:
        """Those that give it the old ones, where it is as the fix left it, and not beyond them."""
        return self._held, guard(self.is_as_left, MOVED), self._altered(self.before, self.least, self.greatest)

    @property
    def note(self) -> str | None:
        """What a person should know of it."""
        if self.greatest_after >= _end(self.after) or self.least_after <= -_end(self.after) - 1:
            return None
        return f"Sequence {self.schema}.{self.name} keeps the end that somebody gave it, {self.greatest_after}."

    @property
    def is_as_planned(self) -> Check:
        """The check that this very sequence still has its name, the old type and the old ends."""
        return self._stands(self.before, self.least, self.greatest)

    @property
    def is_as_left(self) -> Check:
        """The check that it still has its name, and the new type and ends."""
        return self._stands(self.after, self.least_after, self.greatest_after)

    @property
    def is_there(self) -> Check:
        """The check that this very sequence, by OID, has the new type and ends."""
        return self._has(self.after, self.least_after, self.greatest_after)

    @property
    def is_back(self) -> Check:
        """The check that it has the old ones."""
        return self._has(self.before, self.least, self.greatest)

    def probe(self, *, back: bool = False) -> str:
        """What became of the way there, or back; what is neither is `before`, and for the guard to tell."""
        done = (
            _is(self.before, self.least, self.greatest)
            if back
            else _is(self.after, self.least_after, self.greatest_after)
        )
        text = (
            f"select coalesce((select case when {done} then 'done' end from pg_catalog.pg_sequence s"
            f" where s.seqrelid = {self.oid}::oid), 'before')"
        )
        return query(verbatim(text), ("pg_catalog", "pg_sequence"))

    def within(self) -> Check:
        """The check that the old type and ends still hold it."""
        text = sql.SQL("select last_value from {} where last_value not between {} and {}").format(
            identifier(self.schema, self.name), sql.Literal(self.least), sql.Literal(self.greatest)
        )
        return Check(
            f"sequence {self.schema}.{self.name} is not beyond its old end",
            query(text, (self.schema, self.name)),
            f"The number given last, where the sequence ended at {self.greatest} before.",
        )

    @property
    def _held(self) -> str:
        """A statement that keeps everybody else from altering or renaming it until the end of the transaction.

        There is no LOCK TABLE for a sequence. What looks for its last number takes ROW EXCLUSIVE on it, by its OID, as
        `init_sequence` has it, and returns nothing else than that number.
        """
        text = (
            "select pg_catalog.pg_sequence_last_value(s.seqrelid) from pg_catalog.pg_sequence s"
            f" where s.seqrelid = {self.oid}::oid"
        )
        return query(verbatim(text), ("pg_catalog", "pg_sequence"))

    def _stands(self, type_name: str, least: int, greatest: int) -> Check:
        text = f"""
        select coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), 'none') as found,
          s.seqtypid::pg_catalog.regtype as type, s.seqmin, s.seqmax
        from (values ({self.oid}::oid)) as w (oid)
          left join (pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            join pg_catalog.pg_sequence s on s.seqrelid = c.oid) on c.oid = w.oid
        where s.seqrelid is null or (n.nspname, c.relname) <> ({literal(self.schema)}, {literal(self.name)})
          or not {_is(type_name, least, greatest)}
        """
        catalogs = (("pg_catalog", name) for name in ("pg_class", "pg_namespace", "pg_sequence"))
        return Check(
            f"sequence {self.schema}.{self.name} still ends at {greatest}",
            query(verbatim(text.strip()), *catalogs),
            "What somebody else has made of it.",
        )

    def _has(self, type_name: str, least: int, greatest: int) -> Check:
        text = (
            "select s.seqtypid::pg_catalog.regtype as type, s.seqmin, s.seqmax from pg_catalog.pg_sequence s"
            f" where s.seqrelid = {self.oid}::oid and not ({_is(type_name, least, greatest)})"
        )
        return Check(
            f"sequence {self.schema}.{self.name} ends at {greatest}",
            query(verbatim(text), ("pg_catalog", "pg_sequence")),
            "The type and ends that it has instead.",
            in_transaction=True,
        )

    def _altered(self, type_name: str, least: int, greatest: int) -> str:
        kind = sql.Identifier("pg_catalog", type_name).as_string()
        return verified(f"alter sequence {self.sql} as {kind} minvalue {least} maxvalue {greatest}")


async def read_numberings(
    connection: AsyncConnection[TupleRow], members: Sequence[Place], target: ColumnType
) -> tuple[Numbering, ...]:
    """The sequences that have to change with these columns; none for a type that is no integer."""
    if target.name not in _BITS:
        return ()
    parameters = {"tables": [each.table for each in members], "columns": [each.number for each in members]}
    rows = await (await connection.execute(_SEQUENCES, parameters)).fetchall()
    return tuple(_changed(rows, target.name))


def _changed(rows: Sequence[TupleRow], target: str) -> Iterator[Numbering]:
    for oid, schema, name, before, least, greatest, ours in rows:
        # A wider sequence than its column is common, and nobody's fault.
        after = before if _BITS[before] > _BITS[target] else target
        ends = {_end(each) for each in _BITS if _BITS[each] < _BITS[after]}
        greatest_after = _end(after) if greatest in ends else greatest
        least_after = -_end(after) - 1 if -least - 1 in ends else least
        if (before, least, greatest) == (after, least_after, greatest_after):
            continue
        if not ours:
            raise PlanRefused(
                f"Sequence {schema}.{name}, which numbers it, belongs to a role that we are no member of."
            )
        yield Numbering(oid, schema, name, before, least, greatest, after, least_after, greatest_after)


def _is(type_name: str, least: int, greatest: int) -> str:
    kind = f"'pg_catalog.{type_name}'::pg_catalog.regtype"
    # In quotes, since a sign is no part of a number: the least bigint without its own is one too many.
    return f"(s.seqtypid, s.seqmin, s.seqmax) = ({kind}::oid, '{least}'::int8, '{greatest}'::int8)"


def _end(type_name: str) -> int:
    """The greatest number of the type."""
    return (1 << _BITS[type_name]) - 1
