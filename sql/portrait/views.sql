-- Views and materialized views. Their columns follow from the query; comments, rights and defaults of them do not: these are
-- JSON by the columns' names.
select
    case c.relkind when 'v' then 'view' else 'materialized_view' end as kind,
    n.nspname::pg_catalog.text as schema,
    '' as relation,
    c.relname::pg_catalog.text as name,
    pg_catalog.format(
        'CREATE %s %I.%I%s AS %s',
        case c.relkind when 'v' then 'VIEW' else 'MATERIALIZED VIEW' end, n.nspname, c.relname,
        ' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')',
        pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';')
    ) as definition,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'columns', a.names,
        'options', pg_catalog.array_to_string(c.reloptions, ', '),
        'column_comments', a.comments::pg_catalog.text,
        'column_grants', a.grants::pg_catalog.text,
        'column_defaults', a.defaults::pg_catalog.text,
        'access_method', m.amname
    )) as fields,
    pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text as owner,
    c.relacl::pg_catalog.text[] as grants,
    case when c.relacl is not null then pg_catalog.acldefault('r', c.relowner)::pg_catalog.text[] end as usual,
    d.description as comment,
    -- Names that the query gave to what it reads are no part of what it means.
    pg_catalog.hashtextextended(
        pg_catalog.regexp_replace(r.ev_action::pg_catalog.text, ':colnames \((?:[^()\\]|\\.)*\)', '', 'g'), 0
    )::pg_catalog.text as tree,
    1259 as class_id,
    c.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_rewrite as r on r.ev_class = c.oid and r.rulename = '_RETURN'
left join pg_catalog.pg_am as m on m.oid = c.relam
cross join lateral (
    select
        pg_catalog.string_agg(pg_catalog.quote_ident(v.attname), ', ' order by v.attnum) as names,
        pg_catalog.jsonb_object_agg(v.attname, vd.description) filter (where vd.description is not null) as comments,
        pg_catalog.jsonb_object_agg(v.attname, array(
            select i.item::pg_catalog.text collate "C"
            from pg_catalog.unnest(v.attacl) as i (item)
            order by 1
        )) filter (where v.attacl is not null) as grants,
        pg_catalog.jsonb_object_agg(v.attname, pg_catalog.pg_get_expr(f.adbin, f.adrelid)) filter (
            where f.adbin is not null
        ) as defaults
    from pg_catalog.pg_attribute as v
    left join pg_catalog.pg_attrdef as f on f.adrelid = v.attrelid and f.adnum = v.attnum
    left join pg_catalog.pg_description as vd
        on
            vd.objoid = v.attrelid
            and vd.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and vd.objsubid = v.attnum
    where v.attrelid = c.oid and v.attnum > 0 and not v.attisdropped
) as a
left join pg_catalog.pg_description as d
    on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = 0
where
    c.oid = any($1::pg_catalog.oid[])
    and c.relkind in ('v', 'm')
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as e
        where e.objid = c.oid and e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.deptype = 'e'
    )
