-- Which sequences number which columns: those that a column owns (that of an identity column, too), and those that a
-- default calls.
select
    pg_catalog.array_agg(n.oid) as tables,
    pg_catalog.array_agg(n.number) as numbers,
    pg_catalog.array_agg(n.sequence) as sequences,
    pg_catalog.array_agg(n.is_owned) as are_owned,
    pg_catalog.array_agg(n.is_called) as are_called
from (
    select
        e.oid,
        e.number,
        e.sequence,
        pg_catalog.bool_or(e.is_owned) as is_owned,
        pg_catalog.bool_or(not e.is_owned) as is_called
    from (
        select
            d.refobjid as oid,
            d.refobjsubid::pg_catalog.int2 as number,
            s.seqrelid as sequence,
            true as is_owned
        from pg_catalog.pg_sequence as s
        join pg_catalog.pg_depend as d on d.objid = s.seqrelid
        where
            d.refobjid = any((select w.oids from wanted as w)::pg_catalog.oid[])
            and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.deptype in ('a', 'i')
        union all
        select
            a.adrelid as oid,
            a.adnum as number,
            s.seqrelid as sequence,
            false as is_owned
        from pg_catalog.pg_attrdef as a
        join pg_catalog.pg_depend as d on d.objid = a.oid
        join pg_catalog.pg_sequence as s on s.seqrelid = d.refobjid
        where
            a.adrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
            and d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    ) as e
    group by e.oid, e.number, e.sequence
) as n
