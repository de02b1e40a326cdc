-- Triggers that a person made; those behind foreign keys belong to the constraint. `digests` are of all that
-- CREATE TRIGGER says but for the name and the function.
select
    pg_catalog.array_agg(t.tgrelid) as tables,
    pg_catalog.array_agg(t.oid) as oids,
    pg_catalog.array_agg(t.tgname) as names,
    pg_catalog.array_agg(t.tgenabled) as are_enabled,
    pg_catalog.array_agg(t.tgfoid) as functions,
    pg_catalog.array_agg(pg_catalog.hashtextextended(
        pg_catalog.concat_ws(
            '|',
            t.tgtype,
            t.tgattr,
            t.tgconstraint <> 0,
            t.tgconstrrelid,
            t.tgdeferrable,
            t.tginitdeferred,
            coalesce(t.tgoldtable, ''),
            coalesce(t.tgnewtable, ''),
            pg_catalog.encode(t.tgargs, 'hex'),
            t.tgqual::pg_catalog.text
        ) collate "C", 0
    )) as digests,
    pg_catalog.array_agg(t.tgparentid) as parents
from pg_catalog.pg_trigger as t
where
    t.tgrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and not t.tgisinternal
