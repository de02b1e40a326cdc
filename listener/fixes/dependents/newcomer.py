"""What has come to stand on the column since a plan was made: nobody planned how to bring it through."""

from __future__ import annotations

from collections.abc import Collection

from ...catalog.snapshot import AttributeNumber, Oid
from ..plan import Check
from .definition import literal

_STANDING = """
with recursive fallen (oid) as (
  select r.ev_class from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
  where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.rulename = '_RETURN'
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = {table}::oid and d.refobjsubid = {column}
  union
  select r.ev_class from fallen f join pg_catalog.pg_depend d
      on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = f.oid
    join pg_catalog.pg_rewrite r on r.oid = d.objid
  where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.rulename = '_RETURN' and r.ev_class <> f.oid
), standing (classid, objid) as (
  select d.classid, d.objid from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_class'::regclass
    and ((d.refobjid = {table}::oid and d.refobjsubid = {column}) or d.refobjid in (select oid from fallen))
), called (name) as (
  select pg_catalog.concat('view ', n.nspname, '.', c.relname)
  from fallen f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  union
  select pg_catalog.concat('policy ', p.polname, ' on ', n.nspname, '.', c.relname)
  from standing s join pg_catalog.pg_policy p on s.classid = 'pg_catalog.pg_policy'::regclass and p.oid = s.objid
    join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  union
  select pg_catalog.concat('trigger ', t.tgname, ' on ', n.nspname, '.', c.relname)
  from standing s join pg_catalog.pg_trigger t on s.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = s.objid
    join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where t.tgrelid = {table}::oid
  union
  select pg_catalog.concat('rule ', r.rulename, ' on ', n.nspname, '.', c.relname)
  from standing s join pg_catalog.pg_rewrite r on s.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = s.objid
    join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where r.rulename <> '_RETURN' and r.ev_class not in (select oid from fallen)
  union
  select pg_catalog.pg_describe_object(s.classid, s.objid, 0) from standing s
  where s.classid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_publication_rel'::regclass)
)
select name as stands_on_the_column from called where not name = any({known}::text[])
"""


def no_newcomers(table: Oid, column: AttributeNumber | str, known: Collection[str]) -> Check:
    """The check that nothing stands on the column but what is `known` by those names.

    The column is a number, or SQL for it.
    """
    listed = "array[" + ", ".join(literal(name) for name in sorted(known)) + "]"
    query = _STANDING.format(table=table, column=column, known=listed)
    return Check(
        "nothing new stands on the column",
        query.strip(),
        "Views, policies, triggers, rules, functions and publications that the plan does not know.",
    )
