"""A comment is taken away."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "remove comment",
    "CHANGED_DEFINITION",
    """
    select t.nspname, t.relname, coalesce(a.attname, t.relname),
      case when a.attname is null then pg_catalog.format('comment on table %%s is null', t.named)
        else pg_catalog.format('comment on column %%s.%%I is null', t.named, a.attname) end
    from pg_catalog.pg_description as d
    join own_table as t on t.oid = d.objoid
    left join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = d.objsubid and d.objsubid > 0
    where d.classoid = 'pg_catalog.pg_class'::regclass
    """,
)
