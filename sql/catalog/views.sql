-- Views and materialized views that no extension brought, with what their queries read, and to whom else the owner gave
-- SELECT on them or on a column of theirs.
select
    pg_catalog.array_agg(c.oid) as oids,
    pg_catalog.array_agg(c.relnamespace) as schemas,
    pg_catalog.array_agg(c.relname) as names,
    pg_catalog.array_agg(c.relkind) as kinds,
    pg_catalog.array_agg(pg_catalog.pg_get_userbyid(c.relowner)) as owners,
    pg_catalog.array_agg(coalesce((
        select o.option_value::pg_catalog.bool
        from pg_catalog.pg_options_to_table(c.reloptions) as o
        where o.option_name = 'security_invoker'
    ), false)) as are_invokers,
    pg_catalog.array_agg(coalesce((
        select o.option_value::pg_catalog.bool
        from pg_catalog.pg_options_to_table(c.reloptions) as o
        where o.option_name = 'security_barrier'
    ), false)) as are_barriers,
    pg_catalog.array_agg(array(
        select distinct d.refobjid
        from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_depend as d on d.objid = r.oid
        join pg_catalog.pg_class as t on t.oid = d.refobjid
        where
            r.ev_class = c.oid
            and r.rulename = '_RETURN'
            and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and t.oid <> c.oid
            and t.relkind in ('r', 'p', 'f', 'v', 'm')
        order by d.refobjid
    )::pg_catalog.text) as reads,
    pg_catalog.array_agg(pg_catalog.array_to_json(array(
        select distinct
            case g.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee)::pg_catalog.text end
        from (
            select coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) as acl
            union all
            select a.attacl
            from pg_catalog.pg_attribute as a
            where a.attrelid = c.oid and a.attacl is not null and not a.attisdropped
        ) as granted
        cross join pg_catalog.aclexplode(granted.acl) as g
        where g.privilege_type = 'SELECT' and g.grantee <> c.relowner
        order by 1
    ))::pg_catalog.text) as readers
from pg_catalog.pg_class as c
where
    c.relkind in ('v', 'm')
    and c.oid >= 16384
    and c.relpersistence <> 't'
    and not exists (
        select 1
        from pg_catalog.pg_depend as e
        where
            e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and e.objid = c.oid
            and e.objsubid = 0
            and e.deptype = 'e'
    )
