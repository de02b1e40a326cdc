-- What the access methods are called.
select
    pg_catalog.array_agg(m.oid) as oids,
    pg_catalog.array_agg(m.amname) as names
from pg_catalog.pg_am as m
