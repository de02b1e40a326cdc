"""A primary key, a unique or an exclusion constraint is dropped, as far as no foreign key stands on it."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop unique",
    "MISSING_CONSTRAINT",
    """
    select t.nspname, t.relname, c.conname, pg_catalog.format('alter table %%s drop constraint %%I', t.named, c.conname)
    from pg_catalog.pg_constraint as c
    join own_table as t on t.oid = c.conrelid
    where c.contype in ('p', 'u', 'x') and c.conparentid = 0
    """,
)
