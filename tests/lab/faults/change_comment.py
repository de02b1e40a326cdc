"""The comment on a table or on a column says something else."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "change comment",
    "CHANGED_DEFINITION",
    """
    select t.nspname, t.relname, t.relname, pg_catalog.format('comment on table %%s is %%L', t.named, %(word)s::text)
    from own_table as t
    union all
    select t.nspname, t.relname, a.attname,
      pg_catalog.format('comment on column %%s.%%I is %%L', t.named, a.attname, %(word)s::text)
    from pg_catalog.pg_attribute as a
    join own_table as t on t.oid = a.attrelid
    where a.attnum > 0 and not a.attisdropped and a.attinhcount = 0
    """,
)
