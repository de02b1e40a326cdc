"""A view on which nothing stands is dropped."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "drop view",
    "MISSING_OBJECT",
    """
    select n.nspname, c.relname, c.relname,
      pg_catalog.format('drop %%s %%I.%%I', case c.relkind when 'm' then 'materialized view' else 'view' end,
        n.nspname, c.relname)
    from pg_catalog.pg_class as c
    join own_schema as n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm')
      and not exists (select from members where classid = 'pg_catalog.pg_class'::regclass and objid = c.oid)
    """,
)
