-- Tables on which another backend holds the lock of CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY; of matter only
-- where an index is not valid. A vacuum or an analyze holds the same lock and builds nothing. Everyone can see pg_locks
-- and the pids in pg_stat_progress_*, though not what the other columns there say of other roles.
select pg_catalog.array_agg(l.relation) as tables
from pg_catalog.pg_locks as l
where
    exists (
        select 1
        from pg_catalog.pg_index as i
        where
            i.indrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
            and not i.indisvalid
    )
    and l.locktype = 'relation'
    and l.mode = 'ShareUpdateExclusiveLock'
    and l.granted
    and l.database = (
        select d.oid
        from pg_catalog.pg_database as d
        where d.datname = pg_catalog.current_database()
    )
    and l.pid <> pg_catalog.pg_backend_pid()
    and l.pid not in (
        select v.pid
        from pg_catalog.pg_stat_progress_vacuum as v
    )
    and l.pid not in (
        select y.pid
        from pg_catalog.pg_stat_progress_analyze as y
    )
