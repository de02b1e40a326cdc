"""A bigint becomes an integer that every value fits in."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "bigint to int",
    "CHANGED_TYPE",
    """
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('alter table %%s alter column %%I type integer', t.named, a.attname)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.atttypid = 'int8'::regtype and a.attnum > 0 and not a.attisdropped
      and a.attinhcount = 0 and a.attgenerated = ''
    """,
)
