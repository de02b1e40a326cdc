-- Extended statistics, under the table that they are of. One that lives in another schema than its table tells so.
select
    'statistics' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    case
        when s.stxnamespace = c.relnamespace then s.stxname::pg_catalog.text
        else pg_catalog.format('%I.%I', sn.nspname, s.stxname)
    end as name,
    pg_catalog.pg_get_statisticsobjdef(s.oid) as definition,
    pg_catalog.jsonb_strip_nulls(
        pg_catalog.jsonb_build_object('target', nullif(s.stxstattarget, -1)::pg_catalog.text)
    ) as fields,
    pg_catalog.pg_get_userbyid(s.stxowner)::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.concat_ws(' ', s.stxkeys, s.stxkind, s.stxexprs::pg_catalog.text), 0
    )::pg_catalog.text as tree,
    3381 as class_id,
    s.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_statistic_ext as s
join pg_catalog.pg_namespace as sn on sn.oid = s.stxnamespace
join pg_catalog.pg_class as c on c.oid = s.stxrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_description as d
    on d.objoid = s.oid and d.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass and d.objsubid = 0
where
    s.stxrelid = any($1::pg_catalog.oid[])
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
