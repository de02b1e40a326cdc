-- Enums, domains, composite types and ranges.
select
    'type' as kind,
    n.nspname::pg_catalog.text as schema,
    '' as relation,
    t.typname::pg_catalog.text as name,
    case t.typtype
        when 'e' then pg_catalog.format(
            'CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
            (
                select pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
                from pg_catalog.pg_enum as e
                where e.enumtypid = t.oid
            )
        )
        when 'd' then pg_catalog.format(
            'CREATE DOMAIN %I.%I AS %s%s%s%s%s', n.nspname, t.typname,
            pg_catalog.format_type(t.typbasetype, t.typtypmod),
            (
                select pg_catalog.format(' COLLATE %I.%I', cn.nspname, c.collname)
                from pg_catalog.pg_collation as c
                join pg_catalog.pg_namespace as cn on cn.oid = c.collnamespace
                join pg_catalog.pg_type as b on b.oid = t.typbasetype
                where c.oid = t.typcollation and t.typcollation <> b.typcollation
            ),
            ' DEFAULT ' || t.typdefault,
            case when t.typnotnull then ' NOT NULL' end,
            (
                select pg_catalog.string_agg(
                    pg_catalog.format(' CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), ''
                    order by k.conname
                )
                from pg_catalog.pg_constraint as k
                where k.contypid = t.oid and k.contype = 'c'
            )
        )
        when 'c' then pg_catalog.format(
            'CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
            (
                select pg_catalog.string_agg(
                    pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
                    || coalesce(
                        (
                            select pg_catalog.format(' COLLATE %I.%I', cn.nspname, c.collname)
                            from pg_catalog.pg_collation as c
                            join pg_catalog.pg_namespace as cn on cn.oid = c.collnamespace
                            join pg_catalog.pg_type as b on b.oid = a.atttypid
                            where c.oid = a.attcollation and a.attcollation <> b.typcollation
                        ), ''
                    ),
                    ', ' order by a.attnum
                )
                from pg_catalog.pg_attribute as a
                where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
            )
        )
        else pg_catalog.format(
            'CREATE TYPE %I.%I AS RANGE (%s)', n.nspname, t.typname,
            (
                select pg_catalog.concat_ws(
                    ', ',
                    'SUBTYPE = ' || pg_catalog.format_type(g.rngsubtype, null),
                    'CANONICAL = ' || nullif(g.rngcanonical, 0)::pg_catalog.regproc,
                    'SUBTYPE_DIFF = ' || nullif(g.rngsubdiff, 0)::pg_catalog.regproc
                )
                from pg_catalog.pg_range as g
                where g.rngtypid = t.oid
            )
        )
    end as definition,
    '{}'::pg_catalog.jsonb as fields,
    pg_catalog.pg_get_userbyid(t.typowner)::pg_catalog.text as owner,
    t.typacl::pg_catalog.text[] as grants,
    case when t.typacl is not null then pg_catalog.acldefault('T', t.typowner)::pg_catalog.text[] end as usual,
    d.description as comment,
    case t.typtype
        when 'e' then (
            select pg_catalog.hashtextextended(
                pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ' ' order by e.enumsortorder), 0
            )::pg_catalog.text
            from pg_catalog.pg_enum as e
            where e.enumtypid = t.oid
        )
        when 'r' then (
            select pg_catalog.concat_ws(' ', g.rngsubtype, g.rngcollation, g.rngsubopc, g.rngcanonical, g.rngsubdiff)
            from pg_catalog.pg_range as g
            where g.rngtypid = t.oid
        )
        when 'd' then pg_catalog.hashtextextended(
            pg_catalog.concat_ws(
                ' ', t.typbasetype, t.typtypmod, t.typcollation, t.typnotnull, t.typdefaultbin::pg_catalog.text,
                (
                    select pg_catalog.string_agg(
                        pg_catalog.concat_ws(' ', k.conname, k.convalidated, k.conbin::pg_catalog.text), ' '
                        order by k.conname
                    )
                    from pg_catalog.pg_constraint as k
                    where k.contypid = t.oid and k.contype = 'c'
                )
            ), 0
        )::pg_catalog.text
        when 'c' then (
            select pg_catalog.hashtextextended(
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(' ', a.attname, a.atttypid, a.atttypmod, a.attcollation), ' '
                    order by a.attnum
                ), 0
            )::pg_catalog.text
            from pg_catalog.pg_attribute as a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        )
    end as tree,
    1247 as class_id,
    t.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_type as t
join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
left join pg_catalog.pg_class as r on r.oid = t.typrelid
left join pg_catalog.pg_description as d
    on d.objoid = t.oid and d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objsubid = 0
where
    t.oid = any($1::pg_catalog.oid[])
    and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and r.relkind = 'c'))
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = t.oid and m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and m.deptype = 'e'
    )
