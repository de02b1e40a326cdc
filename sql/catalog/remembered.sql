-- Has the transaction remember every table that people made, since each of the following queries asks about all of them.
select
    pg_catalog.statement_timestamp() as taken_at,
    pg_catalog.set_config('pgmend.tables', array(
        select c.oid
        from pg_catalog.pg_class as c
        where
            c.relkind in ('r', 'p', 'f')
            and c.relpersistence <> 't'
            and c.oid >= 16384 -- below are the server's own
    )::pg_catalog.text, true) is not null as are_remembered
