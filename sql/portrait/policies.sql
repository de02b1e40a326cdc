-- Row security policies.
select
    'policy' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    p.polname::pg_catalog.text as name,
    pg_catalog.format(
        'CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s',
        p.polname, n.nspname, c.relname,
        case when p.polpermissive then 'PERMISSIVE' else 'RESTRICTIVE' end,
        case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end,
        (
            select pg_catalog.string_agg(
                case when u.oid = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(u.oid)) end,
                ', ' order by pg_catalog.pg_get_userbyid(u.oid) collate "C"
            )
            from pg_catalog.unnest(p.polroles) as u (oid)
        ),
        ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
        ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    ) as definition,
    '{}'::pg_catalog.jsonb as fields,
    null::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.regexp_replace(
            pg_catalog.concat_ws(
                ' ', p.polpermissive, p.polcmd,
                (
                    select pg_catalog.string_agg(u.oid::pg_catalog.text, ' ' order by u.oid)
                    from pg_catalog.unnest(p.polroles) as u (oid)
                ),
                '/', p.polqual::pg_catalog.text, '/', p.polwithcheck::pg_catalog.text
            ), ':colnames \((?:[^()\\]|\\.)*\)', '', 'g'
        ), 0
    )::pg_catalog.text as tree,
    3256 as class_id,
    p.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_policy as p
join pg_catalog.pg_class as c on c.oid = p.polrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_description as d
    on d.objoid = p.oid and d.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objsubid = 0
where
    p.polrelid = any($1::pg_catalog.oid[])
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
