-- Comments on tables (number 0) and their columns.
select
    pg_catalog.array_agg(d.objoid) as tables,
    pg_catalog.array_agg(d.objsubid) as numbers,
    pg_catalog.array_agg(d.description) as comments
from pg_catalog.pg_description as d
where
    d.objoid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
