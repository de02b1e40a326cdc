-- Schemas whose tables are people's. Schema pgmend and its backups are ours.
select
    pg_catalog.array_agg(n.oid) as oids,
    pg_catalog.array_agg(n.nspname) as names
from pg_catalog.pg_namespace as n
where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pgmend', 'pgmend_backup')
