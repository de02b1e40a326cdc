-- Plain, partitioned and foreign tables. The columns in the statement are there to make it; they are compared as objects
-- of their own.
select
    'table' as kind,
    n.nspname::pg_catalog.text as schema,
    '' as relation,
    c.relname::pg_catalog.text as name,
    pg_catalog.format(
        'CREATE %sTABLE %I.%I %s%s%s%s%s%s',
        case when c.relkind = 'f' then 'FOREIGN ' when c.relpersistence = 'u' then 'UNLOGGED ' end,
        n.nspname, c.relname,
        case
            when c.relispartition then 'PARTITION OF ' || i.parents
            else pg_catalog.format(
                '(%s)',
                (
                    select pg_catalog.string_agg(
                        pg_catalog.format('%I %s%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (
                            select pg_catalog.format(' COLLATE %I.%I', ln.nspname, l.collname)
                            from pg_catalog.pg_collation as l
                            join pg_catalog.pg_namespace as ln on ln.oid = l.collnamespace
                            join pg_catalog.pg_type as y on y.oid = a.atttypid
                            where l.oid = a.attcollation and a.attcollation <> y.typcollation
                        )), ', ' order by a.attnum
                    )
                    from pg_catalog.pg_attribute as a
                    where
                        a.attrelid = c.oid
                        and a.attnum > 0
                        and not a.attisdropped
                        and (a.attislocal or a.attinhcount = 0)
                )
            )
        end,
        ' ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid),
        case when not c.relispartition then ' INHERITS (' || i.parents || ')' end,
        ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid),
        ' SERVER ' || pg_catalog.quote_ident(f.srvname),
        case
            when c.reloptions is not null and c.relkind <> 'f'
                then ' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')'
        end
    ) as definition,
    pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'row_security', c.relrowsecurity::pg_catalog.text,
        'force_row_security', c.relforcerowsecurity::pg_catalog.text,
        'persistence', case c.relpersistence when 'u' then 'unlogged' else 'permanent' end,
        'partition_by', pg_catalog.pg_get_partkeydef(c.oid),
        'partition_of', case when c.relispartition then i.parents end,
        'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
        'inherits', case when not c.relispartition then i.parents end,
        'of_type', pg_catalog.format_type(nullif(c.reloftype, 0), null),
        'options', pg_catalog.array_to_string(c.reloptions, ', '),
        'access_method', case when c.relkind = 'r' then m.amname end,
        'server', f.srvname,
        'replica_identity', case c.relreplident
            when 'f' then 'FULL'
            when 'n' then 'NOTHING'
            when 'i' then 'USING INDEX ' || (
                select pg_catalog.quote_ident(x.relname)
                from pg_catalog.pg_index as u
                join pg_catalog.pg_class as x on x.oid = u.indexrelid
                where u.indrelid = c.oid and u.indisreplident
            )
        end
    )) as fields,
    pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text as owner,
    c.relacl::pg_catalog.text[] as grants,
    case when c.relacl is not null then pg_catalog.acldefault('r', c.relowner)::pg_catalog.text[] end as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.concat_ws(
            ' ', i.oids, c.reloftype, p.partstrat, p.partattrs, p.partclass, p.partcollation,
            p.partexprs::pg_catalog.text, c.relpartbound::pg_catalog.text, c.relreplident,
            case
                when c.relreplident = 'i'
                    then (
                        select u.indexrelid
                        from pg_catalog.pg_index as u
                        where u.indrelid = c.oid and u.indisreplident
                    )
            end
        ), 0
    )::pg_catalog.text as tree,
    1259 as class_id,
    c.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_am as m on m.oid = c.relam
left join pg_catalog.pg_partitioned_table as p on p.partrelid = c.oid
left join (
    select
        h.inhrelid,
        pg_catalog.string_agg(pg_catalog.format('%I.%I', hn.nspname, hc.relname), ', ' order by h.inhseqno) as parents,
        pg_catalog.string_agg(h.inhparent::pg_catalog.text, ' ' order by h.inhseqno) as oids
    from pg_catalog.pg_inherits as h
    join pg_catalog.pg_class as hc on hc.oid = h.inhparent
    join pg_catalog.pg_namespace as hn on hn.oid = hc.relnamespace
    where h.inhrelid = any($1::pg_catalog.oid[])
    group by h.inhrelid
) as i on i.inhrelid = c.oid
left join (
    select
        ft.ftrelid,
        s.srvname
    from pg_catalog.pg_foreign_table as ft
    join pg_catalog.pg_foreign_server as s on s.oid = ft.ftserver
) as f on f.ftrelid = c.oid
left join pg_catalog.pg_description as d
    on d.objoid = c.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = 0
where
    c.oid = any($1::pg_catalog.oid[])
    and c.relkind in ('r', 'p', 'f')
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as e
        where e.objid = c.oid and e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.deptype = 'e'
    )
