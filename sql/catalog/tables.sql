-- The tables; whose schema is not people's is dropped by the reader.
select
    pg_catalog.array_agg(c.oid) as oids,
    pg_catalog.array_agg(c.relnamespace) as schemas,
    pg_catalog.array_agg(c.relname) as names,
    pg_catalog.array_agg(c.relkind) as kinds,
    pg_catalog.array_agg(c.relpersistence) as persistences,
    pg_catalog.array_agg(pg_catalog.pg_get_userbyid(c.relowner)) as owners,
    pg_catalog.array_agg(c.relispartition) as are_partitions,
    pg_catalog.array_agg(c.relrowsecurity) as row_securities,
    pg_catalog.array_agg(c.relforcerowsecurity) as forced_row_securities,
    pg_catalog.array_agg(c.relreplident) as replica_identities,
    pg_catalog.array_agg(c.reloftype) as types,
    pg_catalog.array_agg(c.reltuples) as rows,
    pg_catalog.array_agg(c.relpages) as pages,
    pg_catalog.array_agg(c.relfilenode) as files
from pg_catalog.pg_class as c
where
    c.oid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and c.relkind in ('r', 'p', 'f')
    and c.relpersistence <> 't'
