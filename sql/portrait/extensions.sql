-- The extensions; their members are left to them.
select
    'extension' as kind,
    '' as schema,
    '' as relation,
    e.extname::pg_catalog.text as name,
    pg_catalog.format('CREATE EXTENSION %I WITH SCHEMA %I', e.extname, n.nspname) as definition,
    pg_catalog.jsonb_build_object('schema', n.nspname, 'version', e.extversion) as fields,
    pg_catalog.pg_get_userbyid(e.extowner)::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    null::pg_catalog.text as comment,
    null::pg_catalog.text as tree,
    3079 as class_id,
    e.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_extension as e
join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
where e.oid = any($1::pg_catalog.oid[])
