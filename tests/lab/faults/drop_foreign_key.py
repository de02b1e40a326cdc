"""A foreign key is dropped."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop foreign key",
    "MISSING_CONSTRAINT MISSING_FOREIGN_KEY",
    """
    select t.nspname, t.relname, c.conname, pg_catalog.format('alter table %%s drop constraint %%I', t.named, c.conname)
    from pg_catalog.pg_constraint as c
    join own_table as t on t.oid = c.conrelid
    where c.contype = 'f' and c.conparentid = 0
    """,
)
