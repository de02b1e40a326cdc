"""A text becomes a varchar that every value fits in."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "text to varchar",
    "CHANGED_TYPE",
    """
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('alter table %%s alter column %%I type varchar(400)', t.named, a.attname)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.atttypid = 'text'::regtype and a.attnum > 0 and not a.attisdropped
      and a.attinhcount = 0 and a.attgenerated = ''
    """,
)
