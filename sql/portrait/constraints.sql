-- Constraints of tables; what a table has from its parents alone is the parent's. NOT NULL is told by its column.
select
    'constraint' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    k.conname::pg_catalog.text as name,
    pg_catalog.pg_get_constraintdef(k.oid) as definition,
    '{}'::pg_catalog.jsonb as fields,
    null::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.concat_ws(
            ' ', k.contype, k.convalidated, k.condeferrable, k.condeferred, k.connoinherit, k.conkey, k.confrelid,
            k.confkey, k.confmatchtype, k.confupdtype, k.confdeltype, k.confdelsetcols::pg_catalog.text, k.conexclop,
            k.conenforced, k.conperiod, k.conbin::pg_catalog.text,
            case
                when k.contype in ('p', 'u', 'x')
                    then pg_catalog.concat_ws(
                        ' ', x.relam, x.reloptions, i.indclass, i.indcollation, i.indkey, i.indoption,
                        i.indnullsnotdistinct, i.indexprs::pg_catalog.text, i.indpred::pg_catalog.text
                    )
            end
        ), 0
    )::pg_catalog.text as tree,
    2606 as class_id,
    k.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_constraint as k
join pg_catalog.pg_class as c on c.oid = k.conrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_index as i on i.indexrelid = k.conindid
left join pg_catalog.pg_class as x on x.oid = k.conindid
left join pg_catalog.pg_description as d
    on d.objoid = k.oid and d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and d.objsubid = 0
where
    k.conrelid = any($1::pg_catalog.oid[])
    and k.contype in ('c', 'f', 'p', 'u', 'x')
    and k.conparentid = 0
    and (k.conislocal or k.coninhcount = 0)
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
