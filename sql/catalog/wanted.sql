-- Which tables to read: those of $1, or with null every table that people made.
select
    pg_catalog.statement_timestamp() as taken_at,
    coalesce($1::pg_catalog.oid[], array(
        select c.oid
        from pg_catalog.pg_class as c
        where
            c.relkind in ('r', 'p', 'f')
            and c.relpersistence <> 't'
            and c.oid >= 16384 -- below are the server's own
    )) as oids
