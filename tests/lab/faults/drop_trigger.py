"""A trigger is dropped."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop trigger",
    "MISSING_OBJECT",
    """
    select t.nspname, t.relname, g.tgname, pg_catalog.format('drop trigger %%I on %%s', g.tgname, t.named)
    from pg_catalog.pg_trigger as g
    join own_table as t on t.oid = g.tgrelid
    where not g.tgisinternal and g.tgparentid = 0
    """,
)
