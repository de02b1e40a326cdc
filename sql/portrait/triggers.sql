-- Triggers that people made; what a partition has by its parent is the parent's.
select
    'trigger' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    t.tgname::pg_catalog.text as name,
    pg_catalog.pg_get_triggerdef(t.oid) as definition,
    pg_catalog.jsonb_build_object('enabled', t.tgenabled) as fields,
    null::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.concat_ws(
            ' ', t.tgfoid, t.tgtype, t.tgconstrrelid, t.tgdeferrable, t.tginitdeferred, t.tgattr,
            pg_catalog.encode(t.tgargs, 'hex'), t.tgqual::pg_catalog.text, t.tgoldtable, t.tgnewtable
        ), 0
    )::pg_catalog.text as tree,
    2620 as class_id,
    t.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_trigger as t
join pg_catalog.pg_class as c on c.oid = t.tgrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_description as d
    on d.objoid = t.oid and d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and d.objsubid = 0
where
    t.tgrelid = any($1::pg_catalog.oid[])
    and not t.tgisinternal
    and t.tgparentid = 0
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
