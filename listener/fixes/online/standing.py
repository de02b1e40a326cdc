"""What a change stands on, by number: names, triggers, others' code, publications. Asked again under each lock.

Before anything is made, `in_the_way` names whatever speaks against it. What was found then is written down with the
transactions that last touched it (`xmin`), and later ones compare: a trigger that somebody disabled for one write and
enabled again is another one since, and so is a column that was renamed and is called as before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...catalog.snapshot import Oid
from ..composed import query, verbatim
from ..dependents import Subject
from ..dependents.definition import literal
from ..dependents.strange_code import strange_rows
from ..plan import Check

# fmt: off
_CATALOGS = (
    "pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_depend", "pg_index", "pg_inherits", "pg_namespace",
    "pg_operator", "pg_proc", "pg_publication", "pg_publication_namespace", "pg_publication_rel", "pg_rewrite",
    "pg_roles", "pg_statistic_ext", "pg_trigger", "pg_type",
)
# fmt: on
_SCHEMAS_ARE_PUBLISHED = 150000
_FIRING = {True: "'A', 'R'", False: "'O', 'A'"}
# Bit 4 of tgtype is UPDATE; a trigger for UPDATE OF others' columns does not fire for ours.
_IN_THE_WAY = """
select said as in_the_way from (
  select 1, pg_catalog.format('Trigger %s on %s fires after one that would keep a new column in step, and might change'
    ' the value once more. Cure: a name that sorts before {last}.', t.tgname, {table})
  from pg_catalog.pg_trigger t
  where t.tgrelid = {oid}::oid and not t.tgisinternal and t.tgname::pg_catalog.text collate "C" >= '{last}'
  union all
  select 2, pg_catalog.format('Filling the new column would fire trigger %s on %s.{cure}', t.tgname, {table})
  from pg_catalog.pg_trigger t
  where t.tgrelid = {oid}::oid and not t.tgisinternal and (t.tgtype & 16) <> 0 and t.tgattr = ''
    and t.tgenabled in ({firing})
  union all
  select 2, pg_catalog.format('Filling the new column would fire rule %s on %s.', r.rulename, {table})
  from pg_catalog.pg_rewrite r where r.ev_class = {oid}::oid and r.ev_type = '2' and r.ev_enabled <> 'D'
  union all
  select 3, pg_catalog.format('Constraint %s on %s is not validated: a row that breaks it cannot be updated, so that'
    ' the new column could not be filled. Cure: validate it first.', t.conname, {table})
  from pg_catalog.pg_constraint t
  where t.conrelid = {oid}::oid and t.contype = 'c' and not t.convalidated
    and pg_catalog.pg_get_constraintdef(t.oid) not like '% NOT ENFORCED'
  union all
  select 4, pg_catalog.format('%s is published: subscribers would be sent a column that they do not have. This is not'
    ' changed online.', {table})
  from ({published}) as published (publication) group by 2
  union all
  select 5, pg_catalog.format('Row security hides rows of %s from %s, who would not fill them. Cure: a role with'
    ' BYPASSRLS.', {table}, current_user)
  where pg_catalog.row_security_active({oid}::oid)
  union all
  select 6, pg_catalog.format('%s is part of another table, or has parts. This is not changed online.', {table})
  from pg_catalog.pg_class c where c.oid = {oid}::oid and (c.relispartition
    or exists (select from pg_catalog.pg_inherits i where i.inhparent = {oid}::oid))
  {another}
  union all
  select 8, pg_catalog.format('%s on %s runs %s of role %s, which would run with the rights of %s', strange.said,
    {table}, strange.runs, strange.of_role, current_user)
  from ({strange}) as strange (said, runs, of_role)
) as it (rank, said) order by rank, said
"""
_ANOTHER = """union all
  select 0, pg_catalog.format('Another column of %s is being changed online. Cure: let that come to its end, or undo'
    ' it.', {table})
  where exists (select from pgmend.backfill b where b.table_oid = {oid}::oid and b.swapped_at is null)
"""
_FINGERPRINT = """
select pg_catalog.string_agg(said, pg_catalog.chr(10) order by said collate "C") from (
  select pg_catalog.concat_ws(' ', 'table', n.nspname, c.relname, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
    c.relreplident, c.relpersistence)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = {oid}::oid
  union all
  select pg_catalog.concat_ws(' ', 'column', a.attnum, a.attname, a.xmin)
  from pg_catalog.pg_attribute a where a.attrelid = {oid}::oid and a.attnum in ({replaces}, {number})
  union all
  select pg_catalog.concat_ws(' ', 'trigger', t.tgname, t.oid, t.xmin)
  from pg_catalog.pg_trigger t where t.tgrelid = {oid}::oid and not t.tgisinternal
  union all
  select pg_catalog.concat_ws(' ', 'function', p.oid, p.xmin)
  from pg_catalog.pg_proc p where p.oid = (
    select b.function_oid from pgmend.backfill b where b.table_oid = {oid}::oid and b.column_number = {number})
  union all
  select pg_catalog.concat_ws(' ', 'rule', r.rulename, r.oid, r.xmin)
  from pg_catalog.pg_rewrite r where r.ev_class = {oid}::oid
  union all
  select pg_catalog.concat_ws(' ', 'check', t.conname, t.oid, t.xmin)
  from pg_catalog.pg_constraint t
  where t.conrelid = {oid}::oid and t.contype = 'c' and not {number} = any(t.conkey)
  union all
  select pg_catalog.concat_ws(' ', 'generated', d.adnum, d.oid, d.xmin)
  from pg_catalog.pg_attrdef d join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
  where d.adrelid = {oid}::oid and a.attgenerated <> ''
  union all
  select pg_catalog.concat_ws(' ', 'published', published.publication) from ({published}) as published (publication)
  union all
  select pg_catalog.concat_ws(' ', 'inherits', i.inhrelid, i.inhparent)
  from pg_catalog.pg_inherits i where {oid}::oid in (i.inhrelid, i.inhparent)
) as it (said)
"""
_UNTOUCHED = """
select coalesce(was.said, now.said) as what, was.said is null as is_new
from (
  select said from pgmend.backfill b, pg_catalog.regexp_split_to_table(b.stands_on, pg_catalog.chr(10)) as said
  where b.table_oid = {oid}::oid and b.column_number = {number} and b.swapped_at is null
) as was full join pg_catalog.regexp_split_to_table(({fingerprint}), pg_catalog.chr(10)) as now (said) using (said)
where was.said is null or now.said is null
"""
_ROWS = "select pg_catalog.format('%I', p.pubname) from pg_catalog.pg_publication p where p.puballtables"
_ONE = (
    " union all select pg_catalog.format('%I', m.oid::pg_catalog.text) from pg_catalog.pg_publication_rel m"
    " where m.prrelid = {oid}::oid"
)
_SCHEMA = (
    " union all select pg_catalog.format('%I', m.oid::pg_catalog.text)"
    " from pg_catalog.pg_publication_namespace m join pg_catalog.pg_class c on c.relnamespace = m.pnnspid"
    " where c.oid = {oid}::oid"
)


@dataclass(frozen=True, slots=True)
class Footing:
    """A table, and what our role may do on a server of that version."""

    subject: Subject
    as_replica: bool
    server_version: int

    @property
    def oid(self) -> Oid:
        """The table's."""
        return self.subject.table.oid

    @property
    def published(self) -> str:
        """A query for what publishes the table."""
        text = _ROWS + _ONE + (_SCHEMA if self.server_version >= _SCHEMAS_ARE_PUBLISHED else "")
        return text.replace("{oid}", str(self.oid))


def in_the_way(footing: Footing, last: str, *, told: bool = True) -> Check:
    """The check that the table can be filled while everybody writes; `last` is how names of our triggers begin.

    `told` says that schema pgmend is there to tell of other changes.
    """
    another = _ANOTHER.format(table=literal(footing.subject.table_name), oid=footing.oid) if told else ""
    cure = "" if footing.as_replica else " Cure: grant set on parameter session_replication_role (15 and newer)."
    text = _IN_THE_WAY.format(
        oid=footing.oid,
        table=literal(footing.subject.table_name),
        last=last,
        cure=cure,
        another=another,
        firing=_FIRING[footing.as_replica],
        published=footing.published,
        strange=strange_rows(footing.subject),
    )
    return Check("nothing is in the way of filling a column", asking(text), "What was made since the plan was.")


def no_strange_code(footing: Footing) -> Check:
    """The check that no expression on the table calls what would run with our rights and should not."""
    text = f"select * from ({strange_rows(footing.subject)}) as strange (expression, runs, of_role)"
    return Check("nobody's code runs with our rights", asking(text), "What was made since the plan was.")


def fingerprint(footing: Footing, replaces: str, number: str) -> str:
    """All that has to stay as it is, as SQL for a text; `replaces` and `number` are SQL for column numbers."""
    return (
        "(" + _FINGERPRINT.format(oid=footing.oid, replaces=replaces, number=number, published=footing.published) + ")"
    )


def untouched(footing: Footing, replaces: str, number: str) -> Check:
    """The check that nobody has touched what the change was begun on."""
    text = _UNTOUCHED.format(oid=footing.oid, number=number, fingerprint=fingerprint(footing, replaces, number))
    return Check(
        "what the change stands on is as it was when it began",
        asking(text),
        "Names, triggers, checks, publications that somebody has touched meanwhile.",
    )


def asking(text: str) -> str:
    """A query that reads catalogs, and what is told of columns that are filled."""
    found: list[tuple[str, ...]] = [
        ("pg_catalog", name) for name in _CATALOGS if f" pg_catalog.{name} " in text.replace("\n", " ")
    ]
    if "with expression " in text:
        found.append(("expression",))
    return query(verbatim(text.strip()), *found, *([("pgmend", "backfill")] if " pgmend.backfill " in text else []))
