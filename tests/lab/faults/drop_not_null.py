"""A column may be NULL."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop not null",
    "CHANGED_NULLABILITY",
    """
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('alter table %%s alter column %%I drop not null', t.named, a.attname)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.attnotnull and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and not t.relispartition
    """,
)
