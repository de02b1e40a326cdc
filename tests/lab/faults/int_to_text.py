"""A whole number becomes text; a foreign key that forbids it is dropped with the same statement."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "int to text",
    "CHANGED_TYPE",
    """
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('alter table %%s %%salter column %%I type text', t.named, coalesce((
        select pg_catalog.string_agg(pg_catalog.format('drop constraint %%I, ', c.conname), '' order by c.conname)
        from pg_catalog.pg_constraint as c
        where c.contype = 'f' and c.conrelid = t.oid and a.attnum = any(c.conkey) and c.conparentid = 0
      ), ''), a.attname)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) and a.attnum > 0 and not a.attisdropped
      and a.attinhcount = 0 and a.attgenerated = ''
      and a.attidentity = ''
    """,
)
