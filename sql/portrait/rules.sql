-- Rules; what makes a view a view is told by the view.
select
    'rule' as kind,
    n.nspname::pg_catalog.text as schema,
    c.relname::pg_catalog.text as relation,
    r.rulename::pg_catalog.text as name,
    pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';') as definition,
    pg_catalog.jsonb_build_object('enabled', r.ev_enabled) as fields,
    null::pg_catalog.text as owner,
    null::pg_catalog.text[] as grants,
    null::pg_catalog.text[] as usual,
    d.description as comment,
    pg_catalog.hashtextextended(
        pg_catalog.regexp_replace(
            pg_catalog.concat_ws(
                ' ', r.ev_type, r.is_instead, r.ev_action::pg_catalog.text, r.ev_qual::pg_catalog.text
            ), ':colnames \((?:[^()\\]|\\.)*\)', '', 'g'
        ), 0
    )::pg_catalog.text as tree,
    2618 as class_id,
    r.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_rewrite as r
join pg_catalog.pg_class as c on c.oid = r.ev_class
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_description as d
    on d.objoid = r.oid and d.classoid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objsubid = 0
where
    r.ev_class = any($1::pg_catalog.oid[])
    and r.rulename <> '_RETURN'
    and c.relpersistence <> 't'
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where m.objid = c.oid and m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.deptype = 'e'
    )
