"""Queries for the texts of views, functions and statements; to be asked in a look, where search_path is pg_catalog."""

from __future__ import annotations

_OURS = "('pg_catalog', 'information_schema', 'pg_toast', 'pgmend', 'pgmend_backup')"
_LOCKED = """
select from pg_catalog.pg_locks as l
where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.relation = {oid}
  and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
"""
DEFAULT_PATH = """
coalesce(
  (
    select pg_catalog.substr(setting, 13) from pg_catalog.pg_db_role_setting as s
    cross join lateral pg_catalog.unnest(s.setconfig) as setting
    where setting like 'search\\_path=%' and {role} and (s.setdatabase = 0 or s.setdatabase = (
      select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()
    ))
    order by s.setrole <> 0 desc, s.setdatabase <> 0 desc limit 1
  ),
  (select p.reset_val from pg_catalog.pg_settings as p where p.name = 'search_path')
)
"""
"""The search_path that a role begins with in this database; `{role}` is a condition on the row `s` of its setting."""

VIEWS = f"""
select c.oid::bigint, n.nspname::text, c.relname::text, pg_catalog.pg_get_viewdef(c.oid)
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and n.nspname not in {_OURS} and n.nspname not like 'pg\\_temp\\_%'
  and ($1::oid[] is null or c.oid = any($1::oid[]))
  and not exists (
    select from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e'
  )
  and not exists ({_LOCKED.format(oid="c.oid")})
order by c.oid
"""
"""OID, schema, name and definition. Of views, those that others use mostly come first."""

FUNCTIONS = f"""
select p.oid::bigint, n.nspname::text, p.proname::text, l.lanname::text,
  case when l.lanname = 'plpgsql' then pg_catalog.pg_get_functiondef(p.oid)
    else coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) end,
  l.lanname = 'sql' and pg_catalog.pg_get_function_sqlbody(p.oid) is not null,
  coalesce(
    (
      select pg_catalog.substr(setting, 13) from pg_catalog.unnest(p.proconfig) as setting
      where setting like 'search\\_path=%'
    ),
    {DEFAULT_PATH.format(role="s.setrole = 0")}
  ),
  array(select distinct t.tgrelid::bigint from pg_catalog.pg_trigger as t where t.tgfoid = p.oid)
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
where l.lanname in ('sql', 'plpgsql') and p.prokind in ('f', 'p') and n.nspname not in {_OURS}
  and ($1::oid[] is null or p.oid = any($1::oid[]))
  and not exists (
    select from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'
  )
order by p.oid
"""
"""OID, schema, name, language, body, whether its names are qualified, search_path, tables whose triggers call it."""

WHERE_STATEMENTS_ARE = """
select pg_catalog.format('%I.%I', n.nspname, v.relname)
from pg_catalog.pg_extension as e
join pg_catalog.pg_depend as d
  on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid and d.deptype = 'e'
join pg_catalog.pg_class as v
  on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and v.oid = d.objid and v.relname = 'pg_stat_statements'
join pg_catalog.pg_namespace as n on n.oid = v.relnamespace
join pg_catalog.pg_roles as kept on kept.oid = v.relowner
join pg_catalog.pg_roles as o on o.oid = case
  when n.nspowner = 'pg_database_owner'::pg_catalog.regrole
    then (select b.datdba from pg_catalog.pg_database as b where b.datname = pg_catalog.current_database())
  else n.nspowner end
where e.extname = 'pg_stat_statements' and kept.rolsuper and (o.rolsuper or o.rolname = current_user)
"""
"""The extension's view, where nobody but superusers and ourselves could rename its schema to put another there."""

STATEMENTS = f"""
select q.queryid, q.query, r.rolname::text, {DEFAULT_PATH.format(role="(s.setrole = 0 or s.setrole = r.oid)")}
from {{view}} as q join pg_catalog.pg_roles as r on r.oid = q.userid
where q.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
  and q.queryid is not null
order by q.calls desc limit 1000
"""
"""Query identifier, text without most literals, role, and its search_path; the most frequent ones."""

OWN_PATH = f"""
select {DEFAULT_PATH.format(role="(s.setrole = 0 or s.setrole = r.oid)")}, r.rolname::text
from pg_catalog.pg_roles as r where r.rolname = current_user
"""
"""The search_path that a session of this role begins with here, and the role."""
