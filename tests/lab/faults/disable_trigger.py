"""A trigger is disabled."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "disable trigger",
    "DISABLED_TRIGGER",
    """
    select t.nspname, t.relname, g.tgname,
      pg_catalog.format('alter table %%s disable trigger %%I', t.named, g.tgname)
    from pg_catalog.pg_trigger as g
    join own_table as t on t.oid = g.tgrelid
    where not g.tgisinternal and g.tgparentid = 0 and g.tgenabled <> 'D'
    """,
)
