-- How far the sequences of $1 have come and how far they can go. What the role may not read, and what somebody holds or
-- awaits a lock on that reading would wait for, is told without.
select
    s.seqrelid as oid,
    n.nspname as schema_name,
    c.relname as name,
    s.seqstart as start_value,
    s.seqincrement as step,
    s.seqmin as least,
    s.seqmax as greatest,
    s.seqcycle as cycles,
    case when t.trouble is null then pg_catalog.pg_sequence_last_value(s.seqrelid) end as last_value,
    t.trouble
from pg_catalog.pg_sequence as s
join pg_catalog.pg_class as c on c.oid = s.seqrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select
        case
            when coalesce(not pg_catalog.has_sequence_privilege(c.oid, 'select, usage'), true)
                then 'the role may not read it'
            when c.relpersistence = 't' or (c.relpersistence = 'u' and pg_catalog.pg_is_in_recovery())
                then 'it cannot be read from here'
            when c.oid in (
                select l.relation
                from pg_catalog.pg_locks as l
                where
                    l.locktype = 'relation'
                    and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                    and l.database = (
                        select d.oid
                        from pg_catalog.pg_database as d
                        where d.datname = pg_catalog.current_database()
                    )
                    and l.pid is distinct from pg_catalog.pg_backend_pid()
            )
                then 'somebody is changing it'
        end as trouble
) as t
where s.seqrelid = any($1::pg_catalog.oid[])
