"""A concurrent drop of an index gives up half-way, behind somebody's open transaction."""

from __future__ import annotations

from .kind import fault_kind

KIND = fault_kind(
    "leave index invalid",
    "INVALID_INDEX",
    """
    select t.nspname, t.relname, c.relname, pg_catalog.format('drop index concurrently %%I.%%I', t.nspname, c.relname)
    from pg_catalog.pg_index as i
    join own_table as t on t.oid = i.indrelid
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    where c.relkind = 'i' and not c.relispartition and i.indisvalid
      and not exists (select from pg_catalog.pg_constraint where conindid = i.indexrelid)
    """,
    blocked=True,
)
