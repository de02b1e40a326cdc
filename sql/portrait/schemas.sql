-- The schemas.
select
    'schema' as kind,
    '' as schema,
    '' as relation,
    n.nspname::pg_catalog.text as name,
    pg_catalog.format('CREATE SCHEMA %I', n.nspname) as definition,
    '{}'::pg_catalog.jsonb as fields,
    pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text as owner,
    n.nspacl::pg_catalog.text[] as grants,
    case when n.nspacl is not null then pg_catalog.acldefault('n', n.nspowner)::pg_catalog.text[] end as usual,
    d.description as comment,
    null::pg_catalog.text as tree,
    2615 as class_id,
    n.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_namespace as n
left join pg_catalog.pg_description as d
    on d.objoid = n.oid and d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.objsubid = 0
where
    n.oid = any($1::pg_catalog.oid[])
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = n.oid and m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and m.deptype = 'e'
    )
