-- Whom a table inherits from or is a partition of, in the order in which it was said.
select
    pg_catalog.array_agg(h.inhrelid order by h.inhseqno) as tables,
    pg_catalog.array_agg(h.inhparent order by h.inhseqno) as parents
from pg_catalog.pg_inherits as h
where h.inhrelid = any((select w.oids from wanted as w)::pg_catalog.oid[])
