-- The columns of tables; what a table has from its parents alone is the parent's.
select
    'column' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    a.attname::pg_catalog.text as name,
    pg_catalog.concat(
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        ' COLLATE ' || l.name,
        case
            when a.attgenerated = 's' then ' GENERATED ALWAYS AS (' || x.expression || ') STORED'
            when a.attgenerated = 'v' then ' GENERATED ALWAYS AS (' || x.expression || ') VIRTUAL'
            else ' DEFAULT ' || x.expression
        end,
        ' GENERATED ' || case a.attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end || ' AS IDENTITY'
        || coalesce(' (' || q.options || ')', ''),
        case when a.attnotnull then ' NOT NULL' end
    ) as definition,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'not_null', a.attnotnull::pg_catalog.text,
        'not_null_name', nullif(k.conname, pg_catalog.concat(c.relname, '_', a.attname, '_not_null')),
        'collation', l.name,
        'default', case when a.attgenerated = '' then x.expression end,
        'generated', '(' || x.expression || ') ' || case a.attgenerated when 's' then 'STORED' when 'v' then 'VIRTUAL' end,
        'identity', case a.attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end,
        'identity_options', q.options,
        'storage', case
            when a.attstorage <> t.typstorage then case a.attstorage
                when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED'
            end
        end,
        'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
        'statistics', nullif(a.attstattarget, -1)::pg_catalog.text,
        'options', pg_catalog.array_to_string(a.attoptions, ', ')
    )) as fields,
    null::pg_catalog.text as owner,
    a.attacl::pg_catalog.text[] as grants,
    case when a.attacl is not null then '{}'::pg_catalog.text[] end as usual,
    d.description as comment,
    pg_catalog.concat(
        a.atttypid, ' ', a.atttypmod, ' ', a.attcollation, '|', pg_catalog.hashtextextended(x.tree, 0), '|', q.tree
    ) as tree,
    1259 as class_id,
    c.oid::pg_catalog.int8 as object_id,
    a.attnum::pg_catalog.int4 as number
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_type as t on t.oid = a.atttypid
left join (
    select
        o.oid,
        pg_catalog.format('%I.%I', lq.nspname, o.collname) as name
    from pg_catalog.pg_collation as o
    join pg_catalog.pg_namespace as lq on lq.oid = o.collnamespace
) as l on l.oid = a.attcollation and a.attcollation <> t.typcollation
left join (
    select
        f.adrelid,
        f.adnum,
        pg_catalog.pg_get_expr(f.adbin, f.adrelid) as expression,
        f.adbin::pg_catalog.text as tree
    from pg_catalog.pg_attrdef as f
    where f.adrelid = any($1::pg_catalog.oid[])
) as x on x.adrelid = a.attrelid and x.adnum = a.attnum
left join (
    select
        o.refobjid,
        o.refobjsubid,
        pg_catalog.format(
            'SEQUENCE NAME %I.%I START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
            qn.nspname, qc.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
            case when s.seqcycle then ' CYCLE' end
        ) as options,
        pg_catalog.concat_ws(
            ' ', o.objid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
        ) as tree
    from pg_catalog.pg_depend as o
    join pg_catalog.pg_sequence as s on s.seqrelid = o.objid
    join pg_catalog.pg_class as qc on qc.oid = o.objid
    join pg_catalog.pg_namespace as qn on qn.oid = qc.relnamespace
    where
        o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and o.refobjid = any($1::pg_catalog.oid[])
        and o.refobjsubid > 0
        and o.deptype = 'i'
) as q on q.refobjid = a.attrelid and q.refobjsubid = a.attnum
-- Since 18 NOT NULL has a name.
left join (
    select
        o.conrelid,
        o.conkey[1] as number,
        o.conname::pg_catalog.text as conname
    from pg_catalog.pg_constraint as o
    where o.conrelid = any($1::pg_catalog.oid[]) and o.contype = 'n'
) as k on k.conrelid = a.attrelid and k.number = a.attnum
left join pg_catalog.pg_description as d
    on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = a.attnum
where
    a.attrelid = any($1::pg_catalog.oid[])
    and c.relkind in ('r', 'p', 'f')
    and c.relpersistence <> 't'
    and a.attnum > 0
    and not a.attisdropped
    and (a.attislocal or a.attinhcount = 0)
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
order by a.attrelid, a.attnum
