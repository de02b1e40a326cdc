-- Definitions of the indexes in $1, save those whose table somebody has locked, or waits to lock, against readers:
-- pg_get_indexdef would wait behind them.
select
    i.indexrelid,
    pg_catalog.pg_get_indexdef(i.indexrelid) as definition
from pg_catalog.pg_index as i
where
    i.indexrelid = any($1::pg_catalog.oid[])
    and not exists (
        select 1
        from pg_catalog.pg_locks as l
        where
            l.locktype = 'relation'
            and l.relation = i.indrelid
            and l.mode = 'AccessExclusiveLock'
            and l.database = (
                select d.oid
                from pg_catalog.pg_database as d
                where d.datname = pg_catalog.current_database()
            )
            and l.pid is distinct from pg_catalog.pg_backend_pid()
    )
