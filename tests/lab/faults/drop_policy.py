"""A policy is dropped."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop policy",
    "MISSING_OBJECT",
    """
    select t.nspname, t.relname, p.polname, pg_catalog.format('drop policy %%I on %%s', p.polname, t.named)
    from pg_catalog.pg_policy as p
    join own_table as t on t.oid = p.polrelid
    """,
)
