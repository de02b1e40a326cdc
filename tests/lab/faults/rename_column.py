"""A column gets another name."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "rename column",
    "CHANGED_DEFINITION",
    """
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('alter table %%s rename column %%I to %%I', t.named, a.attname, %(word)s::text)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.attnum > 0 and not a.attisdropped and a.attinhcount = 0
    """,
)
