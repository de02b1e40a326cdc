"""What has to be copied, so that a plan can be rehearsed and statements described: relations with all they stand on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from psycopg import AsyncConnection

from ...catalog.snapshot import Oid
from ...expected.read import Scope
from ...statements.touched import Touched

# Those named by statements, and of each what it stands on; of a touched one also what refers to it.
_RELATIONS: Final = """
with recursive named (oid) as (
  select t.oid from pg_catalog.unnest(%(touched)s::oid[]) as t (oid)
  union
  select c.oid from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relname = any(%(names)s) and c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
  union
  select case when k.conrelid = t.oid then k.confrelid else k.conrelid end
  from pg_catalog.unnest(%(touched)s::oid[]) as t (oid)
  join pg_catalog.pg_constraint as k on k.contype = 'f' and (k.conrelid = t.oid or k.confrelid = t.oid)
  union
  select coalesce(p.polrelid, r.ev_class) from pg_catalog.unnest(%(touched)s::oid[]) as t (oid)
  join pg_catalog.pg_depend as s on s.refclassid = 'pg_catalog.pg_class'::regclass and s.refobjid = t.oid
  left join pg_catalog.pg_policy as p on s.classid = 'pg_catalog.pg_policy'::regclass and p.oid = s.objid
  left join pg_catalog.pg_rewrite as r on s.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = s.objid
  where p.oid is not null or r.oid is not null
), needed (oid) as (
  select oid from named
  union
  select o.oid from needed as d cross join lateral (
    select i.inhparent from pg_catalog.pg_inherits as i where i.inhrelid = d.oid
    union all
    select s.refobjid from pg_catalog.pg_rewrite as r join pg_catalog.pg_depend as s
      on s.classid = 'pg_catalog.pg_rewrite'::regclass and s.objid = r.oid
      and s.refclassid = 'pg_catalog.pg_class'::regclass
    where r.ev_class = d.oid
    union all
    select s.refobjid from pg_catalog.pg_policy as p join pg_catalog.pg_depend as s
      on s.classid = 'pg_catalog.pg_policy'::regclass and s.objid = p.oid
      and s.refclassid = 'pg_catalog.pg_class'::regclass
    where p.polrelid = d.oid
    union all
    select s.refobjid from pg_catalog.pg_attrdef as f join pg_catalog.pg_depend as s
      on s.classid = 'pg_catalog.pg_attrdef'::regclass and s.objid = f.oid
      and s.refclassid = 'pg_catalog.pg_class'::regclass
    where f.adrelid = d.oid
    union all
    select y.typrelid from pg_catalog.pg_attribute as a join pg_catalog.pg_type as b on b.oid = a.atttypid
      join pg_catalog.pg_type as y on y.oid in (b.oid, b.typelem) and y.typtype = 'c'
    where a.attrelid = d.oid and a.attnum > 0
  ) as o (oid)
)
select c.oid::bigint from needed as d join pg_catalog.pg_class as c on c.oid = d.oid and c.oid >= 16384
where c.relkind in ('r', 'p', 'f', 'v', 'm')
union
select o.objid::bigint from needed as d join pg_catalog.pg_depend as o
  on o.classid = 'pg_catalog.pg_class'::regclass and o.refclassid = 'pg_catalog.pg_class'::regclass
  and o.refobjid = d.oid and o.deptype = 'a'
join pg_catalog.pg_class as q on q.oid = o.objid and q.relkind = 'S'
union
select d.oid::bigint from needed as d join pg_catalog.pg_class as q on q.oid = d.oid and q.relkind = 'S'
"""
# What is in no table costs little, and nobody knows which of it a statement calls.
_REST: Final = """
select array(select p.oid::bigint from pg_catalog.pg_proc as p where p.oid >= 16384),
  array(select t.oid::bigint from pg_catalog.pg_type as t where t.oid >= 16384 and t.typtype in ('e', 'd', 'c', 'r')),
  array(select n.oid::bigint from pg_catalog.pg_namespace as n where n.nspname !~ '^pg_'),
  array(select e.oid::bigint from pg_catalog.pg_extension as e
    where e.extname not in ('plpgsql', 'pg_stat_statements', 'pg_cron'))
"""


async def scope_of(connection: AsyncConnection[Any], touched: Touched, names: Collection[str]) -> Scope:
    """The relations that are touched, those of the names, and all that either needs."""
    parameters: dict[str, list[Oid] | list[str]] = {
        "touched": [each.oid for each in touched.relations],
        "names": list(names),
    }
    relations = await (await connection.execute(_RELATIONS, parameters)).fetchall()
    row = await (await connection.execute(_REST)).fetchone()
    assert row is not None
    functions, types, schemas, extensions = map(frozenset, row)
    return Scope(frozenset(oid for (oid,) in relations), functions, types, schemas, extensions)
