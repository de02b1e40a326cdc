-- Indexes, but for those of constraints and those that a partition has by its parent. ON ONLY would make the parent's
-- alone.
select
    'index' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    x.relname::pg_catalog.text as name,
    case
        when x.relkind = 'I'
            then pg_catalog.overlay(
                pg_catalog.pg_get_indexdef(i.indexrelid), ' ON ',
                1 + pg_catalog.length(pg_catalog.format(
                    'CREATE %sINDEX %I', case when i.indisunique then 'UNIQUE ' end, x.relname
                )),
                9
            )
        else pg_catalog.pg_get_indexdef(i.indexrelid)
    end as definition,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'clustered', case when i.indisclustered then 'true' end,
        'statistics', (
            select pg_catalog.string_agg(a.attnum || ' ' || a.attstattarget, ', ' order by a.attnum)
            from pg_catalog.pg_attribute as a
            where a.attrelid = i.indexrelid and a.attstattarget >= 0
        )
    )) as fields,
    null::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.concat_ws(
            ' ', x.relam, x.reloptions, i.indisunique, i.indnullsnotdistinct, i.indnkeyatts, i.indkey, i.indclass,
            i.indcollation, i.indoption, i.indexprs::pg_catalog.text, '/', i.indpred::pg_catalog.text, '/',
            case
                when x.relam not in (403, 405)
                    then (
                        select pg_catalog.string_agg(a.attoptions::pg_catalog.text, ' ' order by a.attnum)
                        from pg_catalog.pg_attribute as a
                        where a.attrelid = i.indexrelid
                    )
            end
        ), 0
    )::pg_catalog.text as tree,
    1259 as class_id,
    x.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_index as i
join pg_catalog.pg_class as x on x.oid = i.indexrelid
join pg_catalog.pg_class as c on c.oid = i.indrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_description as d
    on d.objoid = x.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = 0
where
    i.indrelid = any($1::pg_catalog.oid[])
    and i.indislive
    and not x.relispartition
    and c.relkind in ('r', 'p', 'f', 'm')
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_constraint as k
        where k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
    )
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
