-- The live columns. They are by far the most, and many are of one type: so they are told type by type. Of each, `names`
-- is one run of bytes, parted by zero bytes, which no name holds; beside it `numbers` has 8 bytes for each column, in
-- network order: the table, the attribute number, the identity's letter (with 128: it is NOT NULL), the letter of what is
-- generated (with 128: it is inherited). Defaults are in defaults.sql.
select
    pg_catalog.array_agg(g.type) as types,
    pg_catalog.array_agg(g.modifier) as modifiers,
    pg_catalog.array_agg(g.collation) as collations,
    pg_catalog.array_agg(pg_catalog.format_type(g.type, g.modifier)) as type_names,
    pg_catalog.array_agg(g.names) as names,
    pg_catalog.array_agg(g.numbers) as numbers
from (
    select
        a.atttypid as type,
        a.atttypmod as modifier,
        a.attcollation as collation,
        pg_catalog.string_agg(pg_catalog.namesend(a.attname), '\x00'::pg_catalog.bytea) as names,
        pg_catalog.string_agg(
            pg_catalog.int8send(
                (a.attrelid::pg_catalog.int8 << 32)
                | (a.attnum::pg_catalog.int4 << 16)
                | (a.attidentity::pg_catalog.int4 << 8)
                | a.attgenerated::pg_catalog.int4
                | case when a.attnotnull then 32768 else 0 end
                | case when a.attinhcount > 0 then 128 else 0 end
            ),
            ''::pg_catalog.bytea
        ) as numbers
    from pg_catalog.pg_attribute as a
    where
        a.attrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
        and a.attnum > 0
        and not a.attisdropped
    group by a.atttypid, a.atttypmod, a.attcollation
) as g
