"""Somebody gets a right on a table, on a column or on all of it."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "grant",
    "CHANGED_DEFINITION",
    """
    select t.nspname, t.relname, t.relname,
      pg_catalog.format('grant select, update on %%s to %%I', t.named, %(role)s::text)
    from own_table as t
    union all
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('grant select (%%I) on %%s to %%I', a.attname, t.named, %(role)s::text)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.attnum = 1 and not a.attisdropped and a.attinhcount = 0
    """,
)
