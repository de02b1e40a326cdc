-- Triggers that a person made; those behind foreign keys belong to the constraint.
select
    pg_catalog.array_agg(t.tgrelid) as tables,
    pg_catalog.array_agg(t.oid) as oids,
    pg_catalog.array_agg(t.tgname) as names,
    pg_catalog.array_agg(t.tgenabled) as are_enabled,
    pg_catalog.array_agg(t.tgfoid) as functions
from pg_catalog.pg_trigger as t
where
    t.tgrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and not t.tgisinternal
