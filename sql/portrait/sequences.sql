-- Sequences that stand by themselves or are owned by a column; those of identity columns are a part of theirs.
select
    'sequence' as kind,
    n.nspname::pg_catalog.text as schema,
    '' as relation,
    c.relname::pg_catalog.text as name,
    pg_catalog.format(
        'CREATE %sSEQUENCE %I.%I AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
        case when c.relpersistence = 'u' then 'UNLOGGED ' end, n.nspname, c.relname,
        pg_catalog.format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
        case when s.seqcycle then ' CYCLE' end
    ) as definition,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'owned_by',
        pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) || '.'
        || pg_catalog.quote_ident(a.attname)
    )) as fields,
    pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text as owner,
    c.relacl::pg_catalog.text[] as grants,
    case when c.relacl is not null then pg_catalog.acldefault('s', c.relowner)::pg_catalog.text[] end as usual,
    d.description as comment,
    pg_catalog.concat_ws(
        ' ', c.relpersistence, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
        o.refobjid, o.refobjsubid
    ) as tree,
    1259 as class_id,
    c.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_class as c
join pg_catalog.pg_sequence as s on s.seqrelid = c.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_depend as o
    on
        o.objid = c.oid
        and o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and o.refobjsubid > 0
        and o.deptype in ('a', 'i')
left join pg_catalog.pg_class as t on t.oid = o.refobjid
left join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
left join pg_catalog.pg_attribute as a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
left join pg_catalog.pg_description as d
    on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = 0
where
    c.oid = any($1::pg_catalog.oid[])
    and c.relkind = 'S'
    and c.relpersistence <> 't'
    and o.deptype is distinct from 'i'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
