-- The indexes; vectors travel as texts, of which few differ. B-trees (403) and hashes (405) know no options of operator
-- classes.
select
    pg_catalog.array_agg(i.indrelid) as tables,
    pg_catalog.array_agg(i.indexrelid) as oids,
    pg_catalog.array_agg(c.relname) as names,
    pg_catalog.array_agg(m.amname) as methods,
    pg_catalog.array_agg(i.indkey::pg_catalog.text) as columns,
    pg_catalog.array_agg(i.indnkeyatts) as keys,
    pg_catalog.array_agg(i.indclass::pg_catalog.text) as operator_classes,
    pg_catalog.array_agg(i.indcollation::pg_catalog.text) as collations,
    pg_catalog.array_agg(i.indoption::pg_catalog.text) as options,
    pg_catalog.array_agg(i.indisunique) as are_unique,
    pg_catalog.array_agg(i.indnullsnotdistinct) as have_one_null,
    pg_catalog.array_agg(i.indisprimary) as are_primary,
    pg_catalog.array_agg(i.indisexclusion) as are_exclusions,
    pg_catalog.array_agg(i.indimmediate) as are_immediate,
    pg_catalog.array_agg(i.indisvalid) as are_valid,
    pg_catalog.array_agg(i.indisready) as are_ready,
    pg_catalog.array_agg(i.indisreplident) as are_replica_identities,
    pg_catalog.array_agg(i.indisclustered) as are_clustered,
    pg_catalog.array_agg(
        case
            when c.relispartition
                then (
                    select h.inhparent
                    from pg_catalog.pg_inherits as h
                    where h.inhrelid = i.indexrelid
                )
            else 0
        end
    ) as parents,
    pg_catalog.array_agg(i.indexprs::pg_catalog.text) as expressions,
    pg_catalog.array_agg(i.indpred::pg_catalog.text) as predicates,
    pg_catalog.array_agg(pg_catalog.array_to_json(c.reloptions)::pg_catalog.text) as storages,
    pg_catalog.array_agg(
        case
            when c.relam not in (403, 405)
                then pg_catalog.array_to_json(array(
                    select a.attoptions::pg_catalog.text
                    from pg_catalog.pg_attribute as a
                    where a.attrelid = i.indexrelid and a.attoptions is not null
                    order by a.attnum
                ))::pg_catalog.text
        end
    ) as class_options
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as m on m.oid = c.relam
where
    i.indrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and i.indislive
