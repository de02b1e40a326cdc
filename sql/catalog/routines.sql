-- Functions and procedures that no extension brought. Who may call one is told of security definers only; whom these are
-- for is what matters there.
select
    pg_catalog.array_agg(p.oid) as oids,
    pg_catalog.array_agg(p.pronamespace) as schemas,
    pg_catalog.array_agg(p.proname) as names,
    pg_catalog.array_agg(p.prokind) as kinds,
    pg_catalog.array_agg(pg_catalog.oidvectortypes(p.proargtypes)) as arguments,
    pg_catalog.array_agg(pg_catalog.pg_get_userbyid(p.proowner)) as owners,
    pg_catalog.array_agg(l.lanname) as languages,
    pg_catalog.array_agg(p.prosecdef) as are_definers,
    pg_catalog.array_agg(pg_catalog.array_to_json(p.proconfig)::pg_catalog.text) as configs,
    pg_catalog.array_agg(p.provolatile) as volatilities,
    pg_catalog.array_agg(p.prosqlbody is not null) as are_early_bound,
    pg_catalog.array_agg(pg_catalog.hashtextextended(
        pg_catalog.concat_ws('|', p.prosrc, p.probin, p.prosqlbody::pg_catalog.text) collate "C", 0
    )) as bodies,
    pg_catalog.array_agg(
        case
            when p.prosecdef and p.proacl is null then '["public"]'
            when p.prosecdef
                then pg_catalog.array_to_json(array(
                    select distinct
                        case g.grantee
                            when 0 then 'public' else pg_catalog.pg_get_userbyid(g.grantee)::pg_catalog.text
                        end
                    from pg_catalog.aclexplode(p.proacl) as g
                    where g.grantee <> p.proowner
                    order by 1
                ))::pg_catalog.text
        end
    ) as callers
from pg_catalog.pg_proc as p
join pg_catalog.pg_language as l on l.oid = p.prolang
where
    p.oid >= 16384
    and not exists (
        select 1
        from pg_catalog.pg_depend as e
        where
            e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            and e.objid = p.oid
            and e.deptype = 'e'
    )
