"""A table gets another name."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "rename table",
    "CHANGED_DEFINITION",
    """
    select t.nspname, t.relname, t.relname, pg_catalog.format('alter table %%s rename to %%I', t.named, %(word)s::text)
    from own_table as t
    """,
)
