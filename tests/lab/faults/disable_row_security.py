"""Row security is disabled."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "disable row security",
    "DISABLED_ROW_SECURITY",
    """
    select t.nspname, t.relname, t.relname, pg_catalog.format('alter table %%s disable row level security', t.named)
    from own_table as t
    where t.relrowsecurity
    """,
)
