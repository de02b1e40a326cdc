-- What is to be portrayed where the objects $1, and those with the names $2 ([[schema, name], ...]), may differ: relations (with an index its table,
-- with an owned sequence the table that owns it, with a part of a table that), routines, types; and all schemas and extensions, which are few.
with named as (
    select
        e.pair ->> 0 as schema,
        e.pair ->> 1 as name
    from pg_catalog.jsonb_array_elements($2::pg_catalog.jsonb) as e (pair)
),

relations as (
    select c.oid
    from pg_catalog.pg_class as c
    where c.oid = any($1::pg_catalog.oid[])
    union
    select c.oid
    from named as w
    join pg_catalog.pg_namespace as n on n.nspname = w.schema
    join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = w.name
),

wider as (
    select r.oid
    from relations as r
    union
    select i.indrelid
    from relations as r
    join pg_catalog.pg_index as i on i.indexrelid = r.oid
    union
    select k.conrelid
    from pg_catalog.pg_constraint as k
    where k.oid = any($1::pg_catalog.oid[]) and k.conrelid <> 0
    union
    select t.tgrelid
    from pg_catalog.pg_trigger as t
    where t.oid = any($1::pg_catalog.oid[])
    union
    select p.polrelid
    from pg_catalog.pg_policy as p
    where p.oid = any($1::pg_catalog.oid[])
    union
    select w.ev_class
    from pg_catalog.pg_rewrite as w
    where w.oid = any($1::pg_catalog.oid[])
    union
    select s.stxrelid
    from pg_catalog.pg_statistic_ext as s
    where s.oid = any($1::pg_catalog.oid[])
    union
    select o.refobjid
    from relations as r
    join pg_catalog.pg_depend as o
        on
            o.objid = r.oid
            and o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and o.refobjsubid > 0
            and o.deptype = 'a'
)

select
    array(
        select w.oid::pg_catalog.int8 as oid
        from wider as w
    ) as relations,
    array(
        select p.oid::pg_catalog.int8 as oid
        from pg_catalog.pg_proc as p
        where p.oid = any($1::pg_catalog.oid[])
        union
        select p.oid::pg_catalog.int8 as oid
        from named as w
        join pg_catalog.pg_namespace as n on n.nspname = w.schema
        join pg_catalog.pg_proc as p on p.proname = pg_catalog.split_part(w.name, '(', 1) and p.pronamespace = n.oid
    ) as functions,
    array(
        select t.oid::pg_catalog.int8 as oid
        from pg_catalog.pg_type as t
        where t.oid = any($1::pg_catalog.oid[])
        union
        select t.oid::pg_catalog.int8 as oid
        from named as w
        join pg_catalog.pg_namespace as n on n.nspname = w.schema
        join pg_catalog.pg_type as t on t.typname = w.name and t.typnamespace = n.oid
        left join pg_catalog.pg_class as r on r.oid = t.typrelid
        where t.typtype <> 'c' or r.relkind = 'c' -- a table's row type is no type of its own
    ) as types,
    array(
        select n.oid::pg_catalog.int8 as oid
        from pg_catalog.pg_namespace as n
    ) as schemas,
    array(
        select e.oid::pg_catalog.int8 as oid
        from pg_catalog.pg_extension as e
    ) as extensions
