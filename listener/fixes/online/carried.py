"""What hangs on a column and goes with it: read once, taken down before the swap and put up after it, as it was.

Views, policies and triggers are the dependents' own affair; here is what ALTER TYPE would have kept by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from ..composed import identifier
from ..dependents import Subject
from ..dependents.definition import literal, verified
from ..dependents.grants import RIGHTS, Right, grant_again, read_rights
from .shadow import quoted

_NOT_VALID = " NOT VALID"

_COLUMN = f"""
select a.attstattarget, coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(o.option_name,
    o.option_value)) from pg_catalog.pg_options_to_table(a.attoptions) o), '[]'),
  pg_catalog.col_description(a.attrelid, a.attnum), {RIGHTS.format(acl="a.attacl")}, a.attidentity <> '',
  exists (select from pg_catalog.pg_seclabel s where s.classoid = 'pg_catalog.pg_class'::regclass
    and s.objoid = a.attrelid and s.objsubid = a.attnum), a.attnotnull, pg_catalog.pg_get_userbyid(c.relowner)
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
where a.attrelid = %(table)s::oid and a.attnum = %(column)s
"""
_CONSTRAINTS = """
select t.oid::bigint, t.contype::text, t.conname::text, pg_catalog.pg_get_constraintdef(t.oid), t.convalidated,
  t.condeferrable, pg_catalog.obj_description(t.oid, 'pg_constraint'), t.conindid::bigint,
  (select pg_catalog.string_agg(pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), ', ')
    from pg_catalog.pg_depend d where d.refclassid = 'pg_catalog.pg_constraint'::regclass and d.refobjid = t.oid
      and d.deptype <> 'i'),
  pg_catalog.pg_get_expr(t.conbin, t.conrelid), %(column)s = any(t.conkey)
from pg_catalog.pg_constraint t
where t.conrelid = %(table)s::oid and t.contype in ('c', 'p', 'u', 'n') and (%(column)s = any(t.conkey) or exists (
  select from pg_catalog.pg_index i where i.indexrelid = t.conindid and %(column)s = any(i.indkey::int2[])))
order by t.conname
"""
_FOREIGN_KEYS = """
select t.conname::text from pg_catalog.pg_constraint t
where t.contype = 'f' and ((t.conrelid = %(table)s::oid and %(column)s = any(t.conkey))
  or (t.confrelid = %(table)s::oid and %(column)s = any(t.confkey)))
order by 1
"""
_STATISTICS = """
select pg_catalog.format('%%I.%%I', n.nspname, s.stxname), pg_catalog.format('%%s.%%s', n.nspname, s.stxname),
  pg_catalog.pg_get_statisticsobjdef(s.oid),
  pg_catalog.obj_description(s.oid, 'pg_statistic_ext')
from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
where s.stxrelid = %(table)s::oid and exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_statistic_ext'::regclass and d.objid = s.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s)
order by 1
"""
_SEQUENCES = """
select pg_catalog.format('%%I.%%I', n.nspname, c.relname), pg_catalog.format('%%s.%%s', n.nspname, c.relname)
from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s and d.deptype = 'a'
order by 1
"""


@dataclass(frozen=True, slots=True)
class Constrained:
    """A constraint of the table with the column in it: CHECK, PRIMARY KEY, UNIQUE or, from 18 on, NOT NULL.

    `expression` is that of a CHECK. A key that only includes the column is not `on_column`.
    """

    kind: str
    name: str
    definition: str
    validated: bool
    deferrable: bool
    comment: str | None
    index: int
    expression: str | None
    on_column: bool

    @property
    def enforced(self) -> bool:
        """Whether it is checked at all."""
        return not self.definition.endswith(" NOT ENFORCED")

    def added(self, table: str) -> Iterator[str]:
        """Statements that add it for new rows, without a look at those that are there; `table` is SQL."""
        text = self.definition
        if self.enforced and not text.endswith(_NOT_VALID):
            text += _NOT_VALID
        yield verified(f"alter table only {table} add constraint {quoted(self.name)} {text}")
        yield from self.commented(table)

    def added_using(self, table: str, index: str) -> Iterator[str]:
        """Statements that make the key of a unique index, which gets its name."""
        kind = "primary key" if self.kind == "p" else "unique"
        yield verified(
            f"alter table only {table} add constraint {quoted(self.name)} {kind} using index {quoted(index)}"
        )
        yield from self.commented(table)

    def commented(self, table: str) -> Iterator[str]:
        """Its comment again."""
        if self.comment is not None:
            yield verified(f"comment on constraint {quoted(self.name)} on {table} is {literal(self.comment)}")


@dataclass(frozen=True, slots=True)
class Carried:
    """All of it. `not_null` has a name from 18 on only; `sequences` are owned by the column. They and statistics
    are named as SQL and as said."""

    subject: Subject
    target: int | None
    options: tuple[tuple[str, str], ...]
    comment: str | None
    rights: tuple[Right, ...]
    owner: str
    not_null: bool
    constraints: tuple[Constrained, ...]
    statistics: tuple[tuple[str, str, str, str | None], ...]
    sequences: tuple[tuple[str, str], ...]

    @property
    def checks(self) -> tuple[Constrained, ...]:
        """The CHECK constraints."""
        return tuple(each for each in self.constraints if each.kind == "c")

    @property
    def primary_key(self) -> Constrained | None:
        """The primary key, where the column is one of it."""
        return next((each for each in self.constraints if each.kind == "p" and each.on_column), None)

    @property
    def named_not_null(self) -> Constrained | None:
        """The NOT NULL constraint, where the server has such."""
        return next((each for each in self.constraints if each.kind == "n"), None)

    def key(self, index: int) -> Constrained | None:
        """The constraint that the index with that OID is of."""
        return next((each for each in self.constraints if each.kind in "pu" and each.index == index), None)

    def told(self, name: str) -> Iterator[str]:
        """Statements that let another column of that name be looked at by ANALYZE, and by people, as this one."""
        alter = f"alter table only {self.subject.table_name} alter column {quoted(name)}"
        if self.target is not None and self.target >= 0:
            yield verified(f"{alter} set statistics {self.target}")
        if self.options:
            listed = ", ".join(f"{quoted(option)} = {literal(value)}" for option, value in self.options)
            yield verified(f"{alter} set ({listed})")
        # Who may read each column of the table by its name may go on to read them all.
        yield from grant_again(
            self.subject.table_name, self.owner, self.subject.role, self.rights, f" ({quoted(name)})"
        )

    def down(self, heir: str) -> Iterator[str]:
        """Statements that take down what stands on the column; its sequences go over to the column `heir`."""
        for sequence, _ in self.sequences:
            yield verified(f"alter sequence {sequence} owned by {self.subject.table_name}.{quoted(heir)}")
        for name, *_ in self.statistics:
            yield verified(f"drop statistics {name}")
        for check in self.checks:
            yield verified(f"alter table only {self.subject.table_name} drop constraint {quoted(check.name)}")

    def up(self) -> Iterator[str]:
        """Statements that put it up on the column that has its name by then."""
        table, column = self.subject.table_name, self.subject.quoted_column
        for check in self.checks:
            yield from check.added(table)
        for name, _, definition, comment in self.statistics:
            yield verified(definition)
            if comment is not None:
                yield f"comment on statistics {name} is {literal(comment)}"
        yield verified(f"comment on column {table}.{column} is {literal(self.comment) if self.comment else 'null'}")


async def read_carried(connection: AsyncConnection[TupleRow], subject: Subject) -> Carried:
    """What goes with the column; raises PlanRefused where something of it cannot."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    row = await (await connection.execute(_COLUMN, parameters)).fetchone()
    assert row is not None
    target, options, comment, rights, identity, labelled, not_null, owner = row
    constraints = await (await connection.execute(_CONSTRAINTS, parameters)).fetchall()
    foreign_keys = await (await connection.execute(_FOREIGN_KEYS, parameters)).fetchall()
    if foreign_keys:
        raise PlanRefused(f"Foreign key {foreign_keys[0][0]} ties the column to another: this is not changed online.")
    statistics = await (await connection.execute(_STATISTICS, parameters)).fetchall()
    sequences = await (await connection.execute(_SEQUENCES, parameters)).fetchall()
    carried = Carried(
        subject,
        target,
        tuple((name, value) for name, value in options),
        comment,
        read_rights(rights),
        owner,
        not_null,
        tuple(_constrained(each) for each in constraints),
        tuple((name, said, definition, comment) for name, said, definition, comment in statistics),
        tuple((name, said) for name, said in sequences),
    )
    _refuse(carried, identity=identity, labelled=labelled, standing=[(each[2], each[8]) for each in constraints])
    return carried


def _constrained(row: tuple[Any, ...]) -> Constrained:
    _, kind, name, definition, validated, deferrable, comment, index, _, expression, on_column = row
    return Constrained(kind, name, definition, validated, deferrable, comment, index, expression, on_column)


def _refuse(carried: Carried, *, identity: bool, labelled: bool, standing: list[tuple[str, str | None]]) -> None:
    subject = carried.subject
    column = f"{subject.table_name}.{subject.quoted_column}"
    keys = [each for each in carried.constraints if each.kind in "pu"]
    reasons = {
        f"{column} is an identity column, which no other column can become": identity,
        f"{column} has a security label": labelled,
        **{f"{said} stands on constraint {name}": bool(said) for name, said in standing},
        **{f"constraint {each.name} is deferrable: rows may be equal for a while": each.deferrable for each in keys},
        **{f"constraint {each.name} has a period": "WITHOUT OVERLAPS" in each.definition for each in keys},
    }  # fmt: skip
    if found := next((reason for reason, holds in reasons.items() if holds), None):
        raise PlanRefused(f"{found}: this is not changed online.")
    identifier(*(each.name for each in carried.constraints), subject.column.name)
