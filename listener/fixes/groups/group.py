"""Which columns change together, and what ties and numbers them, as the catalogs have it now.

A key takes along what refers to it, and that what refers to it in turn. Where the old type and the new one do not
compare, what a column refers to has to come along too.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    `by_evidence` are those that no foreign key ties to the others; `notes` tell of such that are not ours to change.
    """

    asked: Member
    members: tuple[Member, ...]
    ties: tuple[Tie, ...]
    numberings: tuple[Numbering, ...]
    by_evidence: tuple[Member, ...]
    notes: tuple[str, ...] = ()


class _Reached(NamedTuple):
    """A column that has another type than it should, and whose it is."""

    member: Member
    ours: bool
    owner: str
    superuser: bool


@dataclass(frozen=True, slots=True)
class _Reach:
    """Finds what foreign keys tie to a column and has to change with it: what refers to it, or `upwards` too."""

    connection: AsyncConnection[TupleRow]
    subject: Subject
    upwards: bool

    async def of(self, table: Oid, column: AttributeNumber) -> list[_Reached]:
        """Those, and the column itself."""
        target = (self.subject.cast.target.oid, self.subject.cast.target.modifier)
        parameters = {"tables": [table], "columns": [column], "upwards": self.upwards}
        rows = await (await self.connection.execute(_MEMBERS, parameters)).fetchall()
        return [
            _Reached(Member(oid, number, table_name, column_name), *whose)
            for oid, number, table_name, column_name, type_oid, modifier, *whose in rows
            if (type_oid, modifier) != target
        ]


async def read_group(connection: AsyncConnection[TupleRow], remedy: ChangeColumnType, subject: Subject) -> Group | None:
    """The group that the column changes with; None where it can change alone. Raises PlanRefused with the reason."""
    alike = compare_alike(subject.cast)
    if remedy.along is None and alike:
        return None
    reach = _Reach(connection, subject, upwards=not alike)
    tied = await reach.of(remedy.table, remedy.column)
    for each in tied:
        if not each.ours:
            cure = how_to_own(connection, each.owner, superuser=each.superuser)
            raise PlanRefused(
                f"{each.member.said} has to change with it, and {each.member.table_name} belongs to role {each.owner},"
                f" which {subject.role} is no member of. Cure: {cure}"
            )
    by_evidence, notes = await _by_evidence(reach, remedy, tied)
    members = sorted({*(each.member for each in tied), *by_evidence})
    asked = next(each for each in members if (each.table, each.number) == (remedy.table, remedy.column))
    if remedy.along is None and len(members) == 1:
        return None
    ties = await _ties(connection, members)
    numberings = await read_numberings(connection, members, subject.cast.target)
    return Group(asked, tuple(members), ties, numberings, tuple(sorted(by_evidence)), notes)


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
    reach: _Reach, remedy: ChangeColumnType, tied: Sequence[_Reached]
) -> tuple[set[Member], tuple[str, ...]]:
    """The members that no foreign key ties to the one asked for; and what is left as it is, since it is not ours.

    They go or stay with all that foreign keys tie to them.
    """
    known, found, notes = {each.member for each in tied}, set[Member](), list[str]()
    for table, number in remedy.along or ():
        more = [each for each in await reach.of(table, number) if each.member not in known]
        others = next((each for each in more if not each.ours), None)
        if others is None:
            found.update(each.member for each in more)
            continue
        left = next((each for each in more if (each.member.table, each.member.number) == (table, number)), others)
        notes.append(
            f"{left.member.said}, which means the same by evidence, stays as it is: {others.member.table_name} belongs"
            f" to role {others.owner}, which {reach.subject.role} is no member of."
        )
    return found, tuple(notes)
