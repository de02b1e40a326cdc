-- What moved since somebody last looked: for each relation, routine, type, schema and extension that people made a number
-- that differs once any row of the catalogs that tells of it was written. Nothing is deparsed, no lock is waited for.
with parts as (
    select
        c.oid as relation,
        c.xmin::pg_catalog.text as written
    from pg_catalog.pg_class as c
    where c.oid >= 16384 and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select
        a.attrelid,
        a.xmin::pg_catalog.text
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as ac on ac.oid = a.attrelid
    where a.attrelid >= 16384 and a.attnum > 0 and ac.relkind in ('r', 'p', 'f', 'v', 'm')
    union all
    select
        f.adrelid,
        f.xmin::pg_catalog.text
    from pg_catalog.pg_attrdef as f
    union all
    select
        k.conrelid,
        k.xmin::pg_catalog.text
    from pg_catalog.pg_constraint as k
    where k.conrelid >= 16384
    union all
    select
        i.indrelid as relation,
        pg_catalog.concat(i.xmin, ' ', x.xmin) as written
    from pg_catalog.pg_index as i
    join pg_catalog.pg_class as x on x.oid = i.indexrelid
    where i.indrelid >= 16384 and x.relnamespace <> 99 -- not those of toast tables
    union all
    select
        r.ev_class,
        r.xmin::pg_catalog.text
    from pg_catalog.pg_rewrite as r
    where r.ev_class >= 16384
    union all
    select
        t.tgrelid,
        t.xmin::pg_catalog.text
    from pg_catalog.pg_trigger as t
    union all
    select
        p.polrelid,
        p.xmin::pg_catalog.text
    from pg_catalog.pg_policy as p
    union all
    select
        s.stxrelid,
        s.xmin::pg_catalog.text
    from pg_catalog.pg_statistic_ext as s
    union all
    select
        q.seqrelid,
        q.xmin::pg_catalog.text
    from pg_catalog.pg_sequence as q
    union all
    select
        h.inhrelid,
        h.xmin::pg_catalog.text
    from pg_catalog.pg_inherits as h
    union all
    -- A comment is told with what it is on: a table's own or its columns', and those of its indexes, constraints, ...
    select
        coalesce(i.indrelid, k.conrelid, t.tgrelid, p.polrelid, r.ev_class, s.stxrelid, d.objoid) as relation,
        d.xmin::pg_catalog.text as written
    from pg_catalog.pg_description as d
    left join pg_catalog.pg_index as i
        on d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.indexrelid = d.objoid
    left join pg_catalog.pg_constraint as k
        on d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = d.objoid and k.conrelid > 0
    left join pg_catalog.pg_trigger as t
        on d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and t.oid = d.objoid
    left join pg_catalog.pg_policy as p
        on d.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass and p.oid = d.objoid
    left join pg_catalog.pg_rewrite as r
        on d.classoid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objoid
    left join pg_catalog.pg_statistic_ext as s
        on d.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass and s.oid = d.objoid
    where d.objoid >= 16384 or d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    union all
    -- Ownership of a sequence by a column is a dependency and nothing else.
    select
        o.objid,
        o.xmin::pg_catalog.text
    from pg_catalog.pg_depend as o
    where
        o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and o.refobjsubid > 0
        and o.deptype = 'a'
    union all
    select
        p.oid,
        p.xmin::pg_catalog.text
    from pg_catalog.pg_proc as p
    where p.oid >= 16384
    union all
    select
        g.aggfnoid::pg_catalog.oid as relation,
        g.xmin::pg_catalog.text as written
    from pg_catalog.pg_aggregate as g
    where g.aggfnoid >= 16384
    union all
    select
        t.oid,
        t.xmin::pg_catalog.text
    from pg_catalog.pg_type as t
    where t.oid >= 16384 and t.typtype in ('e', 'd', 'r', 'c')
    union all
    select
        t.oid,
        a.xmin::pg_catalog.text
    from pg_catalog.pg_type as t
    join pg_catalog.pg_class as c on c.oid = t.typrelid and c.relkind = 'c'
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    union all
    select
        e.enumtypid,
        e.xmin::pg_catalog.text
    from pg_catalog.pg_enum as e
    union all
    select
        k.contypid,
        k.xmin::pg_catalog.text
    from pg_catalog.pg_constraint as k
    where k.contypid >= 16384
    union all
    select
        n.oid,
        n.xmin::pg_catalog.text
    from pg_catalog.pg_namespace as n
    where n.nspname !~ '^pg_'
    union all
    select
        x.oid,
        x.xmin::pg_catalog.text
    from pg_catalog.pg_extension as x
),

stamped as (
    select
        p.relation,
        pg_catalog.sum(pg_catalog.hashtext(p.written))::pg_catalog.int8 as stamp
    from parts as p
    group by p.relation
)

select
    pg_catalog.array_agg(s.relation) as oids,
    pg_catalog.array_agg(s.stamp) as stamps,
    pg_catalog.array_agg(coalesce(cn.nspname, pn.nspname, tn.nspname, '')::pg_catalog.text) as schemas,
    pg_catalog.array_agg(coalesce(c.relname, f.proname, y.typname, '')::pg_catalog.text) as names
from stamped as s
left join pg_catalog.pg_class as c on c.oid = s.relation
left join pg_catalog.pg_namespace as cn on cn.oid = c.relnamespace
left join pg_catalog.pg_proc as f on c.oid is null and f.oid = s.relation
left join pg_catalog.pg_namespace as pn on pn.oid = f.pronamespace
left join pg_catalog.pg_type as y on c.oid is null and f.oid is null and y.oid = s.relation
left join pg_catalog.pg_namespace as tn on tn.oid = y.typnamespace
