-- The constraints. NOT NULL has rows since 18 and is told by its column. What a constraint says without a name or an OID
-- is one text, parted by bars, of which few differ: `terms`.
select
    pg_catalog.array_agg(k.conrelid) as tables,
    pg_catalog.array_agg(k.oid) as oids,
    pg_catalog.array_agg(k.conname) as names,
    pg_catalog.array_agg(pg_catalog.concat_ws(
        '|',
        k.contype,
        coalesce(k.conkey, '{}'),
        k.convalidated,
        k.condeferrable,
        k.condeferred,
        coalesce(k.confkey, '{}'),
        k.confmatchtype,
        k.confupdtype,
        k.confdeltype,
        coalesce(k.confdelsetcols, '{}'),
        k.conenforced,
        k.connoinherit,
        k.conperiod
    )) as terms,
    pg_catalog.array_agg(k.confrelid) as referenced_tables,
    pg_catalog.array_agg(k.conindid) as indexes,
    pg_catalog.array_agg(k.conparentid) as parents,
    pg_catalog.array_agg(pg_catalog.hashtextextended(
        coalesce(k.conbin::pg_catalog.text, k.conexclop::pg_catalog.text) collate "C", 0
    )) as expressions
from pg_catalog.pg_constraint as k
where
    k.conrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and k.contype in ('c', 'f', 'p', 'u', 'x')
