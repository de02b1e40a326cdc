"""A table, or a view, belongs to somebody else."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "change owner",
    "CHANGED_DEFINITION",
    """
    select n.nspname, c.relname, c.relname,
      pg_catalog.format('alter %%s %%I.%%I owner to %%I',
        case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
        n.nspname, c.relname, %(role)s::text)
    from pg_catalog.pg_class as c
    join own_schema as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm')
      and not exists (select from members where classid = 'pg_catalog.pg_class'::regclass and objid = c.oid)
    """,
)
