"""A constraint gets another name."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "rename constraint",
    "CHANGED_DEFINITION MISSING_CONSTRAINT",
    """
    select t.nspname, t.relname, c.conname,
      pg_catalog.format('alter table %%s rename constraint %%I to %%I', t.named, c.conname, %(word)s::text)
    from pg_catalog.pg_constraint as c
    join own_table as t on t.oid = c.conrelid
    where c.contype in ('p', 'u', 'x', 'f', 'c') and c.conparentid = 0 and c.conislocal
    """,
)
