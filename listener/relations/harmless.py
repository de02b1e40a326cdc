"""What has to be known of tables before their rows are read: whose code could run, and what else forbids it.

`measure.py` says why.
"""

from __future__ import annotations

from typing import Final, LiteralString

TABLES: Final = """
select c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.reltuples,
  t.rolsuper or t.rolname = current_user as trusted, s.rolsuper or s.rolname = current_user as steady,
  c.relkind = 'p' and exists (
    select from pg_catalog.pg_partition_tree(c.oid) as t join pg_catalog.pg_class as p on p.oid = t.relid
    where p.relkind = 'f'
  ) as reads_elsewhere,
  c.relkind = 'r' and %(sizes)s and case when not exists (
    select from pg_catalog.pg_locks as l
    where l.locktype = 'relation' and l.relation = c.oid and l.mode = 'AccessExclusiveLock'
      and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  ) then pg_catalog.pg_relation_size(c.oid) = 0 end as is_empty
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as t on t.oid = c.relowner
join pg_catalog.pg_roles as s on s.oid = case
  when n.nspowner = 'pg_database_owner'::pg_catalog.regrole
    then (select d.datdba from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  else n.nspowner end
where c.oid = any(%(tables)s::oid[])
"""
# Nobody but superusers, ourselves, and a role that none other is a member of may be able to change the function.
ASSURANCE: Final = """
with fit as (
  select r.oid from pg_catalog.pg_roles as r
  where r.rolsuper or r.rolname = current_user or (r.rolname = 'pgmend_owner' and not r.rolcanlogin and not exists (
    select from pg_catalog.pg_auth_members as m join pg_catalog.pg_roles as member on member.oid = m.member
    where m.roleid = r.oid and not member.rolsuper and member.rolname <> current_user
  ))
)
select exists (
  select from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = 'pgmend' and p.proname = 'assure_harmless'
    and pg_catalog.pg_get_function_identity_arguments(p.oid) = 'history oid, most_bytes bigint'
    and p.proowner in (select fit.oid from fit) and n.nspowner in (select fit.oid from fit)
    and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
)
"""
COLUMNS: Final = """
select a.attrelid::bigint, a.attnum, a.attname, a.atttypid::bigint, a.attgenerated::text = 'v'
from pg_catalog.pg_attribute as a
where a.attrelid = any(%(tables)s::oid[]) and a.attnum > 0 and not a.attisdropped
"""
FOREIGN_CODE: LiteralString = """
with part as (
  select root.oid as root, t.relid as oid
  from pg_catalog.unnest({tables}::oid[]) as root (oid)
  cross join lateral (
    select root.oid as relid union select p.relid from pg_catalog.pg_partition_tree(root.oid) as p
  ) as t
), thing as (
  select root, 'pg_catalog.pg_class'::pg_catalog.regclass as class, oid from part
  union all
  select p.root, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
  from part as p join pg_catalog.pg_index as i on i.indrelid = p.oid
  union all
  select p.root, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid
  from part as p join pg_catalog.pg_statistic_ext as s on s.stxrelid = p.oid
), called as (
  select t.root, f.proowner as owner
  from thing as t
  join pg_catalog.pg_depend as d on d.classid = t.class and d.objid = t.oid
  join pg_catalog.pg_proc as f
    on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.oid = d.refobjid
  union all
  select t.root, o.oprowner
  from thing as t
  join pg_catalog.pg_depend as d on d.classid = t.class and d.objid = t.oid
  join pg_catalog.pg_operator as o
    on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = d.refobjid
)
select distinct c.root::bigint
from called as c join pg_catalog.pg_roles as r on r.oid = c.owner
where not r.rolsuper and r.rolname <> current_user
"""
# An error where a name led to another table than was meant, or somebody's code came meanwhile.
STILL: LiteralString = (
    """
select 1 / case when (
  select pg_catalog.count(distinct own.relation) from pg_catalog.pg_locks as own
  where own.locktype = 'relation' and own.pid = pg_catalog.pg_backend_pid() and own.granted
    and own.relation = any({tables}::oid[])
    and own.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
) = {number} and not exists ("""
    + FOREIGN_CODE
    + ") then 1 else 0 end"
)
