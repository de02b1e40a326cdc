"""Which columns change together, and what ties and numbers them, as the catalogs have it now.

A key takes along what refers to it, and that what refers to it in turn. Where the old type and the new one do not
compare, what a column refers to has to come along too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import AttributeNumber, Oid
from ...errors import PlanRefused
from ...readiness import how_to_own
from ...remedy import ChangeColumnType
from ..dependents import Subject
from ..dependents.constraint import compare_alike
from .numbering import Numbering, read_numberings

_MEMBERS = """
with recursive pair (child, child_column, parent, parent_column) as (
  select t.conrelid, k.referring, t.confrelid, k.referred
  from pg_catalog.pg_constraint t cross join lateral
    rows from (pg_catalog.unnest(t.conkey), pg_catalog.unnest(t.confkey)) as k (referring, referred)
  where t.contype = 'f' and t.conparentid = 0
), reached (table_oid, number) as (
  select * from rows from (pg_catalog.unnest(%(tables)s::oid[]), pg_catalog.unnest(%(columns)s::int2[])) as asked
  union
  select beyond.* from reached r cross join lateral (
    select p.child, p.child_column from pair p where p.parent = r.table_oid and p.parent_column = r.number
    union all
    select p.parent, p.parent_column from pair p
    where %(upwards)s and p.child = r.table_oid and p.child_column = r.number
  ) as beyond
)
select c.oid::bigint, a.attnum, pg_catalog.format('%%I.%%I', n.nspname, c.relname), pg_catalog.quote_ident(a.attname),
  a.atttypid::bigint, a.atttypmod, pg_catalog.pg_has_role(c.relowner, 'usage'),
  pg_catalog.pg_get_userbyid(c.relowner)::text,
  (select o.rolsuper from pg_catalog.pg_roles o where o.oid = c.relowner)
from reached r join pg_catalog.pg_class c on c.oid = r.table_oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = r.number and not a.attisdropped
order by c.oid, a.attnum
"""
# Of each pair of its columns both are of the group, or neither: then it can go and come back as it was.
_TIES = """
with member (table_oid, number) as (
  select * from rows from (pg_catalog.unnest(%(tables)s::oid[]), pg_catalog.unnest(%(columns)s::int2[])) as each
)
select t.oid::bigint, t.conname::text, t.conrelid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname),
  t.confrelid::bigint, pg_catalog.pg_get_constraintdef(t.oid), pg_catalog.obj_description(t.oid, 'pg_constraint'),
  exists (select from pg_catalog.pg_trigger g where g.tgconstraint = t.oid and g.tgenabled <> 'O')
from pg_catalog.pg_constraint t join pg_catalog.pg_class c on c.oid = t.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral (
    select pg_catalog.bool_or(k.ours) as some, pg_catalog.bool_and(k.ours = k.theirs) as alike
    from (
      select (t.conrelid, u.referring) in (table member) as ours, (t.confrelid, u.referred) in (table member) as theirs
      from rows from (pg_catalog.unnest(t.conkey), pg_catalog.unnest(t.confkey)) as u (referring, referred)
    ) as k
  ) as pairs
where t.contype = 'f' and t.conparentid = 0 and pairs.some and pairs.alike
order by t.conrelid, t.conname
"""


class Member(NamedTuple):
    """A column of the group; its table and its name as SQL writes them."""

    table: Oid
    number: AttributeNumber
    table_name: str
    column_name: str

    @property
    def said(self) -> str:
        """What it is called."""
        return f"{self.table_name}.{self.column_name}"


class Tie(NamedTuple):
    """A foreign key between columns of the group. `table_name` is that of the referring table, as SQL writes it."""

    oid: Oid
    name: str
    table: Oid
    table_name: str
    referenced_table: Oid
    definition: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Columns in the order of their tables' OIDs, which is that of their locks; `asked` is the one the remedy names.

    `by_evidence` are those that no foreign key ties to the others.
    """

    asked: Member
    members: tuple[Member, ...]
    ties: tuple[Tie, ...]
    numberings: tuple[Numbering, ...]
    by_evidence: tuple[Member, ...]


async def read_group(connection: AsyncConnection[TupleRow], remedy: ChangeColumnType, subject: Subject) -> Group | None:
    """The group that the column changes with; None where it can change alone. Raises PlanRefused with the reason."""
    alike = compare_alike(subject.cast)
    if remedy.along is None and alike:
        return None
    named = ((remedy.table, remedy.column), *(remedy.along or ()))
    parameters = {
        "tables": [table for table, _ in named],
        "columns": [column for _, column in named],
        "upwards": not alike,
    }
    found = await (await connection.execute(_MEMBERS, parameters)).fetchall()
    members: list[Member] = []
    for oid, number, table, column, type_oid, modifier, ours, owner, superuser in found:
        if (type_oid, modifier) == (subject.cast.target.oid, subject.cast.target.modifier):
            continue
        if not ours:
            cure = how_to_own(connection, owner, superuser=superuser)
            raise PlanRefused(
                f"{table}.{column} has to change with it, and {table} belongs to role {owner}, which {subject.role} is"
                f" no member of. Cure: {cure}"
            )
        members.append(Member(oid, number, table, column))
    asked = next(each for each in members if (each.table, each.number) == named[0])
    if remedy.along is None and len(members) == 1:
        return None
    ties = await _ties(connection, members)
    numberings = await read_numberings(connection, members, subject.cast.target)
    return Group(asked, tuple(members), ties, numberings, await _by_evidence(connection, remedy, parameters, members))


async def _ties(connection: AsyncConnection[TupleRow], members: list[Member]) -> tuple[Tie, ...]:
    parameters = {"tables": [each.table for each in members], "columns": [each.number for each in members]}
    ties: list[Tie] = []
    for *fields, disabled in await (await connection.execute(_TIES, parameters)).fetchall():
        tie = Tie(*fields)
        if disabled:
            raise PlanRefused(f"Foreign key {tie.name} on {tie.table_name} has triggers that are not enabled as usual.")
        ties.append(tie)
    return tuple(ties)


async def _by_evidence(
    connection: AsyncConnection[TupleRow],
    remedy: ChangeColumnType,
    parameters: Mapping[str, object],
    members: list[Member],
) -> tuple[Member, ...]:
    """The members that are not reached from the one that is asked for."""
    alone = {**parameters, "tables": [remedy.table], "columns": [remedy.column]}
    tied = {(row[0], row[1]) for row in await (await connection.execute(_MEMBERS, alone)).fetchall()}
    return tuple(each for each in members if (each.table, each.number) not in tied)
