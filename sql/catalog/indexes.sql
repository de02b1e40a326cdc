-- The indexes. What an index says without a name or an OID of its own is one text, parted by bars, of which few differ:
-- `terms`. What few indexes have is told of those, as JSON: the OID, the partitioned index, expressions, predicate, storage
-- options, options of operator classes. B-trees (403) and hashes (405) know none of the last.
select
    pg_catalog.array_agg(i.indrelid) as tables,
    pg_catalog.array_agg(i.indexrelid) as oids,
    pg_catalog.array_agg(c.relname) as names,
    pg_catalog.array_agg(pg_catalog.concat_ws(
        '|',
        c.relam,
        i.indnkeyatts,
        i.indkey,
        i.indclass,
        i.indcollation,
        i.indoption,
        i.indisunique,
        i.indnullsnotdistinct,
        i.indisprimary,
        i.indisexclusion,
        i.indimmediate,
        i.indisvalid,
        i.indisready,
        i.indisreplident,
        i.indisclustered
    )) as terms,
    pg_catalog.array_agg(pg_catalog.json_build_array(
        i.indexrelid,
        (
            select h.inhparent
            from pg_catalog.pg_inherits as h
            where h.inhrelid = i.indexrelid and c.relispartition
        ),
        i.indexprs::pg_catalog.text,
        i.indpred::pg_catalog.text,
        c.reloptions,
        case
            when c.relam not in (403, 405)
                then array(
                    select a.attoptions::pg_catalog.text
                    from pg_catalog.pg_attribute as a
                    where a.attrelid = i.indexrelid and a.attoptions is not null
                    order by a.attnum
                )
        end
    )::pg_catalog.text) filter (
        where
        c.relispartition
        or i.indexprs is not null
        or i.indpred is not null
        or c.reloptions is not null
        or c.relam not in (403, 405)
    ) as rarities
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
where
    i.indrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and i.indislive
