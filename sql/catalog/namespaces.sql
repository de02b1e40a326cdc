-- Schemas that are people's, an extension's too, with their owners and with those who may create in them besides.
select
    pg_catalog.array_agg(n.oid) as oids,
    pg_catalog.array_agg(n.nspname) as names,
    pg_catalog.array_agg(pg_catalog.pg_get_userbyid(n.nspowner)) as owners,
    pg_catalog.array_agg(pg_catalog.array_to_json(array(
        select distinct
            case g.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee)::pg_catalog.text end
        from pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) as g
        where g.privilege_type = 'CREATE' and g.grantee <> n.nspowner
        order by 1
    ))::pg_catalog.text) as creators,
    pg_catalog.array_agg(exists (
        select 1
        from pg_catalog.pg_depend as e
        where
            e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
            and e.objid = n.oid
            and e.deptype = 'e'
    )) as are_of_extensions
from pg_catalog.pg_namespace as n
where
    n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pgmend', 'pgmend_backup')
    and n.nspname !~ '^pg_(temp|toast_temp)_'
