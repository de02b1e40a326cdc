-- The live columns. They are by far the most: names and types are each one run of bytes, parted by zero bytes, which no
-- name holds; `numbers` has a record of 22 bytes for each column, in network order. Defaults are in defaults.sql.
select
    pg_catalog.string_agg(pg_catalog.namesend(a.attname), '\x00'::pg_catalog.bytea) as names,
    pg_catalog.string_agg(
        pg_catalog.textsend(pg_catalog.format_type(a.atttypid, a.atttypmod)), '\x00'::pg_catalog.bytea
    ) as types,
    pg_catalog.string_agg(
        pg_catalog.oidsend(a.attrelid)
        || pg_catalog.int2send(a.attnum)
        || pg_catalog.oidsend(a.atttypid)
        || pg_catalog.int4send(a.atttypmod)
        || pg_catalog.oidsend(a.attcollation)
        || pg_catalog.boolsend(a.attnotnull)
        || pg_catalog.boolsend(a.attinhcount > 0)
        || pg_catalog.charsend(a.attidentity)
        || pg_catalog.charsend(a.attgenerated),
        ''::pg_catalog.bytea
    ) as numbers
from pg_catalog.pg_attribute as a
where
    a.attrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
    and a.attnum > 0
    and not a.attisdropped
