-- What `wanted` is for everything, this is for some events: from the objects that they name to the tables that these
-- can have changed. $1 are objects of pg_class (what is no table leads to its table), $2 of pg_constraint, $3 of
-- pg_trigger, $4 of pg_policy, $5 types, $6 extensions. Partitions and children come along at any depth.
with recursive named (oid) as (
    select pg_catalog.unnest($1::pg_catalog.oid[])
    union
    select i.indrelid
    from pg_catalog.pg_index as i
    where i.indexrelid = any($1::pg_catalog.oid[])
    union
    select d.refobjid -- the table whose column owns a sequence
    from pg_catalog.pg_class as s
    join pg_catalog.pg_depend as d on d.objid = s.oid
    where
        s.oid = any($1::pg_catalog.oid[])
        and s.relkind = 'S'
        and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.deptype in ('a', 'i')
    union
    select a.adrelid -- the table whose default calls a sequence
    from pg_catalog.pg_sequence as s
    join pg_catalog.pg_depend as d on d.refobjid = s.seqrelid
    join pg_catalog.pg_attrdef as a on a.oid = d.objid
    where
        s.seqrelid = any($1::pg_catalog.oid[])
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    union
    select k.conrelid
    from pg_catalog.pg_constraint as k
    where k.oid = any($2::pg_catalog.oid[])
    union
    select t.tgrelid
    from pg_catalog.pg_trigger as t
    where t.oid = any($3::pg_catalog.oid[])
    union
    select p.polrelid
    from pg_catalog.pg_policy as p
    where p.oid = any($4::pg_catalog.oid[])
    union
    select d.objid -- tables of the type, or with a column of it or of an array of it
    from pg_catalog.pg_type as t
    join pg_catalog.pg_depend as d on d.refobjid in (t.oid, t.typarray)
    where
        t.oid = any($5::pg_catalog.oid[] || array(
            select c.reltype -- a row's type is called like its table; a composite type is told as a relation
            from pg_catalog.pg_class as c
            where c.oid = any($1::pg_catalog.oid[]) and c.reltype <> 0
        ))
        and d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
        and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    union
    select d.objid
    from pg_catalog.pg_depend as d
    where
        d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        and d.refobjid = any($6::pg_catalog.oid[])
        and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.deptype = 'e'
),

family (oid) as (
    select n.oid
    from named as n
    union
    select h.inhrelid
    from family as f
    join pg_catalog.pg_inherits as h on h.inhparent = f.oid
)

select
    pg_catalog.statement_timestamp() as taken_at,
    array(
        select f.oid
        from family as f
        where f.oid <> 0 -- a domain's constraint has no table
    ) as oids
