-- Digests of what columns default to or are generated from.
select
    pg_catalog.array_agg(d.adrelid) as tables,
    pg_catalog.array_agg(d.adnum) as numbers,
    pg_catalog.array_agg(pg_catalog.hashtextextended(d.adbin::pg_catalog.text collate "C", 0)) as digests
from pg_catalog.pg_attrdef as d
where d.adrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
