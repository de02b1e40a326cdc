-- The constraints, in the order of `Constraint`'s fields; arrays travel as texts, of which few differ. NOT NULL has rows
-- since 18 and is told by its column.
select
    pg_catalog.array_agg(k.conrelid) as tables,
    pg_catalog.array_agg(k.oid) as oids,
    pg_catalog.array_agg(k.conname) as names,
    pg_catalog.array_agg(k.contype) as kinds,
    pg_catalog.array_agg(k.conkey::pg_catalog.text) as columns,
    pg_catalog.array_agg(k.convalidated) as are_validated,
    pg_catalog.array_agg(k.condeferrable) as are_deferrable,
    pg_catalog.array_agg(k.condeferred) as are_deferred,
    pg_catalog.array_agg(k.confrelid) as referenced_tables,
    pg_catalog.array_agg(k.confkey::pg_catalog.text) as referenced_columns,
    pg_catalog.array_agg(k.confmatchtype) as match_types,
    pg_catalog.array_agg(k.confupdtype) as on_updates,
    pg_catalog.array_agg(k.confdeltype) as on_deletes,
    pg_catalog.array_agg(k.confdelsetcols::pg_catalog.text) as on_delete_columns,
    pg_catalog.array_agg(k.conindid) as indexes,
    pg_catalog.array_agg(k.conparentid) as parents,
    pg_catalog.array_agg(pg_catalog.hashtextextended(
        coalesce(k.conbin::pg_catalog.text, k.conexclop::pg_catalog.text) collate "C", 0
    )) as expressions,
    pg_catalog.array_agg(k.conenforced) as are_enforced,
    pg_catalog.array_agg(k.connoinherit) as are_not_inherited,
    pg_catalog.array_agg(k.conperiod) as are_temporal
from pg_catalog.pg_constraint as k
where
    k.conrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and k.contype in ('c', 'f', 'p', 'u', 'x')
