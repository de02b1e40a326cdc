"""A column loses its default."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop default",
    "CHANGED_DEFAULT",
    """
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('alter table %%s alter column %%I drop default', t.named, a.attname)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.atthasdef and a.attgenerated = '' and a.attinhcount = 0 and not a.attisdropped
    """,
)
