-- Tables that belong to an extension.
select pg_catalog.array_agg(d.objid) as tables
from pg_catalog.pg_depend as d
where
    d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.objid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and d.objsubid = 0
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.deptype = 'e'
