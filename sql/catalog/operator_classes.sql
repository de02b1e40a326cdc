-- Operator classes that a type gets without being asked for.
select
    pg_catalog.array_agg(m.amname) as methods,
    pg_catalog.array_agg(o.opcintype) as types,
    pg_catalog.array_agg(o.oid) as oids
from pg_catalog.pg_opclass as o
join pg_catalog.pg_am as m on m.oid = o.opcmethod
where o.opcdefault
